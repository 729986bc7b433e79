import { readFileSync } from 'node:fs';
import {
  canonicalJson,
  contractOf,
  hex,
  MAX_CHECKPOINT_BYTES,
  MAX_DATASET_CHUNKS,
  MAX_MANIFEST_BYTES,
  MAX_RECIPE_BYTES,
  merkleRoot,
  parseApproval,
  parseChannel,
  parseCheckpointManifest,
  parseDatasetManifest,
  parseEvaluation,
  parseRecipe,
  ranBy,
  readDatasetSchema,
  unhex,
  type RecipeInput,
} from '../index.js';
import type { Mutants } from '../../vectors/mutants.js';
import { atMost, either, literal, nameTwice, text } from './shape.js';

const { bases } = JSON.parse(readFileSync(new URL('../../vectors/mutants.json', import.meta.url), 'utf8')) as Mutants;
/** A valid document of a type, such as `dataset/v1`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const valid = (type: string): any =>
  JSON.parse(bases.find(({ document }) => document.includes(`"livepod.${type}"`))!.document);
const refused = (field: string) => expect.objectContaining({ code: 'invalidManifest', details: { field } });
const id = (digit: string): string => `sha256:${digit.repeat(64)}`;

interface File {
  name: string;
  bytes: number;
  chunks: { sha256: string; bytes: number }[];
  merkleRoot: string;
}
const rootOf = (chunks: File['chunks']): string => hex(merkleRoot(chunks.map(({ sha256 }) => unhex(sha256))));
const file = (name: string, bytes: number, chunks: number[]): File => {
  const listed = chunks.map((each, at) => ({ sha256: String(at).padStart(64, '0'), bytes: each }));
  return { name, bytes, chunks: listed, merkleRoot: rootOf(listed) };
};
/** A dataset of these files, its root the root of theirs. */
const datasetOf = (files: File[]): Uint8Array =>
  canonicalJson({ ...valid('dataset/v1'), files, merkleRoot: rootOf(files.flatMap(({ chunks }) => chunks)) });

describe('a dataset', () => {
  it.each<[string, File[]]>([
    ['one empty file', [file('a', 0, [16])]],
    ['a chunk that is full', [file('a', 960_000, [960_016])]],
    ['one more byte', [file('a', 960_001, [960_016, 17])]],
    ['two names', [file('a', 1, [17]), file('b', 1, [17])]],
  ])('may have %s', (_, files) => expect(parseDatasetManifest(datasetOf(files)).files).toEqual(files));

  it('has at most 4,096 chunks in all its files, which are counted before any is hashed', () => {
    const full = { ...file('a', 0, [16]), bytes: 1 };
    const read = (chunks: number) =>
      parseDatasetManifest(
        canonicalJson({
          ...valid('dataset/v1'),
          files: [full, { ...full, name: 'b', chunks: new Array(chunks).fill(full.chunks[0]) }],
        }),
      );
    expect(() => read(MAX_DATASET_CHUNKS - 1)).toThrow(refused('dataset.files[0].bytes'));
    expect(() => read(MAX_DATASET_CHUNKS)).toThrow(refused('dataset.files'));
  });

  it.each<[string, File[], string]>([
    ['a file without its empty chunk', [file('a', 0, [])], 'dataset.files[0].chunks'],
    ['an empty file with a chunk more', [file('a', 0, [16, 16])], 'dataset.files[0].chunks'],
    ['a chunk more than its bytes need', [file('a', 10, [20, 22])], 'dataset.files[0].chunks'],
    ['a chunk less than its bytes need', [file('a', 960_001, [960_017])], 'dataset.files[0].chunks'],
    ['fewer bytes than its chunks', [file('a', 9, [26])], 'dataset.files[0].bytes'],
    ['more bytes than its chunks', [file('b', 0, [16]), file('a', 11, [26])], 'dataset.files[1].bytes'],
    ['a first chunk that is not full', [file('a', 960_001, [960_015, 18])], 'dataset.files[0].chunks[0].bytes'],
    ['a chunk without its tag', [file('a', 0, [15])], 'dataset.files[0].chunks[0].bytes'],
    ['one name for two files', [file('a', 0, [16]), file('a', 1, [17])], 'dataset.files'],
    ['one name but for capitals', [file('a', 0, [16]), file('A', 1, [17])], 'dataset.files'],
    ['another root of a file', [{ ...file('a', 0, [16]), merkleRoot: '0'.repeat(64) }], 'dataset.files[0].merkleRoot'],
  ])('cannot have %s', (_, files, field) =>
    expect(() => parseDatasetManifest(datasetOf(files))).toThrow(refused(field)),
  );

  it.each<[string, object, string]>([
    ['another root', { merkleRoot: '0'.repeat(64) }, 'dataset.merkleRoot'],
    ['somebody else’s key', { contributor: '2vxsx-fae' }, 'dataset.contributor'],
    [
      'shares of less than the whole',
      { licence: { ...valid('dataset/v1').licence, splits: [{ account: '2vxsx-fae', basisPoints: 9_999 }] } },
      'dataset.licence.splits',
    ],
    ['the place of another dataset', { salt: '0'.repeat(32), ...storageOf('dataset/v2') }, 'dataset.storage.prefix'],
  ])('cannot name %s', (_, change, field) =>
    expect(() => parseDatasetManifest(canonicalJson({ ...valid('dataset/v1'), ...change }))).toThrow(refused(field)),
  );

  it('has a schema that a person may write in any order', () => {
    const { schema } = valid('dataset/v2');
    const reversed = Object.fromEntries(Object.entries(schema as object).toReversed());
    expect(readDatasetSchema(reversed)).toEqual(schema);
    expect(() => readDatasetSchema({ ...schema, rate: 1 })).toThrow(refused('schema.rate'));
    expect(() => readDatasetSchema([schema])).toThrow(refused('schema'));
  });
});

