import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Backoff } from '../clock.js';
import { PodError } from '../errors.js';
import { candidateOf, channel, EVERYBODY } from '../home.fixture.js';
import { checkpointSaying } from '../repository.fixture.js';
import type { Installed, PodState, StateFile } from '../state/state.js';
import type { Trouble } from '../trouble.js';
import { Disk, trusted, type Checkpoint } from './slots.fixture.js';
import { Switch } from './switch.js';

const [first, second, third] = [0, 0.0001, 0.0002].map((selfTest) => checkpointSaying(0, { selfTest })) as [
  Checkpoint,
  Checkpoint,
  Checkpoint,
];
const broken = checkpointSaying(0, { model: Buffer.from('no model') });
const stable = ({ id }: Checkpoint, version = 1): Installed => ({ checkpoint: id, version, release: null });
const candidate = ({ id }: Checkpoint, version = 2): Installed => ({ checkpoint: id, version, release: 7 });
const crash = (): PodError => new PodError('runtimeDied', {}, 'it crashed');
const killed = (): PodError => new PodError('runtimeKilled', {}, 'the device killed it');

let disk: Disk;
let state: StateFile;
let made: Switch[];
let troubles: (Trouble | null)[];
beforeEach(async () => {
  disk = await Disk.open();
  disk.offer(first, second, third, broken);
  state = disk.state;
  [made, troubles] = [[], []];
});
afterEach(async () => {
  await Promise.all(made.map((one) => one.leaveRunning()));
  await disk.close();
});

/** As after a restart. */
function restarted(): Switch {
  state = disk.state;
  const one = new Switch(state, disk.trust, {
    directory: disk.folder,
    fetcher: disk.fetcher,
    motion: { recordings: disk.path('..', 'recordings'), person: 'p1', windowsPerSecond: 1 },
    log: (event) => void disk.log.push(event),
    motionTrouble: (trouble) => void troubles.push(trouble),
  });
  made.push(one);
  return one;
}
/** Puts checkpoints into slots without running them. */
async function put(change: (state: PodState) => void, slots: Partial<Record<'a' | 'b' | 'bootstrap', Checkpoint>>) {
  for (const [slot, checkpoint] of Object.entries(slots))
    await disk.slots.fill(slot as 'a', trusted(checkpoint), disk.chunks);
  disk.state.change((kept) => {
    for (const [slot, checkpoint] of Object.entries(slots)) kept.slots[slot as 'a'] = stable(checkpoint);
    change(kept);
  });
}
/** A candidate in slot a that runs beside a stable version in slot b, before it is started. */
const onProbation = (checkpoint = second) =>
  put(
    (kept) =>
      Object.assign(kept, {
        ...{ active: 'a', previous: 'b', phase: 'probation' },
        slots: { ...kept.slots, a: candidate(checkpoint) },
      }),
    { a: checkpoint, b: first },
  );
const damage = (slot: string, file = 'model.onnx'): void => writeFileSync(disk.path(slot, file), 'x');
const events = () => state.value.reports.waiting.map(({ event }) => event);
const forgetChunks = (): void => rmSync(`${disk.folder}/chunks`, { recursive: true, force: true });
/** What becomes of a promise: its value, or the code of its error. */
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error as PodError).code);

