import { canonicalJson, parseApproval, type Approval } from '@livepod/protocol';
import { refusal, World } from '../../test/world.js';
import type { Entry, JsonObject } from '../format.js';
import { Proposals } from './proposals.js';
import { Rights, type GrantAccount, type KeyRelease } from './rights.js';

const JOB = { job: 2 };
const later = ({ at }: { at: string }, by: bigint): string => String(BigInt(at) + by);
const job = (world: World) => world.file.jobs[0]!;
const asked = (world: World) => world.one('access', 'accessRequested', JOB);
const paid = (world: World) => world.one('access', 'paid', JOB);
const approval = (world: World): Approval => parseApproval(canonicalJson(world.file.documents.approvals[0]!.document));

describe('the rights of a job', () => {
  const rights = (world: World) => {
    const { facts } = world;
    return new Rights(facts, new Proposals(facts), { ...JOB, approval: approval(world), requested: asked(world) });
  };
  const grants = async (world: World): Promise<GrantAccount[]> => {
    const datasets = world.file.datasets.filter(({ dataset }) => job(world).datasets.includes(dataset));
    return rights(world).grants(datasets, world.all('access', 'paid', JOB)[0]);
  };
  const releases = (world: World): KeyRelease[] => rights(world).keyReleases(job(world).grants[0]!);
  const granted = (world: World) => world.one('access', 'granted', JOB);
  const GRANT = { grant: 9 };
  const requested = (world: World) => world.one('access', 'keyRequested', GRANT);
  const released = (world: World) => world.one('access', 'keyReleased', GRANT);
  const extended = (world: World, event: JsonObject, after = granted(world)): Entry =>
    world.add('access', { type: 'deadlineExtended', ...JOB, ...event }, { after });

  it('are what the log of access says', async () => {
    const world = new World();
    expect(await grants(world)).toEqual(job(world).grants);
    expect(job(world).grants.flatMap((grant) => rights(world).keyReleases(grant))).toHaveLength(14);
    expect(releases(world)).toEqual(job(world).keyReleases.filter(({ grant }) => grant === 9));
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'of one dataset twice',
      (w) => w.add('access', { ...granted(w).event, grant: 99 }),
      'contradiction: .*was granted twice',
    ],
    [
      'of a dataset that is none of its',
      (w) => void (granted(w).event['dataset'] = `sha256:${'0'.repeat(64)}`),
      'contradiction: .*is not one of job 2',
    ],
    ['by another provider', (w) => void (granted(w).caller = 'aaaaa-aa'), 'contradiction: .*the provider of the grant'],
    [
      'of another epoch of the key',
      (w) => void (granted(w).event['epoch'] = 1),
      'contradiction: .*the key epoch of the grant',
    ],
    [
      'beyond the deadline',
      (w) => void (granted(w).event['expires'] = String(BigInt(approval(w).deadline) + 1n)),
      'contradiction: .*the end of the grant',
    ],
    ['without a payment', (w) => w.drop('access', 'paid', JOB), 'missing: .*before it was paid'],
    [
      'before the payment',
      (w) => void (granted(w).at = later(paid(w), -1n)),
      'contradiction: .*a grant before the payment',
    ],
    [
      'that rests on something else',
      (w) => void (granted(w).event['why'] = 'vote'),
      'contradiction: .*what the grant rests on',
    ],
    [
      'whose chunks nobody opened',
      (w) => w.drop('datasets', 'readsOpened', { dataset: granted(w).event['dataset']! }),
      'missing: .*were opened to',
    ],
    [
      'whose chunks were opened before it was asked for alone',
      (w) => {
        for (const entry of w.all('datasets', 'readsOpened', { dataset: granted(w).event['dataset']! }))
          entry.at = later(asked(w), -5_000_000_001n);
      },
      'missing: .*were opened to',
    ],
    [
      'that was revoked twice',
      (w) => w.add('access', { ...w.one('access', 'revoked', GRANT).event }),
      'contradiction: .*a second time',
    ],
    [
      'by a vote that there was not',
      (w) => {
        w.file.datasets.find(({ dataset }) => dataset === granted(w).event['dataset'])!.licence.access = 'vote';
        granted(w).event['why'] = 'vote';
      },
      '(missing|contradiction): ',
    ],
  ])('are refused with a grant %s', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => grants(world))).toMatch(new RegExp(`^${why}`));
  });

  it('may have been opened within five seconds before they were asked for, by another clock', async () => {
    const world = new World();
    const { dataset } = granted(world).event;
    for (const entry of world.all('datasets', 'readsOpened', { dataset: dataset! }))
      entry.at = later(asked(world), -5_000_000_000n);
    expect(await refusal(() => grants(world))).toBe('holds');
  });

  it('last until the deadline that was in force when they were given', async () => {
    const world = new World();
    const { deadline } = approval(world);
    const to = String(BigInt(deadline) + 900n);
    const entry = extended(world, { from: deadline, to }, paid(world));
    expect(await refusal(() => grants(world))).toMatch(/^contradiction: .*the end of the grant/);
    for (const one of world.all('access', 'granted', JOB)) one.event['expires'] = to;
    expect(await refusal(() => grants(world))).toBe('holds');
    expect(rights(world).extensions()).toEqual([entry]);
  });

  it('are extended from the deadline before each time', async () => {
    const world = new World();
    const { deadline } = approval(world);
    extended(world, { from: deadline, to: String(BigInt(deadline) + 1n) });
    extended(world, { from: deadline, to: String(BigInt(deadline) + 2n) }, world.file.canisters.access.log.at(-1)!);
    expect(await refusal(() => rights(world).extensions())).toMatch(/^contradiction: .*the deadline of job 2 before/);
    world.all('access', 'deadlineExtended', JOB)[1]!.event['from'] = String(BigInt(deadline) + 1n);
    expect(rights(world).extensions()).toHaveLength(2);
  });

  it.each<[string, (world: World) => void, string]>([
    ['nobody asked for', (w) => w.drop('access', 'keyRequested', GRANT), 'missing: .*that nobody asked for'],
    [
      'was refused to nobody',
      (w) => w.add('access', { type: 'keyNotReleased', ...GRANT, reason: 'x' }),
      'missing: .*that nobody asked for',
    ],
    [
      'somebody else asked for',
      (w) => void (requested(w).caller = 'aaaaa-aa'),
      'contradiction: .*who asked for the key',
    ],
    [
      'is of another dataset',
      (w) => void (requested(w).event['dataset'] = 'x'),
      'contradiction: .*the dataset of the key',
    ],
    ['is of another epoch', (w) => void (requested(w).event['epoch'] = 1), 'contradiction: .*the epoch of the key'],
    ['is not counted', (w) => void (requested(w).event['usesLeft'] = 3), 'contradiction: .*how many uses are left'],
    [
      'is one too many',
      (w) => {
        job(w).grants[0]!.uses = 0;
        requested(w).event['usesLeft'] = -1;
      },
      'contradiction: .*used more often than it allows',
    ],
    ['came at the deadline', (w) => void (requested(w).at = approval(w).deadline), 'contradiction: .*had expired'],
    [
      'came before its grant',
      (w) => void (job(w).grants[0]!.granted.entry = requested(w).index + 1),
      'contradiction: .*was not in force',
    ],
    [
      'came after it was revoked',
      (w) => void (job(w).grants[0]!.revoked!.entry = requested(w).index - 1),
      'contradiction: .*was not in force',
    ],
    ['is to no key', (w) => void (requested(w).event['transportKey'] = 5), 'contradiction: .*text is expected'],
  ])('are refused with a release that %s', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => releases(world))).toMatch(new RegExp(`^${why}`));
  });

  it('are used until the last nanosecond before the deadline, and while no revocation is known', async () => {
    const world = new World();
    requested(world).at = String(BigInt(approval(world).deadline) - 1n);
    job(world).grants[0]!.revoked = null;
    expect(releases(world)).toHaveLength(1);
  });

  it('are answered one by one: each use is released, refused with a reason, or not yet answered', () => {
    const world = new World();
    const first = requested(world);
    const second = world.add('access', { ...first.event, usesLeft: 1 }, { after: released(world) });
    const third = world.add('access', { ...first.event, usesLeft: 0 }, { after: second });
    world.add('access', { type: 'keyNotReleased', ...GRANT, reason: 'busy' }, { after: second });
    job(world).grants[0]!.revoked = null;
    expect(third.index).toBe(second.index + 2);
    expect(releases(world)).toMatchObject([
      { usesLeft: 2, released: { log: 'access' }, notReleased: null },
      { usesLeft: 1, released: null, notReleased: { why: 'busy', said: { log: 'access' } } },
      { usesLeft: 0, released: null, notReleased: null },
    ]);
  });
});
