import { refusal, World } from '../../test/world.js';
import type { Entry, JsonObject } from '../format.js';
import { Proposals } from './proposals.js';
import { releasesOf, rollbacksOf, type ReleaseAccount, type RollbackAccount } from './releases.js';

const RELEASE = { release: 2 };
const SECOND = 1_000_000_000n;
const later = ({ at }: Entry, by: bigint): string => String(BigInt(at) + by);
type Change = (plan: JsonObject & { gate: JsonObject }) => void;

/** The sample's release, from its logs. @param voted  changes the plan that the vote carried */
async function drawn(world: World, voted: Change = () => {}): Promise<ReleaseAccount[]> {
  const { facts } = world;
  const proposals = new Proposals(facts);
  await proposals.ofRound();
  const adopting = proposals.list().find(({ method }) => method === 'adopt_checkpoint');
  if (adopting) voted(adopting.argument!['plan'] as Parameters<Change>[0]);
  return releasesOf(facts, proposals, world.file.checkpoints);
}
const opened = (world: World) => world.one('fleet', 'releaseOpened', RELEASE);
const wave = (world: World, number: number) => world.one('fleet', 'waveBegun', { ...RELEASE, wave: number });
const completed = (world: World) => world.one('fleet', 'releaseCompleted', RELEASE);
const candidate = (world: World) => world.one('models', 'candidateSet', RELEASE);
const adoption = (world: World) => world.file.checkpoints[0]!.adoptions[0]!;
const counters = (entry: Entry) => entry.event['counters'] as Record<string, number>;
/** The release ends otherwise, and the registry was told so. */
function ends(world: World, type: string, state: string, more: JsonObject = {}): Entry {
  Object.assign(completed(world).event, { type, ...more });
  world.one('models', 'exposureSet', { ...RELEASE, state: 'completed' }).event['state'] = state;
  return world.one('fleet', type, RELEASE);
}
const stoppedByGate = (world: World): Entry =>
  ends(world, 'releaseStopped', 'stopped', { by: 'gate', reason: 'health gate' });
/** The gate judges pods in this release: so many of four were bad, said after that entry. */
function judged(world: World, bad: number, after: Entry): void {
  opened(world).event['judges'] = 'pods';
  world.add('fleet', { type: 'gateJudged', ...RELEASE, pods: 4, bad }, { after });
}
/** A part of what the account says, as text of the release. */
const holds = async (world: World, voted?: Change): Promise<string> => refusal(() => drawn(world, voted));