describe('a checkpoint that is installed', () => {
  it('runs in the slot that did not; what ran before may be gone back to, and older chunks are gone', async () => {
    const one = restarted();
    await one.install(stable(first), channel(1, first));
    expect(state.value).toMatchObject({ active: 'a', previous: null, phase: 'following', slots: { a: stable(first) } });
    await one.install(candidate(second), channel(2, first, candidateOf(second)));
    expect(state.value).toMatchObject({ active: 'b', previous: 'a', phase: 'probation', probationStarts: 0 });
    expect([one.fallback, one.previous, one.installed]).toEqual(['a', stable(first), candidate(second)]);
    expect(events()).toEqual([{ installed: null }]);
    expect(one.running?.died).toBeUndefined();
    one.settle();
    expect([state.value.phase, one.installed]).toEqual(['following', stable(second, 2)]);
    await one.install(stable(third, 3), channel(3, third, null, 3));
    expect(state.value).toMatchObject({ active: 'a', previous: 'b' });
    expect(readdirSync(`${disk.folder}/chunks`)).toHaveLength(3); // one model, and the self-tests of two versions
    expect(disk.log.filter((event) => event === 'switched')).toHaveLength(3);
  });

  it('leaves nothing to go back to where the channel withdrew what ran', async () => {
    await onProbation();
    const one = restarted();
    await one.install(stable(third, 3), channel(3, third, null, 3));
    expect([state.value.previous, one.fallback]).toEqual([null, null]);
  });

  it('is not fetched again where it lies in the slot already, and is where that is damaged', async () => {
    await put((kept) => void (kept.active = 'b'), { a: second, b: first });
    forgetChunks();
    const fetched = disk.fetched;
    const one = restarted();
    await one.install(stable(second, 2), channel(2, second, null, 2));
    expect([disk.fetched, one.installed]).toEqual([fetched, stable(second, 2)]);
    await one.goBack('x', 'again');
    await put(() => {}, { a: second });
    damage('a');
    const again = restarted();
    await again.install(stable(second, 2), channel(2, second, null, 2));
    expect(disk.fetched).toBeGreaterThan(fetched);
    expect(disk.slots.whole('a', second.id)).toBeDefined();
  });

  it('empties no slot before its chunks are there', async () => {
    await put((kept) => Object.assign(kept, { active: 'b', previous: 'a' }), { a: second, b: first });
    const kept = new Map(disk.repository.files);
    for (const path of kept.keys()) if (path.startsWith('/chunks/')) disk.repository.files.delete(path);
    forgetChunks();
    const one = restarted();
    const wanted = stable(third, 3);
    expect(await outcome(one.install(wanted, channel(3, third, null, 3)))).toBe('network');
    expect([state.value.slots.a, state.value.previous]).toEqual([stable(second), 'a']);
    // the way's fault: tried again with the next turn
    expect(await outcome(one.install(wanted, channel(3, third, null, 3)))).toBe('network');
  });

  it('that the device is not fit for is tried again after a while', async () => {
    const one = restarted();
    writeFileSync(disk.path(), 'in the way');
    expect(await outcome(one.install(stable(first), channel(1, first)))).toMatch(/ENOTDIR|EEXIST/);
    expect(await outcome(one.install(stable(first), channel(1, first)))).toBe('later');
    expect([state.value.refused, state.value.active]).toEqual([[], null]);
  });

  it('that is wrong is refused and told; what ran runs on, and its slot is no way back any more', async () => {
    await put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: first, b: second });
    const one = restarted();
    await one.install(candidate(broken), channel(2, first, candidateOf(broken)));
    expect(state.value).toMatchObject({ active: 'a', previous: null, slots: { b: null } });
    expect(state.value.refused).toEqual([{ checkpoint: broken.id, release: 7, sequence: 0 }]);
    expect(events()).toEqual([{ failed: 'modelDoesNotLoad: ' }]);
    expect(disk.log).toContain('refused');
  });

  it('that took the device down while it was started is given up', async () => {
    await put((kept) => Object.assign(kept, { active: 'b', starting: [{ checkpoint: second.id, times: 1 }] }), {
      b: first,
    });
    const one = restarted();
    const requests = disk.repository.requests.length;
    await one.install(candidate(second), channel(2, first, candidateOf(second)));
    expect([state.value.starting, disk.repository.requests.length]).toEqual([[], requests]);
    expect(state.value.refused).toMatchObject([{ checkpoint: second.id }]);
    expect(state.value.history).toMatchObject([{ version: 1, why: expect.stringContaining('started version 2') }]);
    expect([events().length, disk.log]).toEqual([1, ['given up']]);
  });
});

