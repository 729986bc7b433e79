import { decidingFigure } from '@livepod/protocol';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { balance, connect, type Access, type Clients, type Fleet } from '@livepod/client';
import { contribute, ObjectStore, signerOf, type Contribution } from '@livepod/transfer';
import {
  canisterAccess,
  canisterDatasets,
  canisterFleet,
  canisterGovernance,
  canisterModels,
  canisterOperators,
  canisterRequesting,
  canisterTreasury,
  holdoutEvaluation,
  providerTraining,
  Workspace,
  type DatasetsPort,
  type GovernancePort,
  type ProviderParts,
  type Providers,
  type TrainingPort,
} from './index.js';
import { Chain, motionRecording, motionSchema, type Role } from '../test/chain.js';
import { EVIDENCE, comparedInputs } from '../test/comparedInputs.js';
import { LyingNode } from '../test/lyingNode.js';
import { patiently } from '../test/patience.js';

/** As a Temporal server would list them. */
const endpoints: Providers = {
  names: async () => ['provider-1', 'provider-2'],
  shareKey: (name) => name === 'provider-1',
};

let chain: Chain;
let datasets: string[];
let governance: GovernancePort;
let intake: DatasetsPort;
let training: TrainingPort;
let provider: ProviderParts;
let node: LyingNode;
let workspace: Workspace;
let scratch: string;
let job: number;
let checkpoint: string;
let released = 0;
/** What the first contributor had before the provider got a key. */
let unpaid = 0n;
const contributorHas = (): Promise<bigint> => balance(chainOperator, chain.identity('contributor-1').getPrincipal());

beforeAll(async () => {
  chain = await Chain.open();
  const operator = await chain.as('operator');
  governance = canisterGovernance(operator);
  intake = canisterDatasets(operator, new ObjectStore(chain.s3));
  scratch = join('/dev/shm', `livepod-round-${process.pid}`);
  workspace = new Workspace(join(chain.folder, 'provider'), scratch);
  await workspace.open();
  provider = {
    clients: await chain.as('provider'),
    signer: signerOf(chain.identity('provider')),
    objects: new ObjectStore(chain.s3),
    workspace,
    host: 'here',
  };
  training = providerTraining(provider);
  node = await LyingNode.before(chain.network.icHost, join(chain.folder, 'ic'));
});
afterAll(async () => {
  node?.close();
  await rm(scratch, { recursive: true, force: true });
  await chain?.close();
});

/** Connected through a node that lies. */
const misled = (role: Role): Promise<Clients> => connect({ ...chain.network, icHost: node.url }, chain.identity(role));

const contributed = async (role: Role, store: 'bucket' | 's3', change: Partial<Contribution> = {}) =>
  contribute({
    clients: await chain.as(role),
    seed: chain.identity(role),
    recordings: [0, 1].map((run) => ({ name: `run${run}.csv`, bytes: motionRecording(run) })),
    schema: motionSchema,
    title: `Watch of ${role}`,
    store,
    s3: chain.s3,
    ...change,
  });

