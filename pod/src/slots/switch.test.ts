import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Backoff } from '../clock.js';
import { candidateOf, channel, EVERYBODY } from '../home.fixture.js';
import { broken, candidate, crash, Device, first, killed, outcome, second, stable, third } from './device.fixture.js';

let device: Device;
beforeEach(async () => {
  device = await Device.open();
});
afterEach(() => device.close());

describe('a checkpoint that is installed', () => {
  it('runs in the slot that did not; what ran before may be gone back to, and older chunks are gone', async () => {
    const one = device.restarted();
    await one.install(stable(first), channel(1, first));
    expect(device.state.value).toMatchObject({
      active: 'a',
      previous: null,
      phase: 'following',
      slots: { a: stable(first) },
    });
    await one.install(candidate(second), channel(2, first, candidateOf(second)));
    expect(device.state.value).toMatchObject({ active: 'b', previous: 'a', phase: 'probation', probationStarts: 0 });
    expect([one.fallback, one.previous, one.installed]).toEqual(['a', stable(first), candidate(second)]);
    expect(device.events()).toEqual([{ installed: null }]);
    expect(one.running?.died).toBeUndefined();
    one.settle();
    expect([device.state.value.phase, one.installed]).toEqual(['following', stable(second, 2)]);
    await one.install(stable(third, 3), channel(3, third, null, 3));
    expect(device.state.value).toMatchObject({ active: 'a', previous: 'b' });
    expect(readdirSync(`${device.disk.folder}/chunks`)).toHaveLength(3); // a model, and two self-tests
    expect(device.disk.log.filter((event) => event === 'switched')).toHaveLength(3);
  });

  it('leaves nothing to go back to where the channel withdrew what ran', async () => {
    await device.onProbation();
    const one = device.restarted();
    await one.install(stable(third, 3), channel(3, third, null, 3));
    expect([device.state.value.previous, one.fallback]).toEqual([null, null]);
  });

  it('is not fetched again where it lies in the slot already, and is where that is damaged', async () => {
    await device.put((kept) => void (kept.active = 'b'), { a: second, b: first });
    device.forgetChunks();
    const fetched = device.disk.fetched;
    const one = device.restarted();
    await one.install(stable(second, 2), channel(2, second, null, 2));
    expect([device.disk.fetched, one.installed]).toEqual([fetched, stable(second, 2)]);
    await one.goBack('x', 'again');
    await device.put(() => {}, { a: second });
    device.damage('a');
    const again = device.restarted();
    await again.install(stable(second, 2), channel(2, second, null, 2));
    expect(device.disk.fetched).toBeGreaterThan(fetched);
    expect(device.disk.slots.whole('a', second.id)).toBeDefined();
  });

  it('empties no slot before its chunks are there', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'b', previous: 'a' }), { a: second, b: first });
    const kept = new Map(device.disk.repository.files);
    for (const path of kept.keys()) if (path.startsWith('/chunks/')) device.disk.repository.files.delete(path);
    device.forgetChunks();
    const one = device.restarted();
    const wanted = stable(third, 3);
    expect(await outcome(one.install(wanted, channel(3, third, null, 3)))).toBe('network');
    expect([device.state.value.slots.a, device.state.value.previous]).toEqual([stable(second), 'a']);
    // the way's fault: tried again with the next turn
    expect(await outcome(one.install(wanted, channel(3, third, null, 3)))).toBe('network');
  });

  it('that the device is not fit for is tried again after a while', async () => {
    const one = device.restarted();
    writeFileSync(device.disk.path(), 'in the way');
    expect(await outcome(one.install(stable(first), channel(1, first)))).toMatch(/ENOTDIR|EEXIST/);
    expect(await outcome(one.install(stable(first), channel(1, first)))).toBe('later');
    expect([device.state.value.refused, device.state.value.active]).toEqual([[], null]);
  });

  it('that is wrong is refused and told; what ran runs on, and its slot is no way back any more', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: first, b: second });
    const one = device.restarted();
    await one.install(candidate(broken), channel(2, first, candidateOf(broken)));
    expect(device.state.value).toMatchObject({ active: 'a', previous: null, slots: { b: null } });
    expect(device.state.value.refused).toEqual([{ checkpoint: broken.id, release: 7, sequence: 0 }]);
    expect(device.events()).toEqual([{ failed: 'modelDoesNotLoad: ' }]);
    expect(device.disk.log).toContain('refused');
  });

  it('that took the device down while it was started is given up', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'b', starting: [{ checkpoint: second.id, times: 1 }] }), {
      b: first,
    });
    const one = device.restarted();
    const requests = device.disk.repository.requests.length;
    await one.install(candidate(second), channel(2, first, candidateOf(second)));
    expect([device.state.value.starting, device.disk.repository.requests.length]).toEqual([[], requests]);
    expect(device.state.value.refused).toMatchObject([{ checkpoint: second.id }]);
    expect(device.state.value.history).toMatchObject([
      { version: 1, why: expect.stringContaining('started version 2') },
    ]);
    expect([device.events().length, device.disk.log]).toEqual([1, ['given up']]);
  });
});