describe('a pod that starts', () => {
  it('starts nothing where nothing is installed', async () => {
    const one = restarted();
    await one.bringUp();
    await one.goBack('x', 'blame');
    expect([one.running, one.installed, one.fallback, state.value.history]).toEqual([undefined, null, null, []]);
    expect(await one.restore(stable(first))).toBe('later');
  });

  it('fills a damaged slot again, and runs it', async () => {
    await put((kept) => void (kept.active = 'a'), { a: first });
    damage('a');
    const one = restarted();
    await one.bringUp();
    expect([one.running !== undefined, disk.log]).toEqual([true, ['slot damaged']]);
  });

  it('does not mend a candidate: the version before runs, and the candidate is tried again', async () => {
    await onProbation();
    damage('a');
    const one = restarted();
    await one.bringUp();
    expect(state.value).toMatchObject({
      active: 'b',
      previous: null,
      phase: 'following',
      slots: { a: null },
      refused: [],
    });
    expect([disk.log, events()]).toEqual([['slot damaged', 'went back'], []]);
    expect(state.value.history).toMatchObject([{ version: 1, why: expect.stringMatching(/^back from version 2: /) }]);
  });

  it('goes back where a slot cannot be mended, and without a way back tells the damage and waits', async () => {
    await put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    rmSync(disk.path('a'), { recursive: true });
    const one = restarted();
    await one.bringUp();
    expect([state.value.active, disk.log]).toEqual(['b', ['slot damaged', 'slot not mended', 'went back']]);
    await one.leaveRunning();
    rmSync(disk.path('b'), { recursive: true });
    const again = restarted();
    expect(await outcome(again.bringUp())).toBe('slotDamaged');
    expect(await outcome(again.bringUp())).toBe('later');
    expect(state.value.active).toBe('b');
  });

  it('leaves a model that does not load for the one before, and the channel’s only one for nothing', async () => {
    await onProbation(broken);
    const one = restarted();
    await one.bringUp();
    expect([state.value.active, events()]).toEqual(['b', [{ returned: 'modelDoesNotLoad: ' }]]);
    expect(state.value.refused).toMatchObject([{ checkpoint: broken.id, release: 7 }]);
    await one.leaveRunning();
    await put((kept) => Object.assign(kept, { active: 'a', previous: null, slots: { ...kept.slots, b: null } }), {
      a: broken,
    });
    const alone = restarted();
    expect(await outcome(alone.bringUp())).toBe('modelDoesNotLoad');
    expect(await outcome(alone.bringUp())).toBe('later');
    expect([state.value.active, state.value.refused.length]).toEqual(['a', 1]);
  });

  it('restores what the channel names from the network, and waits after a failure', async () => {
    await put((kept) => void (kept.active = 'a'), { a: first });
    rmSync(disk.path('a'), { recursive: true });
    forgetChunks();
    const kept = new Map(disk.repository.files);
    disk.repository.files.clear();
    const one = restarted();
    expect(await outcome(one.restore(stable(first)))).toBe('network');
    expect(await one.restore(stable(first))).toBe('later');
    for (const [path, bytes] of kept) disk.repository.files.set(path, bytes);
    const again = restarted();
    await again.restore(stable(first));
    expect(again.running).toBeDefined();
    expect(await again.restore(stable(first))).toBeUndefined();
  });
});

describe('a model whose process ended', () => {
  const ENDED_THRICE = { restarts: 3 };
  const restarts = () => disk.log.filter((event) => event === 'runtime restarted').length;

  it('is started again three times; after a fourth end of its own it is left, refused and told', async () => {
    await put(
      (kept) => Object.assign(kept, { active: 'a', previous: 'b', slots: { ...kept.slots, a: candidate(second) } }),
      {
        a: second,
        b: first,
      },
    );
    disk.state.change((kept) => void (kept.slots.a = candidate(second)));
    const one = restarted();
    for (let times = 0; times < 3; times += 1) await one.revive(crash());
    expect([state.value.active, restarts(), state.value.refused]).toEqual(['a', 3, []]);
    await one.revive(crash());
    expect([state.value.active, restarts(), events()]).toEqual(['b', 3, [{ returned: 'runtimeDied: ' }]]);
    expect(state.value.refused).toHaveLength(1);
  });

  it('is not blamed where one of the ends was the device’s: it is put off on probation, and says why', async () => {
    await onProbation();
    const one = restarted();
    await one.revive(killed());
    Object.assign(one, ENDED_THRICE);
    await one.revive(crash());
    expect([state.value.active, state.value.refused, events()]).toEqual(['b', [], []]);
    const putOff = one.install(candidate(second), channel(2, first, candidateOf(second, EVERYBODY)));
    await expect(putOff).rejects.toMatchObject({ code: 'putOff', message: expect.stringContaining('it crashed') });
  });

  it('without a way back is started again and again, at ever longer distances', async () => {
    await put((kept) => void (kept.active = 'a'), { a: first });
    const one = restarted();
    Object.assign(one, ENDED_THRICE, { backoff: new Backoff(60_000, 600_000) }); // a start may take a while
    await one.revive(crash());
    expect([state.value.active, restarts()]).toEqual(['a', 1]);
    expect(await one.revive(crash())).toBe('later');
    expect(restarts()).toBe(1);
  });

  it('and that ran for an hour before, had been started well: earlier ends do not count', async () => {
    await put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    const one = restarted();
    await one.bringUp();
    Object.assign(one, ENDED_THRICE);
    Object.assign(one.running!, { since: performance.now() - 3_600_100 });
    await one.revive(crash());
    expect([state.value.active, restarts()]).toEqual(['a', 1]);
  });
});