function storageOf(type: string): object {
  const { storage } = valid(type);
  return { storage };
}

describe('a document over its limit is not read at all', () => {
  it.each<[string, (bytes: Uint8Array) => unknown, number]>([
    ['dataset', parseDatasetManifest, MAX_MANIFEST_BYTES],
    ['checkpoint', parseCheckpointManifest, MAX_MANIFEST_BYTES],
    ['evaluation', parseEvaluation, MAX_MANIFEST_BYTES],
    ['channel', parseChannel, MAX_MANIFEST_BYTES],
    ['recipe', parseRecipe, MAX_RECIPE_BYTES],
    ['approval', parseApproval, 160 * 1024],
  ])('%s', (document, parse, limit) => {
    expect(() => parse(new Uint8Array(limit))).toThrow(expect.objectContaining({ code: 'notCanonical' }));
    expect(() => parse(new Uint8Array(limit + 1))).toThrow(
      expect.objectContaining({ code: 'tooLong', details: { document, bytes: limit + 1 } }),
    );
  });
});

describe('a checkpoint', () => {
  const [one] = valid('checkpoint/v1').files as [File];
  const sized = (name: string, bytes: number) => {
    const chunks = Array.from({ length: Math.ceil(bytes / 1e6) }, (_, at) => ({
      ...one.chunks[0]!,
      bytes: Math.min(1e6, bytes - at * 1e6),
    }));
    return { name, bytes, sha256: '0'.repeat(64), chunks };
  };
  const read = (change: object, type = 'checkpoint/v1') =>
    parseCheckpointManifest(canonicalJson({ ...valid(type), ...change }));

  it('has at most 64 MiB in all, however they are cut into files', () => {
    const half = MAX_CHECKPOINT_BYTES / 2;
    expect(read({ files: [sized('a', half), sized('b', half)] }).files).toHaveLength(2);
    expect(() => read({ files: [sized('a', half), sized('b', half + 1)] })).toThrow(refused('checkpoint.files'));
    expect(() => read({ files: [sized('a', MAX_CHECKPOINT_BYTES + 1)] })).toThrow(refused('checkpoint.files[0].bytes'));
  });

  it('has no two files that are one on some disks, and each as long as its chunks', () => {
    expect(() => read({ files: [sized('a', 1), sized('A', 1)] })).toThrow(refused('checkpoint.files'));
    expect(() => read({ files: [sized('a', 1), { ...sized('b', 2), bytes: 3 }] })).toThrow(
      refused('checkpoint.files[1].bytes'),
    );
  });

  it('takes as many samples as its window has, of as many channels as it names', () => {
    const { input } = valid('checkpoint/v2');
    const [tensor] = input.tensors;
    expect(read({}, 'checkpoint/v2').input).toEqual(input);
    for (const shape of [[29, 1], [31, 1], [30, 2], [30], [30, 1, 1], [1, 30], [301]])
      expect(() => read({ input: { ...input, tensors: [tensor, { ...tensor, shape }] } }, 'checkpoint/v2')).toThrow(
        refused('checkpoint.input.tensors[1].shape'),
      );
  });

  it('of the first version is read as classification of windows that overlap by half', () => {
    const { type: _, runtime, ...rest } = valid('checkpoint/v1');
    expect(read({})).toEqual({
      ...rest,
      task: { kind: 'classification', labels: ['WALKING', 'STILL'] },
      input: {
        modality: 'motion',
        rateMilliHz: null,
        window: { before: 0, judged: 100, after: 0, step: 50 },
        tensors: [{ name: null, type: 'float32', shape: [100, 6], channels: null }],
      },
      runtime: { format: 'onnx', opset: 17, outputs: [{ name: null, type: 'float32', shape: [2] }] },
    });
    for (const [judged, step] of [
      [1, 1],
      [3, 1],
      [5, 2],
    ])
      expect(read({ runtime: { ...runtime, input: [judged, 6] } }).input.window).toMatchObject({ judged, step });
    expect(Object.keys(read({}, 'checkpoint/v2'))).not.toContain('type');
  });

  it('runs by its model, task, input and runtime, and by nothing else that it says', () => {
    const ran = (change: object, type = 'checkpoint/v2') => ranBy(canonicalJson({ ...valid(type), ...change }));
    const same = ran({});
    for (const change of [{ seed: 8 }, { job: 2 }, { metrics: { a: '1' } }]) expect(ran(change)).toBe(same);
    const { input, runtime, files, task } = valid('checkpoint/v2');
    const others = [
      { input: { ...input, rateMilliHz: 2000 } },
      { runtime: { ...runtime, opset: 18 } },
      { task: { ...task, kind: 'other' } },
      { files: [{ ...files[0], sha256: '0'.repeat(64) }] },
      { files: [{ ...files[0], name: 'other.onnx' }] },
    ].map((change) => ran(change));
    expect(new Set([same, ...others]).size).toBe(6);
    expect(ran({ files: [{ ...files[0], name: 'notes.txt', sha256: '1'.repeat(64) }, ...files] })).toBe(same);
    expect(ran({}, 'checkpoint/v1')).toMatch(/^sha256:/);
  });
});

