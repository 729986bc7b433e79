import { refusal, World } from '../../test/world.js';
import type { JsonObject } from '../format.js';
import { Datasets, type DatasetAccount } from './datasets.js';
import { Proposals, type ProposalAccount } from './proposals.js';

/** The first dataset of the sample, from its signed manifest and the logs. @param votes  proposals known before */
async function drawn(world: World, votes: Partial<ProposalAccount>[] = []): Promise<DatasetAccount> {
  const { facts, file } = world;
  const proposals = new Proposals(facts);
  Object.assign(proposals, { known: new Map(votes.map((one) => [one.proposal, one])) });
  return new Datasets(facts, proposals).get(file.datasets[0]!.dataset);
}
const fields = (world: World): JsonObject => ({ dataset: world.file.datasets[0]!.dataset });
const registered = (world: World) => world.one('datasets', 'registered', fields(world));
const accepted = (world: World) => world.one('datasets', 'accepted', fields(world));
/** The vote on it was lost, as proposal 19. */
function rejected(world: World, proposal = 19): Partial<ProposalAccount> {
  Object.assign(accepted(world).event, { type: 'rejected', proposal });
  return { proposal, outcome: 'rejected', argument: fields(world) };
}

describe('a dataset', () => {
  it('is what its manifest, its registration and the vote on it say', async () => {
    const world = new World();
    expect(await drawn(world)).toEqual(world.file.datasets[0]);
  });

  it('is drawn up once, and listed in order of ids', async () => {
    const world = new World();
    const { facts, file } = world;
    const datasets = new Datasets(facts, new Proposals(facts));
    const ids = file.datasets.slice(0, 3).map(({ dataset }) => dataset);
    for (const id of [ids[1]!, ids[0]!, ids[2]!, ids[1]!]) await datasets.get(id);
    expect(datasets.list().map(({ dataset }) => dataset)).toEqual(ids);
    expect(await datasets.get(ids[0]!)).toBe(datasets.list()[0]);
  });

  it('that is not decided is submitted', async () => {
    const world = new World();
    world.drop('datasets', 'accepted', fields(world));
    expect(await drawn(world)).toMatchObject({ status: 'submitted', decided: null, proposal: null });
  });

  it('that was withdrawn by its contributor says so', async () => {
    const world = new World();
    Object.assign(accepted(world).event, { type: 'withdrawn' });
    expect(await refusal(() => drawn(world))).toMatch(/^contradiction: .*who withdrew the dataset/);
    world.one('datasets', 'withdrawn', fields(world)).caller = registered(world).caller;
    expect(await drawn(world)).toMatchObject({ status: 'withdrawn', proposal: null });
  });

  it('that its owner erased after the vote stays what the vote made of it', async () => {
    const world = new World();
    const caller = registered(world).caller;
    world.add('datasets', { ...accepted(world).event, type: 'withdrawn' }, { caller });
    expect(await drawn(world)).toEqual(world.file.datasets[0]);
  });

  it('that nobody voted on in time is withdrawn, whoever said that it was', async () => {
    const world = new World();
    Object.assign(accepted(world).event, { type: 'lapsed' });
    expect(await drawn(world)).toMatchObject({ status: 'withdrawn', proposal: null });
  });

  it('that was rejected says by which lost vote on it, and no other', async () => {
    const world = new World();
    const vote = rejected(world);
    expect(await drawn(world, [vote])).toMatchObject({ status: 'rejected', proposal: 19 });
    for (const wrong of [{ outcome: 'executed' }, { argument: { dataset: 'x' } }, { argument: null }] as const)
      expect(await refusal(() => drawn(world, [{ ...vote, ...wrong }]))).toMatch(
        /^contradiction: .*without a lost vote/,
      );
  });

  it('may have been rejected in another round, by a vote that is recorded', async () => {
    const world = new World();
    rejected(world, 4);
    expect(await drawn(world)).toMatchObject({ status: 'rejected', proposal: null });
    world.one('datasets', 'rejected', fields(world)).event['proposal'] = 999;
    expect(await refusal(() => drawn(world))).toMatch(/^missing: .*rejected by proposal 999, which nothing records/);
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'that nobody registered',
      (w) => w.drop('datasets', 'registered', fields(w)),
      'missing: .*the registration of dataset',
    ],
    [
      'that somebody else registered',
      (w) => void (registered(w).caller = 'aaaaa-aa'),
      'contradiction: .*who registered the dataset',
    ],
    [
      'that was registered under another uid',
      (w) => void (registered(w).event['uid'] = '00'.repeat(32)),
      'contradiction: .*the uid of the dataset',
    ],
    [
      'that was registered twice',
      (w) => w.add('datasets', { ...registered(w).event }),
      'contradiction: .*a second time',
    ],
    [
      'that was accepted and rejected',
      (w) => w.add('datasets', { ...accepted(w).event, type: 'rejected', proposal: 4 }),
      'contradiction: .*was decided in two ways',
    ],
    [
      'that was accepted and had no vote in time',
      (w) => w.add('datasets', { ...accepted(w).event, type: 'lapsed' }),
      'contradiction: .*was decided in two ways',
    ],
    [
      'that somebody else withdrew after the vote',
      (w) => w.add('datasets', { ...accepted(w).event, type: 'withdrawn' }),
      'contradiction: .*who withdrew the dataset',
    ],
    [
      'that was decided before it was registered',
      (w) => void (accepted(w).at = String(BigInt(registered(w).at) - 1n)),
      'contradiction: .*the decision on dataset',
    ],
    [
      'that no vote accepted',
      (w) => void (accepted(w).at = String(BigInt(accepted(w).at) + 10n ** 15n)),
      'missing: .*no executed proposal',
    ],
    [
      'whose manifest somebody else signed',
      (w) => {
        const [first, second] = w.file.documents.datasets;
        first!.signature = second!.signature;
      },
      'wrongSignature: documents.datasets\\[0\\].signature',
    ],
    [
      'whose manifest is missing',
      (w) => w.file.documents.datasets.shift(),
      'missing: documents.datasets: .*the logs name it',
    ],
  ])('%s is refused', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => drawn(world))).toMatch(new RegExp(`^${why}`));
  });
});