describe('a release', () => {
  it('is what the fleet’s log says, with the plan that was voted', async () => {
    const world = new World();
    expect(await drawn(world)).toEqual(world.file.releases);
  });

  it('need not be opened before its candidate is set, and is none without either', async () => {
    const world = new World();
    world.drop('fleet', 'releaseOpened', RELEASE);
    expect(await holds(world)).toMatch(/^missing: .*the release of adoption 2/);
    world.drop('models', 'candidateSet', RELEASE);
    expect(await drawn(world)).toEqual([]);
    const before = new World();
    before.drop('models', 'candidateSet', RELEASE);
    expect(await drawn(before)).toHaveLength(1);
  });

  it('of another adoption with the same version before it is not its candidate’s', async () => {
    const world = new World();
    const set = candidate(world);
    set.event['release'] = 9;
    expect(await holds(world)).toMatch(/^contradiction: .*the release of the candidate is 9/);
    set.index = adoption(world).adopted.entry;
    expect(await drawn(world)).toHaveLength(1);
  });

  it('that goes on has no end yet, and counts up to its last wave', async () => {
    const world = new World();
    world.drop('fleet', 'releaseCompleted', RELEASE);
    world.drop('models', 'exposureSet', { ...RELEASE, state: 'completed' });
    expect(await drawn(world)).toMatchObject([{ outcome: 'open', ended: null, why: null, counters: { windows: 344 } }]);
    world.drop('models', 'exposureSet', RELEASE);
    world.drop('fleet', 'waveBegun', RELEASE);
    const none = { windows: 0, corrections: 0, errors: 0, installed: 0, returned: 0 };
    expect(await drawn(world)).toMatchObject([{ outcome: 'open', waves: [], counters: none }]);
  });

  it('that was superseded says so', async () => {
    const world = new World();
    ends(world, 'releaseSuperseded', 'superseded');
    expect(await drawn(world)).toMatchObject([{ outcome: 'superseded', why: null, stoppedBy: null }]);
  });

  it('that was stopped says by whom and why, and a vote stands behind it where the governor did it', async () => {
    const world = new World();
    ends(world, 'releaseStopped', 'stopped', { by: 'operator', reason: 'smoke', authority: { operator: 'x' } });
    expect(await drawn(world)).toMatchObject([
      { outcome: 'stopped', why: 'smoke', stoppedBy: 'operator', authority: { operator: 'x' } },
    ]);
    world.one('fleet', 'releaseStopped', RELEASE).event['by'] = 'governor';
    world.one('fleet', 'releaseStopped', RELEASE).caller = world.file.canisters.governance.id;
    expect(await holds(world)).toMatch(/^missing: .*no executed proposal stands behind it/);
  });

  it('tells what held it up, in order', async () => {
    const world = new World();
    world.add('fleet', { type: 'releasePaused', ...RELEASE, wave: 1, authority: 'x' }, { after: wave(world, 1) });
    world.add('fleet', { type: 'soakSkipped', ...RELEASE }, { after: wave(world, 2) });
    world.add('fleet', { type: 'releasePaused', release: 3 }, { after: wave(world, 2) });
    const [{ holds: told }] = (await drawn(world)) as [ReleaseAccount];
    expect(told).toMatchObject([
      { what: 'releasePaused', wave: 1, authority: 'x' },
      { what: 'soakSkipped', wave: null, authority: null },
    ]);
  });

  it.each<[string, (world: World) => void, string]>([
    [
      'that somebody else opened',
      (w) => void (opened(w).caller = 'aaaaa-aa'),
      'contradiction: .*who opened the release',
    ],
    [
      'of another channel',
      (w) => void (opened(w).event['channel'] = 'beta'),
      'contradiction: .*the channel of the release',
    ],
    ['of another checkpoint', (w) => void (opened(w).event['checkpoint'] = 'x'), 'contradiction: .*the checkpoint of'],
    ['of another version', (w) => void (opened(w).event['version'] = 9), 'contradiction: .*the version of the release'],
    ['that was opened twice', (w) => w.add('fleet', { ...opened(w).event }), 'contradiction: .*a second time'],
    [
      'that ended twice',
      (w) => w.add('fleet', { ...completed(w).event, type: 'releaseSuperseded' }),
      'contradiction: .*release 2 ended twice',
    ],
    [
      'whose wave was left out',
      (w) => w.drop('fleet', 'waveBegun', { ...RELEASE, wave: 2 }),
      'contradiction: .*the wave of release 2 is 3, and it must be 2',
    ],
    [
      'that is complete without its last wave',
      (w) => {
        w.drop('fleet', 'waveBegun', { ...RELEASE, wave: 3 });
        w.drop('models', 'exposureSet', { ...RELEASE, threshold: 'f'.repeat(16), state: 'rolling' });
      },
      'contradiction: .*the number of waves of release 2 is 2, and it must be 3',
    ],
    [
      'whose first wave came before it',
      (w) => void (wave(w, 1).at = later(opened(w), -1n)),
      'contradiction: .*a wave before its release',
    ],
    [
      'whose wave was cut short by a nanosecond',
      (w) => void (wave(w, 3).at = later(wave(w, 2), 6n * SECOND - 1n)),
      'contradiction: .*wave 2 lasted less than the 6 s',
    ],
    [
      'whose last wave was cut short',
      (w) => void (completed(w).at = later(wave(w, 3), 6n * SECOND - 1n)),
      'contradiction: .*wave 3 lasted less',
    ],
    [
      'that was judged on a window too few',
      (w) => void (counters(wave(w, 2))['windows'] = 79),
      'contradiction: .*wave 1 was judged on 79 windows, and 80 were voted',
    ],
    [
      'that was complete on windows too few',
      (w) => void (counters(completed(w))['windows'] = 344 + 79),
      'contradiction: .*wave 3 was judged on 79',
    ],
    [
      'that went on with an error',
      (w) => void (counters(wave(w, 2))['errors'] = 1),
      'contradiction: .*the gate was closed after wave 1',
    ],
    [
      'that was complete with an error',
      (w) => void (counters(completed(w))['errors'] = 1),
      'contradiction: .*the gate was closed after wave 3',
    ],
    [
      'that went on with corrections in all',
      (w) => void (counters(wave(w, 2))['corrections'] = 44),
      'contradiction: .*the gate was closed after wave 1',
    ],
    [
      'that went on with corrections in its wave',
      (w) => void (counters(wave(w, 3))['corrections'] = 78),
      'contradiction: .*the gate was closed after wave 2',
    ],
    [
      'that was exposed to somebody else',
      (w) => void (w.one('models', 'exposureSet', RELEASE).event['threshold'] = '0'.repeat(16)),
      'missing: .*exposed as none of its waves says',
    ],
    [
      'whose exposure somebody else told',
      (w) => void (w.one('models', 'exposureSet', RELEASE).caller = 'aaaaa-aa'),
      'contradiction: .*who told of the exposure',
    ],
    [
      'that is told to have ended otherwise',
      (w) => void (w.one('models', 'exposureSet', { ...RELEASE, state: 'completed' }).event['state'] = 'stopped'),
      'missing: .*told to be stopped, and the fleet',
    ],
    [
      'of a counter that is no number',
      (w) => void Object.assign(counters(wave(w, 2)), { windows: 'many' }),
      'contradiction: .*a whole number',
    ],
    [
      'of a threshold that is no text',
      (w) => void (wave(w, 2).event['threshold'] = 5),
      'contradiction: .*text is expected',
    ],
    [
      'that a gate stopped which nothing closed',
      (w) => void stoppedByGate(w),
      'contradiction: .*its counters do not say why',
    ],
  ])('%s is refused', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await holds(world)).toMatch(new RegExp(`^${why}`));
  });

  it.each<[string, (world: World) => void]>([
    ['of which a wave lasted as long as was voted', (w) => void (wave(w, 3).at = later(wave(w, 2), 6n * SECOND))],
    ['that was judged on as many windows as were voted', (w) => void (counters(wave(w, 2))['windows'] = 80)],
    [
      'whose corrections are what the gate bears',
      (w) => {
        Object.assign(counters(wave(w, 2)), { windows: 100, corrections: 35 });
        counters(wave(w, 3))['corrections'] = 35;
      },
    ],
    [
      'of which a soak was skipped',
      (w) => {
        wave(w, 3).at = later(wave(w, 2), 1n);
        w.add('fleet', { type: 'soakSkipped', ...RELEASE }, { after: wave(w, 2) });
      },
    ],
    [
      'that reached no pod yet, and so has no windows',
      (w) => {
        wave(w, 1).event['exposed'] = 0;
        counters(wave(w, 2))['windows'] = 0;
      },
    ],
    ['that a gate stopped for an error', (w) => void (counters(stoppedByGate(w))['errors'] = 1)],
    ['that a gate stopped for corrections in all', (w) => void (counters(stoppedByGate(w))['corrections'] = 330)],
    [
      'that a gate stopped for corrections in its last wave',
      (w) => void (counters(stoppedByGate(w))['corrections'] = 2 + 210),
    ],
  ])('%s holds', async (_, change) => {
    const world = new World();
    change(world);
    expect(await holds(world)).toBe('holds');
  });

  it('is not cut short by a soak that was skipped in another wave, or release', async () => {
    for (const [after, release] of [
      [1, 2],
      [3, 2],
      [2, 3],
    ] as const) {
      const world = new World();
      wave(world, 3).at = later(wave(world, 2), 1n);
      world.add('fleet', { type: 'soakSkipped', release }, { after: wave(world, after) });
      expect(await holds(world)).toMatch(/^contradiction: .*wave 2 lasted less/);
    }
  });
});