describe('a pod that starts', () => {
  it('starts nothing where nothing is installed', async () => {
    const one = device.restarted();
    await one.bringUp();
    await one.goBack('x', 'blame');
    expect([one.running, one.installed, one.fallback, device.state.value.history]).toEqual([undefined, null, null, []]);
    expect(await one.restore(stable(first))).toBe('later');
  });

  it('fills a damaged slot again, and runs it', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    device.damage('a');
    const one = device.restarted();
    await one.bringUp();
    expect([one.running !== undefined, device.disk.log]).toEqual([true, ['slot damaged']]);
  });

  it('does not mend a candidate: the version before runs, and the candidate is tried again', async () => {
    await device.onProbation();
    device.damage('a');
    const one = device.restarted();
    await one.bringUp();
    expect(device.state.value).toMatchObject({
      active: 'b',
      previous: null,
      phase: 'following',
      slots: { a: null },
      refused: [],
    });
    expect([device.disk.log, device.events()]).toEqual([['slot damaged', 'went back'], []]);
    expect(device.state.value.history).toMatchObject([
      { version: 1, why: expect.stringMatching(/^back from version 2: /) },
    ]);
  });

  it('goes back where a slot cannot be mended, and without a way back tells the damage and waits', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    rmSync(device.disk.path('a'), { recursive: true });
    const one = device.restarted();
    await one.bringUp();
    expect([device.state.value.active, device.disk.log]).toEqual([
      'b',
      ['slot damaged', 'slot not mended', 'went back'],
    ]);
    await one.leaveRunning();
    rmSync(device.disk.path('b'), { recursive: true });
    const again = device.restarted();
    expect(await outcome(again.bringUp())).toBe('slotDamaged');
    expect(await outcome(again.bringUp())).toBe('later');
    expect(device.state.value.active).toBe('b');
  });

  it('leaves a model that does not load for the one before, and the channel’s only one for nothing', async () => {
    await device.onProbation(broken);
    const one = device.restarted();
    await one.bringUp();
    expect([device.state.value.active, device.events()]).toEqual(['b', [{ returned: 'modelDoesNotLoad: ' }]]);
    expect(device.state.value.refused).toMatchObject([{ checkpoint: broken.id, release: 7 }]);
    await one.leaveRunning();
    await device.put(
      (kept) => Object.assign(kept, { active: 'a', previous: null, slots: { ...kept.slots, b: null } }),
      {
        a: broken,
      },
    );
    const alone = device.restarted();
    expect(await outcome(alone.bringUp())).toBe('modelDoesNotLoad');
    expect(await outcome(alone.bringUp())).toBe('later');
    expect([device.state.value.active, device.state.value.refused.length]).toEqual(['a', 1]);
  });

  it('restores what the channel names from the network, and waits after a failure', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    rmSync(device.disk.path('a'), { recursive: true });
    device.forgetChunks();
    const kept = new Map(device.disk.repository.files);
    device.disk.repository.files.clear();
    const one = device.restarted();
    expect(await outcome(one.restore(stable(first)))).toBe('network');
    expect(await one.restore(stable(first))).toBe('later');
    for (const [path, bytes] of kept) device.disk.repository.files.set(path, bytes);
    const again = device.restarted();
    await again.restore(stable(first));
    expect(again.running).toBeDefined();
    await again.leaveRunning();
    expect(await again.restore(stable(first))).toBeUndefined();
  });
});

describe('a model whose process ended', () => {
  const ENDED_THRICE = { restarts: 3 };
  const restarts = () => device.disk.log.filter((event) => event === 'runtime restarted').length;

  it('is started again three times; after a fourth end of its own it is left, refused and told', async () => {
    await device.put(
      (kept) => Object.assign(kept, { active: 'a', previous: 'b', slots: { ...kept.slots, a: candidate(second) } }),
      {
        a: second,
        b: first,
      },
    );
    device.disk.state.change((kept) => void (kept.slots.a = candidate(second)));
    const one = device.restarted();
    for (let times = 0; times < 3; times += 1) await one.revive(crash());
    expect([device.state.value.active, restarts(), device.state.value.refused]).toEqual(['a', 3, []]);
    await one.revive(crash());
    expect([device.state.value.active, restarts(), device.events()]).toEqual(['b', 3, [{ returned: 'runtimeDied: ' }]]);
    expect(device.state.value.refused).toHaveLength(1);
  });

  it('is not blamed where one of the ends was the device’s: it is put off on probation, and says why', async () => {
    await device.onProbation();
    const one = device.restarted();
    await one.revive(killed());
    Object.assign(one, ENDED_THRICE);
    await one.revive(crash());
    expect([device.state.value.active, device.state.value.refused, device.events()]).toEqual(['b', [], []]);
    const putOff = one.install(candidate(second), channel(2, first, candidateOf(second, EVERYBODY)));
    await expect(putOff).rejects.toMatchObject({ code: 'putOff', message: expect.stringContaining('it crashed') });
  });

  it('without a way back is started again and again, at ever longer distances', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    const one = device.restarted();
    Object.assign(one, ENDED_THRICE, { backoff: new Backoff(60_000, 600_000) }); // a start may take a while
    await one.revive(crash());
    expect([device.state.value.active, restarts()]).toEqual(['a', 1]);
    expect(await one.revive(crash())).toBe('later');
    expect(restarts()).toBe(1);
  });

  it('and that ran for an hour before, had been started well: earlier ends do not count', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    const one = device.restarted();
    await one.bringUp();
    Object.assign(one, ENDED_THRICE);
    Object.assign(one.running!, { since: performance.now() - 3_600_100 });
    await one.revive(crash());
    expect([device.state.value.active, restarts()]).toEqual(['a', 1]);
  });
});