describe('a recipe', () => {
  const read = (range: object) =>
    parseRecipe(canonicalJson({ ...valid('recipe/v1'), hyperparameters: { rate: range } })).hyperparameters;
  const wrong = refused('recipe.hyperparameters.rate');
  it.each<[string, unknown, unknown, unknown, boolean]>([
    ['integer', 1, 1, 1, true],
    ['integer', 1, 9, 9, true],
    ['integer', 1, 9, 0, false],
    ['integer', 1, 9, 10, false],
    ['integer', 9, 1, 5, false],
    ['decimal', '0.1', '0.3', '0.1', true],
    ['decimal', '0.1', '0.30', '0.3', true],
    ['decimal', '9', '10', '9.5', true],
    ['decimal', '-2', '-1', '-1.5', true],
    ['decimal', '-1', '-2', '-1.5', false],
    ['decimal', '0.1', '0.3', '0.09', false],
    ['decimal', '0.1', '0.3', '0.3000000000000000000001', false],
  ])('has %s ranges with their default within: %j to %j, %j', (kind, min, max, usual, sound) => {
    const range = { kind, min, max, default: usual };
    if (sound) expect(read(range)).toEqual({ rate: range });
    else expect(() => read(range)).toThrow(wrong);
  });

  it('of the first version says no task and no input, and of the second both', () => {
    expect(parseRecipe(canonicalJson(valid('recipe/v1')))).toMatchObject({ task: null, input: null });
    const { task, input } = valid('recipe/v2');
    expect(parseRecipe(canonicalJson(valid('recipe/v2')))).toMatchObject({ task, input });
    for (const type of ['recipe/v1', 'recipe/v2'])
      expect(Object.keys(parseRecipe(canonicalJson(valid(type))))).not.toContain('type');
  });

  const schema = {
    channels: [
      { name: 'speed', unit: 'm/s' },
      { name: 'heart_rate', unit: 'bpm' },
    ],
    labels: ['A'],
    rateMilliHz: 1000,
  };
  const window = { before: 20, judged: 10, after: 5, step: 10 };
  const inputOf = (channels: string[] | null): RecipeInput => ({
    modality: 'activity',
    window,
    tensors: [{ name: 'activity', type: 'float32', channels }],
  });
  const target = { name: 'heart_rate', unit: 'bpm', tolerance: '15' };

  it('makes of a schema what a checkpoint of it declares', () => {
    expect(contractOf({ task: { kind: 'regression', target }, input: inputOf(['speed']) }, schema)).toEqual({
      task: { kind: 'regression', target },
      input: {
        ...{ modality: 'activity', rateMilliHz: 1000, window },
        tensors: [{ name: 'activity', type: 'float32', shape: [35, 1], channels: [schema.channels[0]] }],
      },
    });
    const all = contractOf({ task: { kind: 'classification' }, input: inputOf(null) }, schema)!;
    expect(all.task).toEqual({ kind: 'classification', labels: ['A'] });
    expect(all.input.tensors).toMatchObject([{ shape: [35, 2], channels: schema.channels }]);
  });

  it('fits no schema that lacks a channel it names, or its target', () => {
    const { channels } = schema;
    expect(contractOf({ task: { kind: 'classification' }, input: inputOf(['speed', 'x']) }, schema)).toBeUndefined();
    const without = { ...schema, channels: channels.slice(0, 1) };
    expect(contractOf({ task: { kind: 'regression', target }, input: inputOf(['speed']) }, without)).toBeUndefined();
    expect(contractOf({ task: { kind: 'classification' }, input: inputOf(['speed']) }, without)).toBeDefined();
  });
});

