import { readFileSync } from 'node:fs';
import { canonicalJson } from '../index.js';
import { READERS, type Format, type Mutants } from '../../vectors/mutants.js';

const { bases } = JSON.parse(readFileSync(new URL('../../vectors/mutants.json', import.meta.url), 'utf8')) as Mutants;
type Tree = Record<string, unknown>;

/** A valid document of a type, such as `dataset/v1`, with some fields changed: `licence.fee`, `files.0.name`. */
function changed(type: string, changes: Record<string, unknown>): unknown {
  const base = bases.find(({ document }) => document.includes(`"livepod.${type}"`))!;
  const document = JSON.parse(base.document) as Tree;
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const holder = keys.slice(0, -1).reduce((at, key) => at[key] as Tree, document);
    holder[keys.at(-1)!] = value;
  }
  return document;
}
const read = (type: string, document: unknown): unknown =>
  READERS[type.split('/')[0] as Format](canonicalJson(document));
/** The field that a document is refused for. */
function refusedFor(work: () => unknown): string {
  try {
    work();
    return 'nothing';
  } catch (error) {
    const { code, details } = error as { code: string; details: { field: string } };
    return code === 'invalidManifest' ? details.field : code;
  }
}
const text = (length: number): string => 'x'.repeat(length);
const times = (count: number, item: unknown): unknown[] => new Array(count).fill(item);
const entries = (count: number, item: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, item]));
const id = (digit: string): string => `sha256:${digit.repeat(64)}`;
const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `sha256:${String(at).padStart(64, '0')}`);
const safe = Number.MAX_SAFE_INTEGER;
const wrongIds = ['0'.repeat(64), id('A'), id('g'), `${id('0')}0`, `x${id('0')}`, id('0').slice(0, -1), 7, null];
const wrongHex = (digits: number) => ['0'.repeat(digits - 1), '0'.repeat(digits + 1), 'A'.repeat(digits), 7];
const wrongDecimals = ['', '.5', '1.', '01', '1e3', '+1', ' 1', '1 ', '1\n', '--1', 'x', 1, `0.${'1'.repeat(23)}`];
const wrongAmounts = ['', '01', '-1', '1.5', '1 ', ' 1', 'x', '1x', 7, '9'.repeat(31)];
const wrongTimes = ['', '01', '-1', '1.5', 'x', '1x', 'x1', String(2n ** 64n), '1'.repeat(21), 7];
const wrongPrincipals = ['', 'AAAAA-AA', 'aaaaa-ab', 7, null, ['aaaaa-aa']];

type Row = [type: string, path: string, fitting: unknown[], others: unknown[]];
const texts = (type: string, path: string, max: number): Row => [
  type,
  path,
  ['x', text(max)],
  ['', text(max + 1), 7, null, ['x']],
];
const numbers = (type: string, path: string, min: number, max: number): Row => [
  type,
  path,
  [min, max],
  [min > -safe ? min - 1 : '0', max < safe ? max + 1 : '0', String(min), null, [min]],
];