describe('a round on the real canisters', () => {
  it('takes contributions into a bucket and into S3; a repeat sends nothing', async () => {
    const first = await contributed('contributor-1', 'bucket');
    expect(first).toMatchObject({ chunks: 2, uploaded: 2 });
    expect(await contributed('contributor-1', 'bucket')).toMatchObject({ dataset: first.dataset, uploaded: 0 });
    const second = await contributed('contributor-2', 's3');
    datasets = [first.dataset, second.dataset];
  });

  it('refuses a contribution without a bond, and recordings that do not fit their schema', async () => {
    await expect(contributed('stranger', 'bucket')).rejects.toMatchObject({ code: 'bondMissing' });
    await expect(
      contributed('contributor-1', 'bucket', { recordings: [{ name: 'a.csv', bytes: 'x\n1\n' }] }),
    ).rejects.toMatchObject({ code: 'unsuitableRecordings' });
  });

  it('has the datasets checked, proposed once, and voted in', async () => {
    const checks = await intake.check({ datasets: [...datasets, `sha256:${'0'.repeat(64)}`] });
    expect(checks.map((check) => check.state)).toEqual(['ready', 'ready', 'refused']);
    const proposals = datasets.map((dataset, index) => ({
      action: { call: 'acceptDataset' as const, dataset },
      clientRef: `intake/test/${index}`,
      title: 'A dataset',
      summary: 'A dataset.',
    }));
    const receipts = await governance.proposeAll({ proposals });
    expect(await governance.proposeAll({ proposals })).toEqual(receipts);
    await expect(governance.decision({ proposal: receipts[0]!.id })).rejects.toMatchObject({ code: 'notDecided' });
    for (const { id } of receipts) await chain.vote(id);
    const decisions = await patiently(() => governance.decisions({ proposals: receipts.map(({ id }) => id) }));
    expect(decisions.map(({ outcome }) => outcome)).toEqual(['adopted', 'adopted']);
    expect((await intake.check({ datasets })).map((check) => check.state)).toEqual(['accepted', 'accepted']);
  });

  it('gives the provider a job, takes fees and reward into escrow, and grants', async () => {
    unpaid = await contributorHas();
    const terms = await intake.terms({ datasets });
    const order = {
      round: 'test',
      recipe: chain.recipe,
      arguments: { epochs: 3, windowsPerEpoch: 256, batch: 16, filters: 8 },
      seed: 1,
      datasets: terms.map(({ id, epoch }) => ({ id, epoch })),
      base: null,
      reward: '500000000',
      deadline: (BigInt(Date.now() + 3600_000) * 1_000_000n).toString(),
      clientRef: 'round/test',
    };
    const requesting = canisterRequesting(await chain.as('provider'));
    ({ job } = await requesting.request(order));
    expect((await requesting.request(order)).job).toBe(job);
    await expect(
      requesting.request({ ...order, clientRef: 'round/other', arguments: { epochs: 100_000 } }),
    ).rejects.toMatchObject({ code: 'outOfRange' });
    for (const terms of [{ price: 500_000_001n }, { price: 0n, recipes: [`sha256:${'0'.repeat(64)}`] }])
      await expect(
        canisterRequesting(await chain.as('provider'), terms).request({ ...order, clientRef: 'round/cheap' }),
      ).rejects.toMatchObject({ code: 'refused' });
    await expect(training.train({ job })).rejects.toMatchObject({ name: 'CanisterError' });

    const treasury = canisterTreasury(await chain.as('operator'));
    const escrow = await treasury.openEscrow({ job, clientRef: 'escrow/test' });
    expect(escrow.state).toBe('open');
    expect(await treasury.openEscrow({ job, clientRef: 'escrow/test' })).toEqual(escrow);
    const granted = await patiently(() => canisterAccess(chainOperator).granted({ job }));
    expect(granted.state).toBe('granted');
    expect(await (await fetch(granted.link!)).json()).toMatchObject({
      job,
      state: 'granted',
      deadline: granted.deadline.replace(/\.\d+Z/, 'Z'),
    });
  });

  it('has the deadline moved by an operator’s token, and by nothing else', async () => {
    const access = canisterAccess(chainOperator);
    const until = new Date(Date.now() + 2 * 3600_000).toISOString();
    await expect(access.extend({ job, until, token: await chain.token('pause', `job/${job}`) })).rejects.toMatchObject({
      code: 'notAuthorized',
    });
    await expect(
      chainOperator.access.extend_deadline({
        job: BigInt(job),
        deadline: BigInt(Date.parse(until)) * 1_000_000n,
        authority: [],
      }),
    ).rejects.toMatchObject({ code: 'notAuthorized' });
    const token = await chain.token('extendDeadline', `job/${job}`);
    expect((await access.extend({ job, until, token })).deadline).toBe(until);
    expect((await access.extend({ job, until, token })).deadline).toBe(until);
    const later = new Date(Date.now() + 3 * 3600_000).toISOString();
    await expect(access.extend({ job, until: later, token })).rejects.toMatchObject({
      code: 'notAuthorized',
      message: expect.stringContaining('used already'),
    });
    const grants = await chainOperator.access.list_grants({ job: BigInt(job) });
    expect(grants.map((grant) => new Date(Number(grant.expires_at / 1_000_000n)).toISOString())).toEqual([
      until,
      until,
    ]);
    expect(
      await canisterOperators(chainOperator).authorise({
        token: await chain.token('pause', 'workflow'),
        action: 'pause',
        workflow: 'lifecycle-test',
        object: 'workflow',
        state: 'working/0',
      }),
    ).toMatchObject({ operator: chain.identity('person').getPrincipal().toText() });
  });

  it('asks for keys under the grants that the subnet names, though a node of it swaps them', async () => {
    node.lies = {
      list_grants: (grants: Access.Grant[]) =>
        grants.map((grant, at) => ({ ...grant, id: grants[grants.length - 1 - at]!.id })),
    };
    const throughIt = providerTraining({ ...provider, clients: await misled('provider') });
    await throughIt.train({ job });
    const grants = await chainOperator.access.list_grants({ job: BigInt(job) });
    expect(grants.map((grant) => grant.uses_left)).toEqual([2, 2]);
  });

  it('fetches, releases keys, trains, signs and submits; a repeat submits the same; nothing is left', async () => {
    expect(await training.fetch({ job })).toMatchObject({ datasets: 2 });
    await training.train({ job });
    expect(await readdir(join(scratch, String(job)))).toEqual(['epochs', 'transport']);
    ({ checkpoint } = await training.publish({ job }));
    expect((await training.publish({ job })).checkpoint).toBe(checkpoint);
    const grants = await chainOperator.access.list_grants({ job: BigInt(job) });
    expect(grants.map((grant) => grant.uses_left)).toEqual([2, 2]);
    await training.wipe({ job });
    expect(await readdir(scratch)).toEqual([]);
    expect(await readdir(join(chain.folder, 'provider'))).toEqual([]);
    expect(await training.open({ job })).toEqual({ host: 'here', checkpoint });
  });

  it('measures the checkpoint on people it never saw, and has it voted in and paid for', async () => {
    const holdout = join(chain.folder, 'holdout');
    for (const person of [5, 6]) {
      await mkdir(join(holdout, `s0${person}`), { recursive: true });
      await writeFile(join(holdout, `s0${person}`, 'run.csv'), motionRecording(person));
    }
    const evaluation = holdoutEvaluation(await chain.as('evaluator'), signerOf(chain.identity('evaluator')), holdout);
    const measured = await evaluation.measure({ checkpoint });
    expect(measured).toMatchObject({ people: 2, task: 'classification', deciding: { figure: 'accuracy' } });
    expect(decidingFigure(measured).parent).toBeNull();
    expect(Number(decidingFigure(measured).value)).toBeGreaterThan(0.8);
    expect(await evaluation.measure({ checkpoint })).toEqual(measured);

    const plan = {
      waves: [1],
      soakSeconds: 0,
      gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 10 },
      skippableSoak: true,
    };
    const { id } = await governance.propose({
      action: { call: 'adoptCheckpoint', checkpoint, channel: 'stable', plan },
      clientRef: 'adopt/test',
      title: 'A checkpoint',
      summary: 'A checkpoint.',
    });
    await chain.vote(id);
    expect((await patiently(() => governance.decision({ proposal: id }))).outcome).toBe('adopted');
    const { version, release } = await patiently(() =>
      canisterModels(chainOperator).released({ checkpoint, channel: 'stable' }),
    );
    expect(version).toBe(1);
    released = release;

    // Its licence was earned when the key was released: settling pays the reward alone.
    const treasury = canisterTreasury(chainOperator);
    expect((await treasury.settle({ job })).state).toBe('settled');
    expect((await treasury.settle({ job })).state).toBe('settled');
    expect(await contributorHas()).toBe(unpaid + 100_000_000n);

    const fleet = canisterFleet(chainOperator);
    expect((await patiently(() => fleet.beginWave({ release, wave: 1 }))).state).toBe('rolling');
    expect((await fleet.pause({ release })).state).toBe('paused');
    await expect(fleet.beginWave({ release, wave: 2 })).rejects.toMatchObject({ code: 'notYet' });
    await expect(chainOperator.fleet.resume({ release: BigInt(release), authority: [] })).rejects.toMatchObject({
      code: 'notAuthorized',
    });
    const object = `release/${release}`;
    const resume = await chain.token('resume', object);
    const skip = await chain.token('skipSoak', object, 'rolling/1/0');
    expect((await fleet.resume({ release, token: resume })).state).toBe('rolling');
    await expect(fleet.skipSoak({ release, wave: 1, token: resume })).rejects.toMatchObject({
      code: 'notAuthorized',
    });
    expect((await fleet.pause({ release, token: await chain.token('pause', object) })).standing).toBe('paused/1/1');
    expect((await fleet.resume({ release, token: resume })).state).toBe('paused');
    expect((await fleet.resume({ release, token: await chain.token('resume', object) })).standing).toBe('rolling/1/1');
    await expect(fleet.skipSoak({ release, wave: 1, token: skip })).rejects.toMatchObject({
      code: 'notAuthorized',
      message: expect.stringContaining('that is in rolling/1/1 now'),
    });
    expect((await fleet.skipSoak({ release, wave: 1, token: await chain.token('skipSoak', object) })).wave).toBe(1);
    expect(await (await fetch((await fleet.pause({ release })).link!)).json()).toMatchObject({
      release,
      state: 'paused',
      soakMayBeSkipped: true,
    });
    // A node that calls the release over does not keep it from being stopped.
    node.lies = { get_release: ([known]: [Fleet.Release]) => [{ ...known, state: { completed: null } }] };
    const throughIt = canisterFleet(await misled('operator'));
    expect((await throughIt.changed({ release, seen: 'rolling' })).state).toBe('paused');
    expect((await throughIt.abort({ release, reason: 'a test' })).state).toBe('stopped');
    expect(await fleet.beginWave({ release, wave: 2 })).toMatchObject({
      state: 'stopped',
      why: expect.stringContaining('a test'),
    });
  });

  it('looks before a round begins', async () => {
    const access = canisterAccess(chainOperator, endpoints);
    const good = { provider: 'provider-1', recipe: chain.recipe, arguments: { epochs: 2 }, base: checkpoint };
    await access.preflight(good);
    await expect(access.preflight({ ...good, provider: 'provider-9' })).rejects.toMatchObject({
      code: 'notFound',
      details: { provider: 'provider-9' },
    });
    await expect(access.preflight({ ...good, recipe: datasets[0]! })).rejects.toMatchObject({ code: 'notFound' });
    await expect(access.preflight({ ...good, base: datasets[0]! })).rejects.toMatchObject({ code: 'notAccepted' });
    await expect(access.preflight({ ...good, arguments: { epochs: 100_000 } })).rejects.toMatchObject({
      code: 'outOfRange',
    });
  });

  comparedInputs(() => ({
    chain,
    clients: chainOperator,
    providers: endpoints,
    governance,
    ...{ datasets, checkpoint, released },
    contributed: (change) => contributed('contributor-2', 'bucket', change),
  }));

  it('trains on from an official checkpoint', async () => {
    const requesting = canisterRequesting(await chain.as('provider'));
    const { job } = await requesting.request({
      round: 'next',
      recipe: chain.recipe,
      arguments: { epochs: 1, windowsPerEpoch: 128, batch: 16, filters: 8 },
      seed: 2,
      datasets: datasets.toSorted().map((id) => ({ id, epoch: 0 })),
      base: checkpoint,
      reward: '0',
      deadline: (BigInt(Date.now() + 3600_000) * 1_000_000n).toString(),
      clientRef: 'round/next',
    });
    await canisterTreasury(chainOperator).openEscrow({ job, clientRef: 'escrow/next' });
    await patiently(() => canisterAccess(chainOperator).granted({ job }));
    await training.train({ job });
    const next = await training.publish({ job });
    expect((await chainOperator.models.get_checkpoint(next.checkpoint))!.parent).toEqual([checkpoint]);
    await training.wipe({ job });
  });

  it('withdraws a proposal by its reference', async () => {
    const holder = chain.identity('provider').getPrincipal().toText();
    const { id } = await governance.propose({
      action: { call: 'slashBond', holder, purpose: 'provider', amount: '100', reason: 'a test', evidence: EVIDENCE },
      clientRef: 'slash/test',
      title: 'Slash',
      summary: 'Slash.',
    });
    expect(await governance.withdraw({ clientRefs: ['slash/test', 'slash/none'] })).toEqual({ withdrawn: [id] });
    expect((await governance.decision({ proposal: id })).outcome).toBe('withdrawn');
  });
});

let chainOperator: Awaited<ReturnType<Chain['as']>>;
beforeAll(async () => void (chainOperator = await chain.as('operator')));