describe('an approval', () => {
  it('has its datasets in the order of their ids, each once', () => {
    const read = (digits: string[]) =>
      parseApproval(
        canonicalJson({ ...valid('approval/v1'), datasets: digits.map((digit) => ({ id: id(digit), epoch: 0 })) }),
      ).datasets.map((dataset) => dataset.id);
    expect(read(['1', '2', 'a'])).toEqual([id('1'), id('2'), id('a')]);
    expect(() => read(['1', '3', '2'])).toThrow(refused('approval.datasets[2]'));
    expect(() => read(['1', '1'])).toThrow(refused('approval.datasets[1]'));
  });
});

describe('an evaluation', () => {
  const second = valid('evaluation/v2');
  const read = (change: object, type = 'evaluation/v2') =>
    parseEvaluation(canonicalJson({ ...valid(type), ...change }));
  const figure = (name: string, change: object = {}) => ({ name, value: '0.5', unit: null, parent: null, ...change });
  const named = { deciding: { figure: 'a', better: 'higher' }, worstPerson: 'b' };

  it('has a deciding figure and the worst person’s among its figures, of which none stands twice', () => {
    expect(read({ ...named, figures: [figure('a'), figure('b')] })).toMatchObject({
      ...named,
      ran: null,
      vectors: null,
    });
    for (const [field, figures] of [
      ['evaluation.figures', [figure('a'), figure('b'), figure('a', { value: '0.6' })]],
      ['evaluation.deciding.figure', [figure('b')]],
      ['evaluation.worstPerson', [figure('a')]],
      ['evaluation.figures', []],
      ['evaluation.figures', Array.from({ length: 17 }, (_, at) => figure(at === 0 ? 'a' : `b${at}`))],
    ] as const)
      expect(() => read({ ...named, figures })).toThrow(refused(field));
  });

  it('has shares between none and all where a figure has no unit, the parent’s too', () => {
    const of = (change: object) => read({ ...named, figures: [figure('b'), figure('a', change)] }).figures[1];
    for (const share of ['0', '1', '0.999', '1.000'])
      expect(of({ value: share, parent: share })).toMatchObject({ value: share });
    expect(of({ value: '7', unit: 'bpm', parent: '-8' })).toMatchObject({ parent: '-8' });
    for (const share of ['1.001', '-0.001', '2'])
      for (const change of [{ value: share }, { parent: share }])
        expect(() => of(change)).toThrow(refused('evaluation.figures[1]'));
  });

  it('has names of figures that are one word', () => {
    for (const name of ['a', 'macroF1', `a${'B'.repeat(39)}`])
      expect(read({ figures: [...second.figures, figure(name)] }).figures.at(-1)).toMatchObject({ name });
    for (const name of ['', 'A', '1a', 'a b', 'a_b', 'a\n', 'é', `a${'B'.repeat(40)}`])
      expect(() => read({ figures: [...second.figures, figure(name)] })).toThrow(refused('evaluation.figures[3].name'));
  });

  it('of every version is read in the form of the third', () => {
    const { type: _, accuracy, macroF1, worstPerson, parentAccuracy, ...rest } = valid('evaluation/v1');
    const share = (name: string, value: string, parent: string | null = null) => figure(name, { value, parent });
    expect(read({ parentAccuracy: '0.9' }, 'evaluation/v1')).toEqual({
      ...rest,
      task: 'classification',
      figures: [share('accuracy', accuracy, '0.9'), share('macroF1', macroF1), share('worstPerson', worstPerson)],
      deciding: { figure: 'accuracy', better: 'higher' },
      worstPerson: 'worstPerson',
      ran: null,
      vectors: null,
    });
    expect(parentAccuracy).toBeNull();
    const { type: __, ...third } = valid('evaluation/v3');
    expect(read({}, 'evaluation/v3')).toEqual(third);
  });
});