describe('a field is held to its bounds, to the last letter and number', () => {
  it.each<Row>([
    texts('dataset/v1', 'title', 200),
    texts('dataset/v1', 'modality', 40),
    texts('dataset/v1', 'schema.device', 40),
    texts('dataset/v1', 'schema.channels.0.name', 40),
    texts('dataset/v1', 'schema.channels.0.unit', 20),
    texts('dataset/v1', 'schema.labels.0', 40),
    texts('dataset/v1', 'licence.purposes.0', 60),
    ['dataset/v1', 'schema.labels', [times(1, 'a'), times(64, 'a')], [[], times(65, 'a'), 'a']],
    ['dataset/v2', 'schema.labels', [[], times(64, 'a')], [times(65, 'a'), { length: 0 }]],
    ['dataset/v1', 'schema.channels', [times(64, { name: 'a', unit: 'g' })], [[], times(65, { name: 'a', unit: 'g' })]],
    numbers('dataset/v1', 'schema.rateMilliHz', 1, 1_000_000_000),
    ['dataset/v1', 'keyEpoch', [0], [1, -1, '0']],
    ['dataset/v1', 'publicKey', [], wrongHex(88)],
    ['dataset/v1', 'merkleRoot', [], wrongHex(64)],
    ['dataset/v1', 'files.0.merkleRoot', [], wrongHex(64)],
    ['dataset/v1', 'salt', ['f'.repeat(32)], wrongHex(32)],
    ['dataset/v1', 'wrappedKey', ['00', 'ff'.repeat(1024)], ['', '0', '000', 'FF', '00'.repeat(1025), '0g', 7]],
    ['dataset/v1', 'licence.fee', ['0', '9'.repeat(30)], wrongAmounts],
    ['dataset/v1', 'licence.access', ['fee', 'vote'], ['', 'free', 7]],
    ['dataset/v1', 'licence.purposes', [times(16, 'a')], [[], times(17, 'a')]],
    ['dataset/v1', 'licence.providerClasses', [['open'], times(3, 'enclave')], [[], times(4, 'open'), ['any']]],
    numbers('dataset/v1', 'licence.termDays', 1, 36_500),
    ['dataset/v1', 'licence.splits.0.account', ['aaaaa-aa'], wrongPrincipals],
    numbers('dataset/v1', 'statistics.records', 0, safe),
    numbers('dataset/v1', 'statistics.milliseconds', 0, safe),
    ['dataset/v1', 'statistics.labels', [{}, entries(64, 0), entries(1, safe)], [entries(65, 0), [], null, 7]],
    ['dataset/v1', 'storage.bucket', ['2vxsx-fae'], wrongPrincipals.slice(0, 3)],
    ['dataset/v2', 'storage.bucket', ['a', 'a.b-9', text(63)], ['', text(64), 'A', 'a/b', 'a_b', 'a\n', '\na', 7]],
    texts('recipe/v1', 'name', 60),
    texts('recipe/v1', 'version', 20),
    texts('recipe/v1', 'outputs.0', 100),
    texts('recipe/v1', 'purposes.0', 60),
    ['recipe/v1', 'bundle', [id('0')], wrongIds],
    ['recipe/v1', 'outputs', [times(16, 'a')], [[], times(17, 'a')]],
    ['recipe/v1', 'purposes', [times(16, 'a')], [[], times(17, 'a')]],
    numbers('recipe/v1', 'resources.memoryMiB', 1, 2 ** 24),
    numbers('recipe/v1', 'resources.seconds', 1, 2 ** 24),
    ['recipe/v2', 'input.tensors.0.name', ['a', 'A_9', text(40)], ['', 'a b', 'é', 'a\n', '\na', text(41), 7]],
    ['recipe/v2', 'input.tensors.0.type', ['float32'], ['float64', 32]],
    ['recipe/v2', 'input.tensors.0.channels', [null, times(64, 'a')], [[], times(65, 'a'), 'a']],
    numbers('recipe/v2', 'input.window.before', 0, 1_000_000),
    numbers('recipe/v2', 'input.window.judged', 1, 1_000_000),
    numbers('recipe/v2', 'input.window.after', 0, 1_000_000),
    numbers('recipe/v2', 'input.window.step', 1, 1_000_000),
    ['recipe/v2', 'task.target.tolerance', ['0', '-1.50', text(0) + '9'.repeat(24)], wrongDecimals],
    ['approval/v1', 'recipe', [id('f')], wrongIds],
    ['approval/v1', 'base', [null, id('0')], wrongIds.slice(0, -1)],
    ['approval/v1', 'arguments', [{}, entries(64, 1), { a: 1 - 2 ** 53, b: '-0.5' }], [entries(65, 1), [], null]],
    ['approval/v1', 'arguments.epochs', [0, '0', '-1.05', '10.5'], [...wrongDecimals.filter((one) => one !== 1), true]],
    numbers('approval/v1', 'seed', 0, 2 ** 32 - 1),
    numbers('approval/v1', 'datasets.0.epoch', 0, 2 ** 32 - 1),
    [
      'approval/v1',
      'datasets',
      [ids(1000).map((id) => ({ id, epoch: 0 }))],
      [[], ids(1001).map((id) => ({ id, epoch: 0 }))],
    ],
    ['approval/v1', 'privacy', [null], ['', 0, {}]],
    ['approval/v1', 'provider', ['aaaaa-aa'], wrongPrincipals],
    ['approval/v1', 'reward', ['0', '10'], wrongAmounts],
    ['approval/v1', 'deadline', ['0', String(2n ** 64n - 1n)], wrongTimes],
    texts('checkpoint/v1', 'model', 60),
    numbers('checkpoint/v1', 'job', 0, safe),
    numbers('checkpoint/v1', 'seed', 0, 2 ** 32 - 1),
    ['checkpoint/v1', 'datasets', [ids(1000)], [[], ids(1001)]],
    ['checkpoint/v1', 'metrics', [entries(64, '0.5')], [entries(65, '0.5'), entries(1, 1)]],
    ['checkpoint/v1', 'files', [], [[], times(17, {})]],
    ['checkpoint/v1', 'files.0.chunks.0.bytes', [], [0, 1_000_001]],
    ['checkpoint/v1', 'files.0.name', ['a', text(100)], ['', text(101), '..', 'a/b']],
    numbers('checkpoint/v1', 'runtime.opset', 17, 30),
    ['checkpoint/v1', 'runtime.format', ['onnx'], ['ort', '']],
    ['checkpoint/v1', 'runtime.input', [[1], times(8, 1_000_000)], [[], times(9, 1), [0], [1_000_001]]],
    ['checkpoint/v1', 'runtime.labels', [times(64, 'a')], [[], times(65, 'a'), [text(41)]]],
    numbers('checkpoint/v2', 'input.rateMilliHz', 1, 1_000_000_000),
    texts('checkpoint/v2', 'input.modality', 40),
    ['checkpoint/v2', 'runtime.outputs', [times(8, { name: 'a', type: 'float32', shape: [1] })], [[], times(9, {})]],
    ['checkpoint/v2', 'runtime.outputs.0.shape', [times(8, 1_000_000)], [[], times(9, 1), [0], [1_000_001]]],
    numbers('evaluation/v1', 'people', 1, 1_000_000),
    numbers('evaluation/v1', 'windows', 1, safe),
    ['evaluation/v1', 'at', ['0', '18446744073709551615'], wrongTimes],
    ['evaluation/v1', 'accuracy', ['0', '1', '1.000', '-0', '0.5'], [...wrongDecimals, '1.0000001', '-0.1', '2']],
    ['evaluation/v1', 'macroF1', ['0', '1'], ['1.1', '-1']],
    ['evaluation/v1', 'worstPerson', ['0', '1'], ['1.1', '-1']],
    ['evaluation/v1', 'parentAccuracy', [null, '0', '1'], ['1.1', '-1']],
    texts('evaluation/v2', 'task', 40),
    ['evaluation/v2', 'figures.0.unit', ['x', text(20)], ['', text(21), 7]],
    ['evaluation/v2', 'figures.0.value', ['1000000', '-7'], wrongDecimals],
    ['evaluation/v2', 'deciding.better', ['higher', 'lower'], ['', 'equal']],
    ['evaluation/v3', 'vectors.outputs', [times(16, ['1'])], [[], times(17, ['1'])]],
    ['evaluation/v3', 'vectors.outputs.0', [times(64, '-1.5')], [[], times(65, '1')]],
    ['evaluation/v3', 'vectors.seed', ['f'.repeat(64)], wrongHex(64)],
    ['operator/v2', 'workflow', ['a', '**', '~'.repeat(200)], ['', '*', '~'.repeat(201), 'a b', 'é', 'a\n']],
    ['operator/v1', 'workflow', ['*', 'a'.repeat(200)], ['', 'a'.repeat(201), 'a b', 'a\n', '\na']],
    [
      'operator/v2',
      'object',
      ['workflow', 'release/0', 'job/10', `job/${'9'.repeat(16)}`],
      ['', 'xjob/1', 'job/1x', 'job/', 'job/-1', 'workflow/1', `job/${'9'.repeat(17)}`],
    ],
    ['operator/v2', 'state', ['!', '~'.repeat(100)], ['', '~'.repeat(101), 'a b', 'a\n', '\na']],
    ['operator/v2', 'nonce', ['f'.repeat(32)], wrongHex(32)],
    ['operator/v2', 'audience', ['aaaaa-aa'], wrongPrincipals],
    ['operator/v2', 'notBefore', [], wrongTimes],
  ])('%s: %s', (type, path, fitting, others) => {
    const field = `${type.split('/')[0]}.${path.replace(/\.(\d+)/g, '[$1]')}`;
    const refusal = (value: unknown): string => refusedFor(() => read(type, changed(type, { [path]: value })));
    // What a salt or a list of chunks decides besides is another field's to say.
    for (const value of fitting) expect(refusal(value)).not.toContain(field);
    for (const value of others) expect(refusal(value)).toContain(field.replace(/^(dataset.storage).bucket$/, '$1'));
  });

  it.each(bases.map(({ format, document }) => [format, JSON.parse(document) as Tree] as const))(
    'the %s has every field, and no other (%#)',
    (format, document) => {
      for (const field of Object.keys(document)) {
        const { [field]: _, ...rest } = document;
        if (format !== 'canonical') expect(refusedFor(() => read(format, rest))).not.toBe('nothing');
      }
      if (format !== 'canonical')
        expect(refusedFor(() => read(format, { ...document, more: 1 }))).toBe(`${format}.more`);
    },
  );
});