describe('a gate that judges pods', () => {
  it('is closed by more than half of them, or by more than was voted, and not by corrections', async () => {
    const half = new World();
    judged(half, 2, wave(half, 1));
    counters(wave(half, 2))['corrections'] = 124;
    expect(await holds(half)).toBe('holds');
    expect(await holds(half, ({ gate }) => void (gate['max_bad_permille'] = [499]))).toMatch(
      /the gate was closed after wave 1/,
    );
    const most = new World();
    judged(most, 3, wave(most, 1));
    expect(await holds(most)).toMatch(/^contradiction: .*the gate was closed after wave 1/);
    const last = new World();
    judged(last, 3, wave(last, 3));
    expect(await holds(last)).toMatch(/^contradiction: .*the gate was closed after wave 3/);
  });

  it('is not closed by what it found in another wave, after its end, or of another release', async () => {
    const world = new World();
    judged(world, 3, completed(world));
    expect(await holds(world)).toBe('holds');
    world.all('fleet', 'gateJudged')[0]!.event['release'] = 9;
    expect(await holds(world)).toBe('holds');
  });

  it('stops a release for what it found last', async () => {
    const world = new World();
    judged(world, 3, wave(world, 3));
    stoppedByGate(world);
    expect(await holds(world)).toBe('holds');
    world.one('fleet', 'gateJudged').event['bad'] = 2;
    counters(world.one('fleet', 'releaseStopped', RELEASE))['corrections'] = 900;
    expect(await holds(world)).toMatch(/^contradiction: .*do not say why/);
    world.drop('fleet', 'gateJudged');
    expect(await holds(world)).toMatch(/^contradiction: .*do not say why/);
  });
});