describe('what a candidate is seen doing', () => {
  it('is reported once, and only while it is one', async () => {
    await device.onProbation();
    const one = device.restarted();
    one.reportCounters();
    await one.bringUp();
    one.reportCounters();
    expect(device.events()).toEqual([]);
    one.running!.answered();
    one.running!.judged(true);
    one.reportCounters();
    one.reportCounters();
    expect(device.state.value.reports.waiting).toMatchObject([
      { release: 7, event: { health: null }, windows: 1, corrections: 1 },
    ]);
    one.running!.answered();
    await one.goBack('x', 'blame');
    expect(device.state.value.reports.waiting.at(-1)).toMatchObject({ event: { returned: 'other: ' }, windows: 1 });
    one.running!.answered();
    one.reportCounters();
    expect(device.events()).toHaveLength(2);
  });

  it('is told of its records while it runs, and is over with it', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    const one = device.restarted();
    await one.bringUp();
    for (let tries = 0; tries < 100 && device.troubles.length === 0; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(device.troubles).toMatchObject([{ code: 'noRecordings' }]);
    await one.leaveRunning();
    expect([one.running, device.troubles.at(-1)]).toEqual([undefined, null]);
  });
});

describe('what the channel withdrew', () => {
  it('is no way back any more, also as the bootstrap model, but where that runs', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'bootstrap' }), {
      a: first,
      bootstrap: second,
    });
    device.disk.state.change((kept) => void (kept.slots.bootstrap = stable(second, 9)));
    const one = device.restarted();
    expect(one.fallback).toBe('bootstrap');
    one.forgetWithdrawn(channel(1, first, null, 9));
    expect(one.fallback).toBe('bootstrap');
    one.forgetWithdrawn(channel(2, first, null, 1));
    expect([one.fallback, device.state.value.previous, device.state.value.slots.bootstrap]).toEqual([null, null, null]);
    device.disk.state.change((kept) => {
      kept.slots.bootstrap = stable(second, 9);
      kept.active = 'bootstrap';
    });
    const running = device.restarted();
    running.forgetWithdrawn(channel(2, first, null, 1));
    expect(device.state.value.slots.bootstrap).toEqual(stable(second, 9));
  });

  it('in the slot before is forgotten; the bootstrap model is no way out of itself', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), {
      a: first,
      b: second,
      bootstrap: first,
    });
    device.disk.state.change((kept) => void (kept.slots.b = stable(second, 2)));
    const one = device.restarted();
    expect(one.fallback).toBe('b');
    one.forgetWithdrawn(channel(2, first, null, 1));
    expect([device.state.value.previous, one.fallback, one.previous]).toEqual([null, null, null]);
    expect(device.state.value.slots.bootstrap).not.toBeNull();
  });

  it('is left for the bootstrap model where there is nothing else', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: second, bootstrap: first });
    const one = device.restarted();
    await one.goBack('the channel withdrew it', 'again');
    expect([device.state.value.active, one.running !== undefined, one.fallback]).toEqual(['bootstrap', true, null]);
  });
});

it('a pod whose state was lost recovers its bootstrap model when it is made', async () => {
  await device.put((kept) => void (kept.active = 'bootstrap'), { bootstrap: first });
  await device.restarted().lookAfter();
  rmSync(`${device.disk.folder}/pod.json`);
  const one = device.restarted();
  expect(one.installed).toEqual(stable(first));
  expect(existsSync(device.disk.path('bootstrap', 'installed.json'))).toBe(true);
});

it('the first official checkpoint that runs without fault is kept as the bootstrap model', async () => {
  await device.put((kept) => void (kept.active = 'a'), { a: first });
  const one = device.restarted();
  await one.lookAfter();
  expect(device.state.value.slots.bootstrap).toBeNull();
  await one.bringUp();
  one.running!.died = crash();
  await one.lookAfter();
  expect(device.state.value.slots.bootstrap).toBeNull();
  one.running!.died = undefined;
  await one.lookAfter();
  expect(device.state.value.slots.bootstrap).toEqual(stable(first));
});
