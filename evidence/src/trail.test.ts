import { Principal } from '@dfinity/principal';
import type { Trail } from '@livepod/client';
import { hex, sha256, utf8 } from '@livepod/protocol';
import { listed, unprovenIn } from '../test/trail.js';
import { World } from '../test/world.js';
import type { ProvenLog } from './entries.js';
import { entriesThat, proofOf } from './facts.js';
import type { Entry, LogName } from './format.js';
import { proofOfDataset, proofOfProposal, proveTrail, TRAIL_LOGS, type ProvenTrail, type TrailLogs } from './trail.js';

/** A log that was proven elsewhere. */
const log = ({ file }: World, name: LogName): ProvenLog => ({
  ...{ canister: file.canisters[name].id, start: null, log: file.canisters[name].log },
  ...{ tip: file.canisters[name].tip, certifiedAt: 5n },
});
const logs = (world: World): TrailLogs =>
  Object.fromEntries(TRAIL_LOGS.map((name) => [name, log(world, name)])) as TrailLogs;
const prove = (world: World, trail: Trail, lengths?: Record<string, number>): ProvenTrail =>
  proveTrail(trail, logs(world), lengths);

describe('an entry that proves something', () => {
  const entry = (index: number, event: Entry['event'], more: Partial<Entry> = {}): Entry => ({
    ...{ index, at: '7', caller: 'aaaaa-aa', event, hash: '' },
    ...more,
  });
  const proven: ProvenLog = {
    ...{ canister: 'x', start: null, tip: { certificate: '', witness: '' }, certifiedAt: 5n },
    log: [
      entry(0, { type: 'a', n: 1, list: ['x'] }),
      entry(1, { type: 'a', n: 1 }, { caller: 'b', at: '8' }),
      entry(2, { type: 'b', n: 1 }),
    ],
  };
  const found = (told: Parameters<typeof entriesThat>[1]): number[] =>
    entriesThat(proven, told).map(({ index }) => index);

  it('says each part of it: kind, fields, caller, number, time, and what a list holds', () => {
    expect(found({ type: 'a', fields: {} })).toEqual([0, 1]);
    expect(found({ type: 'a', fields: { n: 2 } })).toEqual([]);
    expect(found({ type: 'a', fields: {}, caller: 'b' })).toEqual([1]);
    expect(found({ type: 'a', fields: {}, index: 0 })).toEqual([0]);
    expect(found({ type: 'a', fields: {}, at: 8n })).toEqual([1]);
    expect(found({ type: 'a', fields: {}, holds: ['list', 'x'] })).toEqual([0]);
    expect(found({ type: 'a', fields: {}, holds: ['list', 'y'] })).toEqual([]);
    expect(found({ type: 'a', fields: {}, holds: ['n', 'x'] })).toEqual([]);
  });

  it('is the last of such, and each is named once', () => {
    const a = { type: 'a', fields: {} };
    expect(proofOf('fleet', proven, a, a, { type: 'b', fields: {} })).toEqual({
      log: 'fleet',
      entries: [1, 2],
      certifiedAt: 5n,
    });
    expect(proofOf('fleet', proven, a, { type: 'c', fields: {} })).toEqual({
      unproven: expect.stringContaining('“c”'),
    });
  });

  it('is none of a log that is not proven, and that is said', () => {
    const unproven = { unproven: 'cut short' };
    expect(entriesThat(unproven, { type: 'a', fields: {} })).toEqual([]);
    expect(proofOf('fleet', unproven)).toEqual({
      unproven: expect.stringMatching(/fleet canister is not proven \(cut short\)/),
    });
  });
});