describe('what a candidate is seen doing', () => {
  it('is reported once, and only while it is one', async () => {
    await onProbation();
    const one = restarted();
    one.reportCounters();
    await one.bringUp();
    one.reportCounters();
    expect(events()).toEqual([]);
    one.running!.answered();
    one.running!.judged(true);
    one.reportCounters();
    one.reportCounters();
    expect(state.value.reports.waiting).toMatchObject([
      { release: 7, event: { health: null }, windows: 1, corrections: 1 },
    ]);
    one.running!.answered();
    await one.goBack('x', 'blame');
    expect(state.value.reports.waiting.at(-1)).toMatchObject({ event: { returned: 'other: ' }, windows: 1 });
    one.running!.answered();
    one.reportCounters();
    expect(events()).toHaveLength(2);
  });

  it('is told of its records while it runs, and is over with it', async () => {
    await put((kept) => void (kept.active = 'a'), { a: first });
    const one = restarted();
    await one.bringUp();
    for (let tries = 0; tries < 100 && troubles.length === 0; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(troubles).toMatchObject([{ code: 'noRecordings' }]);
    await one.leaveRunning();
    expect([one.running, troubles.at(-1)]).toEqual([undefined, null]);
  });
});

describe('what the channel withdrew', () => {
  it('is no way back any more, also as the bootstrap model, but where that runs', async () => {
    await put((kept) => Object.assign(kept, { active: 'a', previous: 'bootstrap' }), { a: first, bootstrap: second });
    disk.state.change((kept) => void (kept.slots.bootstrap = stable(second, 9)));
    const one = restarted();
    expect(one.fallback).toBe('bootstrap');
    one.forgetWithdrawn(channel(1, first, null, 9));
    expect(one.fallback).toBe('bootstrap');
    one.forgetWithdrawn(channel(2, first, null, 1));
    expect([one.fallback, state.value.previous, state.value.slots.bootstrap]).toEqual([null, null, null]);
    disk.state.change((kept) => {
      kept.slots.bootstrap = stable(second, 9);
      kept.active = 'bootstrap';
    });
    const running = restarted();
    running.forgetWithdrawn(channel(2, first, null, 1));
    expect(state.value.slots.bootstrap).toEqual(stable(second, 9));
  });

  it('in the slot before is forgotten; the bootstrap model is no way out of itself', async () => {
    await put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: first, b: second, bootstrap: first });
    disk.state.change((kept) => void (kept.slots.b = stable(second, 2)));
    const one = restarted();
    expect(one.fallback).toBe('b');
    one.forgetWithdrawn(channel(2, first, null, 1));
    expect([state.value.previous, one.fallback, one.previous]).toEqual([null, null, null]);
    expect(state.value.slots.bootstrap).not.toBeNull();
  });

  it('is left for the bootstrap model where there is nothing else', async () => {
    await put((kept) => void (kept.active = 'a'), { a: second, bootstrap: first });
    const one = restarted();
    await one.goBack('the channel withdrew it', 'again');
    expect([state.value.active, one.running !== undefined, one.fallback]).toEqual(['bootstrap', true, null]);
  });
});

it('a pod whose state was lost recovers its bootstrap model when it is made', async () => {
  await put((kept) => void (kept.active = 'bootstrap'), { bootstrap: first });
  await restarted().lookAfter();
  rmSync(`${disk.folder}/pod.json`);
  const one = restarted();
  expect(one.installed).toEqual(stable(first));
  expect(existsSync(disk.path('bootstrap', 'installed.json'))).toBe(true);
});

it('the first official checkpoint that runs without fault is kept as the bootstrap model', async () => {
  await put((kept) => void (kept.active = 'a'), { a: first });
  const one = restarted();
  await one.lookAfter();
  expect(state.value.slots.bootstrap).toBeNull();
  await one.bringUp();
  one.running!.died = crash();
  await one.lookAfter();
  expect(state.value.slots.bootstrap).toBeNull();
  one.running!.died = undefined;
  await one.lookAfter();
  expect(state.value.slots.bootstrap).toEqual(stable(first));
});
