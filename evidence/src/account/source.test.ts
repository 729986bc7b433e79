import { parseRecipe } from '@livepod/protocol';
import { refusal, World } from '../../test/world.js';
import { Collector, FileSource, placeOfDocument, readDocument, sha256Hex, textHash, type Source } from './source.js';

const KINDS = ['datasets', 'recipes', 'approvals', 'checkpoints', 'evaluations'] as const;
const source = (world: World): FileSource => new FileSource(world.file.documents);
const ask = (from: Source, kind: (typeof KINDS)[number], id: string): Promise<unknown> =>
  ({
    datasets: () => from.dataset(id),
    recipes: () => from.recipe(id),
    approvals: () => from.approval(id, 2),
    checkpoints: () => from.checkpoint(id),
    evaluations: () => from.evaluation(id, 'x'),
  })[kind]();

describe('the documents of a file', () => {
  it.each(KINDS)('are found by their ids among the %s, and missed where they are not', async (kind) => {
    const world = new World();
    const kept = world.file.documents[kind].at(-1)!;
    expect(await ask(source(world), kind, kept.id)).toBe('signature' in kept ? kept : kept.document);
    expect(await refusal(() => ask(source(world), kind, 'x'))).toMatch(
      new RegExp(`^missing: documents.${kind}: .* x is missing`),
    );
  });

  it('are found by their numbers among the proposals', async () => {
    const world = new World();
    expect(await source(world).proposal(20)).toBe(
      world.file.documents.proposals.find(({ proposal }) => proposal === 20),
    );
    expect(await refusal(() => source(world).proposal(99))).toMatch(/^missing: documents.proposals: proposal 99/);
  });

  it('are each asked for, or there for nothing', async () => {
    const world = new World();
    const { documents } = world.file;
    const from = source(world);
    expect(await refusal(() => from.nothingElse())).toMatch(
      /^contradiction: documents.*\[0\]: nothing in this round names it/,
    );
    for (const { proposal } of documents.proposals) await from.proposal(proposal);
    for (const kind of KINDS) for (const { id } of documents[kind]) await ask(from, kind, id);
    expect(await refusal(() => from.nothingElse())).toBe('holds');
  });

  it('are in order, each once', async () => {
    const turned = new World();
    turned.file.documents.datasets.reverse();
    expect(await refusal(() => source(turned))).toMatch(/^wrongShape: documents.datasets\[1\]: /);
    const twice = new World();
    twice.file.documents.recipes.push(twice.file.documents.recipes[0]!);
    expect(await refusal(() => source(twice))).toMatch(/^wrongShape: documents.recipes\[1\]: /);
    const votes = new World();
    votes.file.documents.proposals.reverse();
    expect(await refusal(() => source(votes))).toMatch(/^wrongShape: documents.proposals\[1\]: /);
  });

  it('are the ones of their ids, and of the protocol', async () => {
    const world = new World();
    world.file.documents.approvals[0]!.document['seed'] = 3;
    expect(await refusal(() => source(world))).toMatch(
      /^wrongDocument: documents.approvals\[0\].document: its id is sha256:/,
    );
    world.file.documents.approvals[0]!.document = { type: 5 };
    expect(await refusal(() => source(world))).toMatch(
      /^wrongDocument: documents.approvals\[0\].document: it is no document/,
    );
  });

  it('have places, as errors name them', () => {
    const world = new World();
    const { documents } = world.file;
    source(world);
    expect(placeOfDocument(documents.proposals[3]!)).toBe('documents.proposals[3]');
    expect(placeOfDocument(documents.datasets[2]!)).toBe('documents.datasets[2]');
    expect(placeOfDocument(documents.datasets[2]!.document)).toBe('documents.datasets[2]');
    expect(placeOfDocument({})).toBe('documents');
  });

  it('are read in the shape of their type', async () => {
    const world = new World();
    source(world);
    const [kept] = world.file.documents.approvals;
    expect(await refusal(() => readDocument(kept!.document, parseRecipe))).toMatch(
      /^wrongDocument: documents.approvals\[0\].document: /,
    );
  });
});

describe('what is collected for a file', () => {
  it('is what was asked for, each once and in order', async () => {
    const world = new World();
    const { documents } = world.file;
    const asked: string[] = [];
    const counting = new Proxy(source(world), {
      get:
        (from, name) =>
        (...given: [never]) => {
          asked.push(`${String(name)} ${String(given[0])}`);
          return (from[name as 'dataset'] as (id: never) => unknown).call(from, ...given);
        },
    });
    const collector = new Collector(counting);
    for (const { proposal } of documents.proposals.toReversed()) await collector.proposal(proposal);
    for (const kind of KINDS)
      for (const { id } of documents[kind].toReversed()) {
        await ask(collector, kind, id);
        await ask(collector, kind, id);
      }
    expect(collector.documents()).toEqual(documents);
    expect(new Set(asked).size).toBe(asked.length);
  });
});

it('texts and bytes are hashed as the logs have them', () => {
  expect(textHash('x')).toBe('2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881');
  expect(sha256Hex(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