describe('the plan of a release', () => {
  it('is read in either form, with what is optional', async () => {
    const [{ plan }] = (await drawn(new World(), (voted) => {
      Object.assign(voted, { shares: [[10, 100, 1000]] });
      Object.assign(voted.gate, { min_pods: [3], min_pod_windows: [20], max_bad_permille: [400] });
    })) as [ReleaseAccount];
    expect(plan).toEqual({
      shares: [10, 100, 1000],
      soakSeconds: 6,
      gate: {
        ...{ minWindows: 80, maxCorrectionPermille: 350, maxErrors: 0 },
        ...{ minPods: 3, minPodWindows: 20, maxBadPermille: 400 },
      },
    });
    const [{ plan: bare }] = (await drawn(new World(), ({ gate }) => void (gate['min_pods'] = []))) as [ReleaseAccount];
    expect(bare!.gate).not.toHaveProperty('minPods');
  });

  it('is not known where its vote came before the file starts: then nothing is judged', async () => {
    const world = new World();
    adoption(world).proposal = null;
    wave(world, 3).at = later(wave(world, 2), 1n);
    expect(await drawn(world)).toMatchObject([{ plan: null, outcome: 'completed' }]);
  });
});

describe('rollbacks', () => {
  const told = async (world: World, releases: object[]): Promise<RollbackAccount[]> => {
    const { facts } = world;
    return rollbacksOf(facts, new Proposals(facts), releases as ReleaseAccount[]);
  };

  it('that took a channel from a version of the round, or back to it, are told; others are not', async () => {
    const world = new World();
    expect(await told(world, [{ channel: 'stable', version: 2 }])).toEqual(world.file.rollbacks);
    expect(await told(world, [{ channel: 'stable', version: 3 }])).toEqual([]);
    expect(await told(world, [{ channel: 'beta', version: 2 }])).toEqual([]);
    world.one('models', 'channelRolledBack').event['from'] = null;
    expect(await told(world, [{ channel: 'stable', version: 1 }])).toMatchObject([
      { from: null, version: 1 },
      { from: 1 },
    ]);
  });

  it('that no vote stands behind are refused', async () => {
    const world = new World();
    world.one('models', 'channelRolledBack').event['reason'] = 'a favour';
    expect(await refusal(() => told(world, [{ channel: 'stable', version: 2 }]))).toMatch(
      /^missing: .*no executed proposal/,
    );
  });
});
