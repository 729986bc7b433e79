import { canonicalJson, documentId, parseApproval, type Approval } from '@livepod/protocol';
import { tipAt } from '../../test/network.js';
import { refusal, World } from '../../test/world.js';
import type { Entry, LogName } from '../format.js';
import { Datasets } from './datasets.js';
import { Jobs, type JobOfRound } from './jobs.js';
import { Proposals } from './proposals.js';

const JOB = { job: 2 };
const later = ({ at }: { at: string }, by: bigint): string => String(BigInt(at) + by);
const job = (world: World) => world.file.jobs[0]!;
const asked = (world: World) => world.one('access', 'accessRequested', JOB);
const paid = (world: World) => world.one('access', 'paid', JOB);
const approval = (world: World): Approval => parseApproval(canonicalJson(world.file.documents.approvals[0]!.document));
/** A log without what came before an entry, which a certificate of that time says. */
function startLater(world: World, name: LogName, from: Entry): void {
  const canister = world.file.canisters[name];
  const first = canister.log.indexOf(from);
  const { hash } = canister.log[first - 1]!;
  canister.start = { ...tipAt(hash, canister.id, BigInt(from.at)), length: first, hash };
  canister.log.splice(0, first);
}

describe('a job', () => {
  /** The sample's job, its datasets as the sample's account has them: their signatures are others' business. */
  async function drawn(world: World): Promise<JobOfRound & { jobs: Jobs }> {
    const { facts, file } = world;
    const proposals = new Proposals(facts);
    const datasets = new Datasets(facts, proposals);
    Object.assign(datasets, { known: new Map(file.datasets.map((one) => [one.dataset, one])) });
    const jobs = new Jobs(facts, proposals, datasets);
    const [found, ...more] = await jobs.ofRound();
    expect(more).toEqual([]);
    return { ...found!, jobs };
  }
  /** The approval says this, under an id and in a log that fit. */
  function approves(world: World, change: Partial<Record<string, unknown>>): void {
    const [kept] = world.file.documents.approvals;
    Object.assign(kept!.document, change);
    kept!.id = documentId(canonicalJson(kept!.document));
    asked(world).event['approval'] = kept!.id;
  }
  const recipe = (world: World) => ({ recipe: job(world).recipe });
  const dataset = (world: World) => world.file.datasets.find(({ dataset: id }) => id === job(world).datasets[0])!;

  it('is what the logs and its approval say, with its recipe and provider', async () => {
    const world = new World();
    const { account, jobs } = await drawn(world);
    expect(account).toEqual(job(world));
    expect([jobs.usedRecipes(), jobs.usedProviders()]).toEqual([world.file.recipes, world.file.providers]);
  });

  it('is one of the round by its reference alone', async () => {
    const world = new World();
    for (const reference of ['round/round-22/x', 'rounds/round-2/x', 'round-2', 5]) {
      asked(world).event['reference'] = reference;
      const { facts } = world;
      const proposals = new Proposals(facts);
      expect(await new Jobs(facts, proposals, new Datasets(facts, proposals)).ofRound()).toEqual([]);
    }
  });

  it('may be open: not paid, not ended', async () => {
    const world = new World();
    for (const kind of ['jobClosed', 'paid', 'checkpointSubmitted', 'granted']) world.drop('access', kind, JOB);
    expect((await drawn(world)).account).toMatchObject({
      paid: null,
      submitted: null,
      failed: null,
      closed: null,
      grants: [],
    });
  });

  it('that failed says why; a payer may not be named', async () => {
    const world = new World();
    world.add('access', { type: 'jobFailed', ...JOB, reason: 'no memory' });
    Reflect.deleteProperty(paid(world).event, 'payer');
    expect((await drawn(world)).account).toMatchObject({
      failed: { why: 'no memory', said: { log: 'access' } },
      paid: { payer: null },
    });
  });

  it('tells by whom its deadline was moved, or that nobody is named', async () => {
    const world = new World();
    const { deadline } = approval(world);
    const to = String(BigInt(deadline) + 1n);
    const end = world.one('access', 'jobClosed', JOB);
    const entry = world.add(
      'access',
      { type: 'deadlineExtended', ...JOB, from: deadline, to, authority: 'x' },
      { after: end },
    );
    expect((await drawn(world)).account.extensions).toMatchObject([{ from: deadline, to, authority: 'x' }]);
    Reflect.deleteProperty(entry.event, 'authority');
    expect((await drawn(world)).account.extensions).toMatchObject([{ authority: null }]);
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'under another approval than the log says',
      (w) => void (asked(w).event['approval'] = w.file.documents.recipes[0]!.id),
      'missing: .*approval sha256',
    ],
    ['of another provider', (w) => void (asked(w).caller = 'aaaaa-aa'), 'contradiction: .*the provider of job 2'],
    [
      'of other datasets',
      (w) => void (asked(w).event['datasets'] as string[]).reverse(),
      'contradiction: .*the datasets of job 2',
    ],
    [
      'that was asked for at its deadline',
      (w) => void (asked(w).at = approval(w).deadline),
      'contradiction: .*after its deadline',
    ],
    [
      'with an argument too many',
      (w) => approves(w, { arguments: { ...approval(w).arguments, more: 1 } }),
      '(contradiction|wrongDocument): ',
    ],
    [
      'with an argument above its range',
      (w) => approves(w, { arguments: { ...approval(w).arguments, batch: 1025 } }),
      'contradiction: .*arguments.batch: .*outside',
    ],
    [
      'with an argument below its range',
      (w) => approves(w, { arguments: { ...approval(w).arguments, batch: 7 } }),
      'contradiction: .*arguments.batch: .*outside',
    ],
    [
      'before its recipe was approved',
      (w) => void (w.one('access', 'recipeApproved', recipe(w)).at = later(asked(w), 1n)),
      '(contradiction: .*before its recipe|missing: .*no executed)',
    ],
    [
      'whose recipe nobody submitted',
      (w) => w.drop('access', 'recipeSubmitted', recipe(w)),
      'missing: .*was submitted',
    ],
    [
      'whose recipe nobody approved',
      (w) => w.drop('access', 'recipeApproved', recipe(w)),
      'missing: .*recipe sha256:.* was approved',
    ],
    ['whose provider nobody registered', (w) => w.drop('access', 'providerRegistered'), 'missing: .*registered'],
    [
      'whose provider nobody approved',
      (w) => w.drop('access', 'providerApproved'),
      'missing: .*provider .* was approved',
    ],
    [
      'before its provider was approved',
      (w) => void (w.one('access', 'providerApproved').at = later(asked(w), 1n)),
      'contradiction: .*before it was approved',
    ],
    [
      'whose base is not official',
      (w) => w.drop('models', 'checkpointAdopted', { checkpoint: job(w).base! }),
      'missing: .*that base checkpoint',
    ],
    [
      'before its base was official',
      (w) => void (w.one('models', 'checkpointAdopted', { checkpoint: job(w).base! }).at = later(asked(w), 1n)),
      'contradiction: .*before its base was official',
    ],
    [
      'on a dataset that was not accepted',
      (w) => void (dataset(w).status = 'rejected'),
      'contradiction: .*the status of dataset',
    ],
    [
      'on a dataset that is still open',
      (w) => void (dataset(w).status = 'submitted'),
      'contradiction: .*the status of dataset',
    ],
    [
      'before its dataset was accepted',
      (w) => void (w.one('datasets', 'accepted', { dataset: dataset(w).dataset }).at = later(asked(w), 1n)),
      'contradiction: .*was accepted',
    ],
    [
      'whose payment somebody else confirmed',
      (w) => void (paid(w).caller = 'aaaaa-aa'),
      'contradiction: .*who confirmed the payment',
    ],
    [
      'whose checkpoint somebody else told of',
      (w) => void (w.one('access', 'checkpointSubmitted', JOB).caller = 'aaaaa-aa'),
      'contradiction: .*who told of the checkpoint',
    ],
    [
      'that somebody else closed',
      (w) => void (w.one('access', 'jobClosed', JOB).caller = 'aaaaa-aa'),
      'contradiction: .*who closed the job',
    ],
    [
      'with a checkpoint and without a key',
      (w) => {
        w.drop('access', 'keyReleased', { grant: 9 });
      },
      'missing: canisters.access.log: job 2 has a checkpoint, and no release of the key',
    ],
    [
      'with an end that is no text',
      (w) => void (w.one('access', 'jobClosed', JOB).event['outcome'] = 1),
      'contradiction: .*text is expected',
    ],
  ])('%s is refused', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => drawn(world))).toMatch(new RegExp(`^${why}`));
  });

  it.each<[string, (world: World) => void]>([
    [
      'with arguments at their ends',
      (w) => approves(w, { arguments: { ...approval(w).arguments, batch: 1024, epochs: 1 } }),
    ],
    ['of a first model, without a base', (w) => approves(w, { base: null })],
    [
      'without a checkpoint, and with keys left',
      (w) => {
        w.drop('access', 'keyReleased', { grant: 9 });
        w.drop('access', 'checkpointSubmitted', JOB);
      },
    ],
  ])('%s holds', async (_, change) => {
    const world = new World();
    change(world);
    expect(await refusal(() => drawn(world))).toBe('holds');
  });

  it('in a file that starts later says nothing of what came before', async () => {
    const world = new World();
    startLater(world, 'access', asked(world));
    startLater(world, 'governance', world.one('governance', 'proposal_made', { proposal: 20 }));
    const { account, jobs } = await drawn(world);
    expect(account.job).toBe(2);
    expect(jobs.usedRecipes()).toMatchObject([{ submitted: null, approved: null, proposal: null }]);
    expect(jobs.usedProviders()).toMatchObject([{ class: '', registered: null, approved: null, proposal: null }]);
  });
});
