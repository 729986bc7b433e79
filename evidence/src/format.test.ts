import { refusal, World } from '../test/world.js';
import { readBasis, type Json } from './format.js';

const read = (world: World): Promise<string> => refusal(() => readBasis(world.file as unknown as Json));
type Fields = Record<string, unknown>;
/** The sample with another value at a place, which is written as `canisters.access.log.3`. */
function withAt(place: string, value: unknown): World {
  const world = new World();
  const names = place.split('.');
  const last = names.pop()!;
  const inner = names.reduce((outer, name) => outer[name] as Fields, world.file as unknown as Fields);
  inner[last] = value;
  return world;
}

describe('a file', () => {
  it('of the sample’s form is read, with an account that is not looked at yet', async () => {
    const world = new World();
    expect(readBasis(world.file as unknown as Json)).toBe(world.file);
    Object.assign(world.file, { more: 1 });
    expect(await read(world)).toBe('holds');
  });

  it.each(['null', '5', '"x"', '[]', 'true'])('that is %s is none', async (text) =>
    expect(await refusal(() => readBasis(JSON.parse(text) as Json))).toMatch(/^wrongShape: \$: it must be an object/),
  );

  const path = 'canisters.access';
  it.each<[string, unknown, string]>([
    ['type', 'livepod.evidence/v2', 'wrongShape: type: '],
    ['type', 'xlivepod.evidence/v1', 'wrongShape: type: '],
    ['type', 'livepod.evidence/v1x', 'wrongShape: type: '],
    ['type', undefined, 'missing: type: '],
    ['round', 'Round-2', 'wrongShape: round: '],
    ['round', '-round', 'wrongShape: round: '],
    ['round', 'r'.repeat(25), 'wrongShape: round: '],
    ['round', '', 'wrongShape: round: '],
    ['rootKey', '0'.repeat(265), 'wrongShape: rootKey: '],
    ['rootKey', '0'.repeat(267), 'wrongShape: rootKey: '],
    ['canisters', {}, 'missing: canisters.governance: '],
    ['canisters.other', 1, 'wrongShape: canisters.other: there is no such field'],
    [`${path}.id`, 'Abc', `wrongShape: ${path}.id: `],
    [`${path}.id`, 'abcdef', `wrongShape: ${path}.id: `],
    [`${path}.id`, 'aaaaa-', `wrongShape: ${path}.id: `],
    [`${path}.id`, 'aaaaa-bbbbbb', `wrongShape: ${path}.id: `],
    [`${path}.id`, ' aaaaa', `wrongShape: ${path}.id: `],
    [`${path}.id`, 5, `wrongShape: ${path}.id: `],
    [`${path}.start`, undefined, `missing: ${path}.start: `],
    [`${path}.start`, {}, `missing: ${path}.start.certificate: `],
    [`${path}.log`, {}, `wrongShape: ${path}.log: it must be a list`],
    [`${path}.log.3`, null, `wrongShape: ${path}.log\\[3\\]: it must be an object`],
    [`${path}.log.3.index`, -1, `wrongShape: ${path}.log\\[3\\].index: `],
    [`${path}.log.3.index`, '3', `wrongShape: ${path}.log\\[3\\].index: `],
    [`${path}.log.3.at`, '01', `wrongShape: ${path}.log\\[3\\].at: `],
    [`${path}.log.3.at`, '1'.repeat(21), `wrongShape: ${path}.log\\[3\\].at: `],
    [`${path}.log.3.at`, 5, `wrongShape: ${path}.log\\[3\\].at: `],
    [`${path}.log.3.at`, '-1', `wrongShape: ${path}.log\\[3\\].at: `],
    [`${path}.log.3.at`, '1.5', `wrongShape: ${path}.log\\[3\\].at: `],
    [`${path}.log.3.event`, [], `wrongShape: ${path}.log\\[3\\].event: `],
    [`${path}.log.3.hash`, 'A'.repeat(64), `wrongShape: ${path}.log\\[3\\].hash: `],
    [`${path}.log.3.hash`, '0'.repeat(63), `wrongShape: ${path}.log\\[3\\].hash: `],
    [`${path}.log.3.hash`, '0'.repeat(65), `wrongShape: ${path}.log\\[3\\].hash: `],
    [`${path}.log.3.note`, 1, `wrongShape: ${path}.log\\[3\\].note: there is no such field`],
    [`${path}.tip.witness`, 'abc', `wrongShape: ${path}.tip.witness: `],
    [`${path}.tip.witness`, 'zz', `wrongShape: ${path}.tip.witness: `],
    [`${path}.tip.witness`, 'aax', `wrongShape: ${path}.tip.witness: `],
    [`${path}.code.controllers`, ['A'], `wrongShape: ${path}.code.controllers\\[0\\]: `],
    [`${path}.code.moduleHash`, undefined, `missing: ${path}.code.moduleHash: `],
    ['documents.datasets.2.id', 'sha256:0', 'wrongShape: documents.datasets\\[2\\].id: '],
    ['documents.datasets.2.id', `xsha256:${'0'.repeat(64)}`, 'wrongShape: documents.datasets\\[2\\].id: '],
    ['documents.datasets.2.id', `sha256:${'0'.repeat(65)}`, 'wrongShape: documents.datasets\\[2\\].id: '],
    ['documents.datasets.2.signature', '0'.repeat(127), 'wrongShape: documents.datasets\\[2\\].signature: '],
    ['documents.datasets.2.signature', '0'.repeat(129), 'wrongShape: documents.datasets\\[2\\].signature: '],
    ['documents.recipes.0.signature', '0'.repeat(128), 'wrongShape: documents.recipes\\[0\\].signature: there is no'],
    ['documents.proposals.0.rendering', 5, 'wrongShape: documents.proposals\\[0\\].rendering: it must be text'],
    ['documents.evaluations', undefined, 'missing: documents.evaluations: '],
    ['documents', null, 'wrongShape: documents: it must be an object'],
  ])('whose %s is %j is refused there', async (place, value, why) => {
    expect(await read(withAt(place, value))).toMatch(new RegExp(`^${why}`));
  });

  it.each<[string, unknown]>([
    ['round', 'r'.repeat(24)],
    ['round', '0'],
    ['canisters.access.log.3.index', 0],
    ['canisters.access.log.3.at', '0'],
    ['canisters.access.log.3.at', '1'.repeat(20)],
    ['canisters.access.tip.witness', ''],
    ['canisters.access.id', 'a-bbbbb-c'],
    ['canisters.access.code.controllers', []],
  ])('whose %s is %j has that form', async (place, value) => {
    expect(await read(withAt(place, value))).toBe('holds');
  });
});