describe('a trail', () => {
  it('is proven fact by fact, and nothing of it is withheld', () => {
    const world = new World();
    const trail = prove(world, listed(world.file));
    expect([unprovenIn(trail), trail.withheld]).toEqual([[], []]);
    expect(trail.dataset.proof).toMatchObject({ log: 'datasets', certifiedAt: 5n });
    expect(trail.jobs.map(({ proof }) => ('entries' in proof ? proof.entries.length : 0))).toEqual([2, 2, 2]);
    expect(trail.payments.every(({ proof }) => 'entries' in proof)).toBe(true);
  });

  const first = <T>(list: readonly T[]): T => list[0]!;
  it.each<[string, (trail: Trail) => unknown, RegExp]>([
    ['a dataset of somebody else', ({ dataset }) => (dataset.dataset.contributor = Principal.anonymous()), /^dataset/],
    ['a dataset of another uid', ({ dataset }) => (dataset.dataset.uid = new Uint8Array(32)), /^dataset/],
    ['a dataset that was rejected', ({ dataset }) => (dataset.dataset.status = { rejected: null }), /^dataset/],
    ['a job of another provider', ({ jobs }) => (first(jobs).provider = Principal.anonymous()), /^job/],
    ['a job under another approval', ({ jobs }) => (first(jobs).approval_digest = 'x'), /^job/],
    ['a job of another name', ({ jobs }) => (first(jobs).client_ref = 'x'), /^job/],
    ['a job that was refunded', ({ jobs }) => (first(jobs).state = { refunded: null } as never), /^job/],
    ['a job that failed', ({ jobs }) => (first(jobs).state = { failed: 'x' }), /^job/],
    ['a job with another checkpoint', ({ jobs }) => (first(jobs).state = { submitted: 'x' } as never), /^job/],
    ['a grant to another provider', ({ grants }) => (first(grants).grant.provider = Principal.anonymous()), /^grant/],
    ['a grant of another job', ({ grants }) => (first(grants).grant.job = 99n), /^grant/],
    ['a grant at another entry', ({ grants }) => (first(grants).entry = [0n]), /^grant/],
    ['a release at another entry', ({ grants }) => (first(first(grants).releases).entry += 1n), /^release/],
    [
      'a model of another provider',
      ({ checkpoints }) => (first(checkpoints).provider = Principal.anonymous()),
      /^checkpoint/,
    ],
    ['a model of another name', ({ checkpoints }) => (first(checkpoints).model = 'x'), /^checkpoint/],
    [
      'a model that was rejected',
      ({ checkpoints }) => (first(checkpoints).state = { rejected: null } as never),
      /^checkpoint/,
    ],
    [
      'a payment to somebody else',
      ({ payments }) => (first(first(payments).payments).to = Principal.anonymous()),
      /^payment/,
    ],
    ['a payment in another block', ({ payments }) => (first(first(payments).payments).block = [1n]), /^payment/],
    ['a payment for something else', ({ payments }) => (first(first(payments).payments).why = 'x'), /^payment/],
    ['an escrow of another amount', ({ payments }) => (first(payments).amount += 1n), /^payment/],
    ['an escrow of another payer', ({ payments }) => (first(payments).payer = Principal.anonymous()), /^payment/],
    ['an escrow of another job', ({ payments }) => (first(payments).job = 99n), /^payment/],
  ])('does not call proven: %s', (_, forge, name) => {
    const world = new World();
    const forged = listed(world.file);
    forge(forged);
    const unproven = unprovenIn(prove(world, forged));
    expect(unproven.length).toBeGreaterThan(0);
    for (const one of unproven) expect(one).toMatch(name);
  });

  it.each<[string, (trail: Trail) => unknown]>([
    ['a job that was granted', ({ jobs }) => (first(jobs).state = { granted: null } as never)],
    ['a job that is asked for', ({ jobs }) => (first(jobs).state = { requested: null } as never)],
    ['a grant without its entry', ({ grants }) => (first(grants).entry = [])],
    ['a grant that holds', ({ grants }) => (first(grants).grant.revoked = false)],
    ['a model without a version', ({ checkpoints }) => (first(checkpoints).version = [])],
    ['a model that is evaluated', ({ checkpoints }) => (first(checkpoints).state = { evaluated: null } as never)],
    ['a model that is submitted', ({ checkpoints }) => (first(checkpoints).state = { submitted: null } as never)],
    [
      'a payment that is still due',
      ({ payments }) => Object.assign(first(first(payments).payments), { block: [], to: Principal.anonymous() }),
    ],
    ['a dataset that is submitted', ({ dataset }) => (dataset.dataset.status = { submitted: null })],
  ])('calls proven: %s', (_, change) => {
    const world = new World();
    const trail = listed(world.file);
    change(trail);
    expect(unprovenIn(prove(world, trail))).toEqual([]);
  });

  it('says of a model that its job did not read the dataset', () => {
    const world = new World();
    const trail = listed(world.file);
    first(trail.checkpoints).job = 99n;
    const [{ proof }] = prove(world, trail).checkpoints as [ProvenTrail['checkpoints'][number]];
    expect(proof).toEqual({ unproven: expect.stringMatching(/^that its job 99 read the dataset: /) });
  });

  const withheld = (change: (trail: Trail) => void, lengths?: Record<string, number>): string[] => {
    const world = new World();
    const trail = listed(world.file);
    change(trail);
    return prove(world, trail, lengths).withheld;
  };
  it.each<[string, (trail: Trail) => void, RegExp, number]>([
    ['a job', (trail) => void trail.jobs.shift(), /access canister’s log: accessRequested, job 1$/, 1],
    [
      'a grant, with its releases',
      (trail) => void trail.grants.shift(),
      /access canister’s log: (granted|keyReleased), grant 1$/,
      2,
    ],
    ['a release', ({ grants }) => void grants[0]!.releases.shift(), /access canister’s log: keyReleased, grant 1$/, 1],
    [
      'a model',
      (trail) => void trail.checkpoints.shift(),
      /models canister’s log: checkpointSubmitted, checkpoint sha256:/,
      1,
    ],
    [
      'a payment',
      ({ payments }) => void payments[0]!.payments.shift(),
      /treasury canister’s log: escrow_paid, block 66$/,
      1,
    ],
  ])('tells of %s that the lists leave out', (_, hide, line, count) => {
    const told = withheld(hide);
    expect(told).toHaveLength(count);
    for (const one of told) expect(one).toMatch(line);
  });

  it('may lack what was logged while the lists were read', () => {
    const hide = (trail: Trail): void => void trail.jobs.shift();
    expect(withheld(hide, { access: 4 })).toEqual([]);
    expect(withheld(hide, { access: 5 })).toHaveLength(1);
    expect(withheld(hide, { models: 0 })).toHaveLength(1);
  });
});