describe('a channel', () => {
  const candidate = { release: 1, checkpoint: id('c'), version: 2, threshold: 'f'.repeat(16) };
  const channel = {
    ...{ type: 'livepod.channel/v1', channel: 'stable', sequence: 0, reason: 'r' },
    ...{ stable: { checkpoint: id('b'), version: 1 }, candidate },
  };
  const read = (change: object) => parseChannel(canonicalJson({ ...channel, ...change }));
  it('names what is stable, and the candidate with those who get it', () => {
    expect(read({})).toEqual(channel);
    expect(read({ stable: null, candidate: null })).toMatchObject({ stable: null, candidate: null });
    for (const version of [1, 0xffff_ffff]) expect(read({ stable: { ...channel.stable, version } })).toBeDefined();
    expect(read({ channel: 'c'.repeat(40), reason: 'r'.repeat(500), sequence: Number.MAX_SAFE_INTEGER })).toBeDefined();
  });
  it.each<[string, object]>([
    ['channel.channel', { channel: 'c'.repeat(41) }],
    ['channel.reason', { reason: 'r'.repeat(501) }],
    ['channel.reason', { reason: '' }],
    ['channel.sequence', { sequence: -1 }],
    ['channel.stable.version', { stable: { ...channel.stable, version: 0 } }],
    ['channel.stable.version', { stable: { ...channel.stable, version: 2 ** 32 } }],
    ['channel.candidate.version', { candidate: { ...candidate, version: 0 } }],
    ['channel.candidate.release', { candidate: { ...candidate, release: -1 } }],
    ['channel.candidate.threshold', { candidate: { ...candidate, threshold: 'F'.repeat(16) } }],
  ])('is refused at %s (%#)', (field, change) => expect(() => read(change)).toThrow(refused(field)));
});

describe('decimals are compared digit by digit', () => {
  it.each([
    ['0', '0', true],
    ['-0', '0', true],
    ['0', '-0', true],
    ['1', '1.0', true],
    ['0.09', '0.1', true],
    ['0.1', '0.09', false],
    ['10', '9', false],
    ['-10', '-9', true],
    ['-9', '-10', false],
    ['-1', '1', true],
    ['1', '-1', false],
    ['1.0000000000000000000001', '1', false],
    ['9'.repeat(24), `1${'0'.repeat(23)}`, false],
  ])('%s is at most %s: %s', (a, b, expected) => expect(atMost(a, b)).toBe(expected));
});

describe('shapes', () => {
  it('find the first name that some disk keeps with another', () => {
    expect(nameTwice(['a', 'b', 'A', 'B'])).toBe('A');
    expect(nameTwice(['a', 'b'])).toBeUndefined();
  });
  it('take the first of two that fits, and refuse by the second', () => {
    const shape = either(literal(1), text(3));
    expect(shape(1, 'a')).toBe(1);
    expect(shape('abc', 'a')).toBe('abc');
    expect(() => shape(2, 'a')).toThrow('a must be text of 1 to 3 characters.');
    expect(() => literal('x')('y', 'a')).toThrow('a must be "x".');
  });
});