describe('a proposal', () => {
  /** The sample's proposal 20 as the governance lists it. */
  function decision(world: World) {
    const made = world.one('governance', 'proposal_made', { proposal: 20 });
    const decided = world.one('governance', 'proposal_decided', { proposal: 20 });
    const { rendering } = world.file.proposals.find(({ proposal }) => proposal === 20)!;
    const { title, proposer } = made.event;
    const { yes, no, total } = decided.event;
    return {
      ...{ proposal: 20, title, proposer, rendering, outcome: 'executed' },
      ...{ yes: BigInt(yes as number), no: BigInt(no as number), total: BigInt(total as number) },
      ...{ decidedSeconds: 1, executedSeconds: 1, failedSeconds: 0 },
    };
  }
  const proof = (world: World, change: object = {}) =>
    proofOfProposal(
      { ...decision(world), ...change } as unknown as Parameters<typeof proofOfProposal>[0],
      log(world, 'governance'),
    );

  it('is proven with its words, its votes and its end', () => {
    const world = new World();
    expect(hex(sha256(utf8(decision(world).rendering)))).toMatch(/^[0-9a-f]{64}$/);
    expect(proof(world)).toMatchObject({ entries: [160, 166, 167] });
    expect(proof(world, { decidedSeconds: 0, executedSeconds: 0, yes: 0n })).toMatchObject({ entries: [160] });
  });

  it.each([
    ['other words', { rendering: 'x' }],
    ['another title', { title: 'x' }],
    ['another proposer', { proposer: 'x' }],
    ['a vote more', { yes: 1n }],
    ['another power', { total: 2n ** 60n }],
    ['a failure', { failedSeconds: 1 }],
    ['a withdrawal', { outcome: 'withdrawn' }],
  ])('is not proven with %s', (_, change) => expect(proof(new World(), change)).toHaveProperty('unproven'));

  it('that was withdrawn is proven by that alone; power beyond 2^53 is text', () => {
    const world = new World();
    const { event } = world.one('governance', 'proposal_decided', { proposal: 20 });
    event['total'] = String(2n ** 53n);
    event['yes'] = Number(2n ** 53n - 1n);
    expect(proof(world, { total: 2n ** 53n, yes: 2n ** 53n - 1n })).toHaveProperty('entries');
    world.add('governance', { type: 'proposal_withdrawn', proposal: 20 });
    const end = { outcome: 'withdrawn', executedSeconds: 0, failedSeconds: 1 };
    expect(proof(world, end)).toMatchObject({ entries: [160, 232] });
  });
});

it('a dataset’s end is proven by the entry of that name', () => {
  const world = new World();
  const { dataset } = listed(world.file);
  expect(proofOfDataset(dataset.dataset, log(world, 'datasets'))).toMatchObject({
    entries: [expect.any(Number), expect.any(Number)],
  });
});
