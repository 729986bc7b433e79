/** What a switch must not take for something else: damage, the model's fault, the device's, or nothing at all. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { Backoff } from '../clock.js';
import { candidateOf, channel } from '../home.fixture.js';
import { noCounters } from '../runtime/messages.js';
import { broken, candidate, crash, Device, first, killed, outcome, second, stable, third } from './device.fixture.js';

const ENDED_THRICE = { restarts: 3 };
const LONG = (): { backoff: Backoff } => ({ backoff: new Backoff(60_000, 600_000) });

let device: Device;
beforeEach(async () => {
  device = await Device.open();
});
afterEach(() => device.close());

describe('a pod with nothing installed', () => {
  it('does nothing, and complains of nothing', async () => {
    const one = device.restarted();
    await one.bringUp();
    one.settle();
    one.forgetWithdrawn(channel(1, first));
    expect([device.disk.log, device.state.value.phase]).toEqual([[], 'following']);
  });

  it('has its bootstrap model to go to, and no empty slot', async () => {
    await device.put(() => {}, { bootstrap: first });
    expect(device.restarted().fallback).toBe('bootstrap');
    device.disk.state.change((kept) => void (kept.previous = 'b'));
    expect(device.restarted().fallback).toBe('bootstrap');
  });

  it('tries a model three times before it gives it up', async () => {
    const starting = (times: number) =>
      device.disk.state.change((kept) => void (kept.starting = [{ checkpoint: second.id, times }]));
    device.disk.repository.files.clear();
    starting(2);
    expect(await outcome(device.restarted().install(candidate(second), channel(2, null, candidateOf(second))))).toBe(
      'network',
    );
    starting(3);
    await device.restarted().install(candidate(second), channel(2, null, candidateOf(second)));
    expect(device.disk.log).toEqual(['given up']);
    expect(device.state.value.history).toMatchObject([{ version: 0 }]);
  });
});

describe('a start', () => {
  it('that fails for the device is no damage, and waits', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    rmSync(device.disk.path('a', 'model.onnx'));
    mkdirSync(device.disk.path('a', 'model.onnx'));
    const one = device.restarted();
    expect(await outcome(one.bringUp())).toBe('EISDIR');
    expect(await outcome(one.bringUp())).toBe('later');
    expect([device.disk.log, device.state.value.active]).toEqual([[], 'a']);
  });

  it('of the channel’s version is not held up by a disk that takes no note; a candidate’s is', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    mkdirSync(`${device.disk.folder}/pod.json.new`);
    const one = device.restarted();
    await one.bringUp();
    expect(one.running).toBeDefined();
    rmSync(`${device.disk.folder}/pod.json.new`, { recursive: true });
    device.disk.state.change((kept) => void (kept.slots.a = candidate(first)));
    mkdirSync(`${device.disk.folder}/pod.json.new`);
    const other = device.restarted();
    expect(await outcome(other.bringUp())).toMatch(/EISDIR/);
    expect(other.running).toBeUndefined();
  });

  it('that fails leaves a candidate for nothing where it is alone, and a stable one for what was before', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: broken });
    device.disk.state.change((kept) => void (kept.slots.a = candidate(broken)));
    const alone = device.restarted();
    await alone.bringUp();
    expect(device.state.value).toMatchObject({ active: null, slots: { a: null }, history: [{ version: 0 }] });
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: broken, b: first });
    const one = device.restarted();
    await one.bringUp();
    expect([device.state.value.active, device.disk.log.at(-1)]).toEqual(['b', 'went back']);
  });
});

describe('an installation', () => {
  it('of what lies in the slot and is wrong is refused where it lies, and fetched no second time', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'bootstrap' }), { a: first, b: broken });
    const { fetched } = device.disk;
    await device.restarted().install(candidate(broken), channel(2, first, candidateOf(broken)));
    expect([device.disk.fetched, device.disk.log]).toEqual([fetched, ['refused']]);
    expect(device.state.value.slots.b).not.toBeNull();
  });

  it('empties one slot, and keeps the way back to another', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'bootstrap' }), {
      a: first,
      bootstrap: second,
    });
    await device.restarted().install(candidate(broken), channel(2, first, candidateOf(broken)));
    expect(device.state.value).toMatchObject({ previous: 'bootstrap', slots: { b: null } });
  });

  it('forgets that what ran was a candidate when it became stable, and not when it was withdrawn', async () => {
    await device.onProbation();
    const one = device.restarted();
    Object.assign(one, ENDED_THRICE);
    await one.install(stable(third, 3), channel(3, third, null, 3));
    expect(device.state.value).toMatchObject({ previous: null, slots: { a: { release: 7 } } });
    expect(one).toMatchObject({ restarts: 0, endedByDevice: false });
    await one.leaveRunning();
    await device.onProbation();
    await device.restarted().install(candidate(third, 3), channel(3, second, candidateOf(third), 2));
    expect(device.state.value).toMatchObject({ previous: 'a', slots: { a: { release: null } } });
  });

  it('is not undone by chunks that cannot be removed', async () => {
    mkdirSync(`${device.disk.folder}/chunks/old`, { recursive: true });
    const one = device.restarted();
    await one.install(stable(first), channel(1, first));
    expect([device.state.value.active, device.disk.log]).toEqual(['a', ['switched', 'chunks stay']]);
  });

  it('is put off for what the device ended, and for nothing else', async () => {
    await device.onProbation();
    const one = device.restarted();
    await one.goBack('a slot was damaged', 'again');
    device.disk.repository.files.clear();
    device.forgetChunks();
    expect(await outcome(one.install(candidate(second), channel(2, first, candidateOf(second))))).not.toBe('putOff');
  });
});

describe('an end of the process', () => {
  it('is answered at once the first three times', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    const one = device.restarted();
    Object.assign(one, LONG());
    await one.revive(crash());
    expect(await one.revive(crash())).toBeUndefined();
    expect(device.disk.log).toEqual(['runtime restarted', 'runtime restarted']);
  });

  it('that is the device’s does not take the channel’s version back, however often', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    const one = device.restarted();
    Object.assign(one, ENDED_THRICE);
    await one.revive(killed());
    expect([device.state.value.active, device.disk.log]).toEqual(['a', ['runtime restarted']]);
  });

  it('of its own counts again once it ran for an hour: what the device did before is forgotten', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'b' }), { a: second, b: first });
    const one = device.restarted();
    await one.bringUp();
    Object.assign(one, ENDED_THRICE, LONG(), { endedByDevice: true });
    Object.assign(one.running!, { since: performance.now() - 3_600_100 });
    await one.revive(crash());
    Object.assign(one, ENDED_THRICE);
    await one.revive(crash());
    expect([device.state.value.active, device.state.value.refused.length]).toEqual(['b', 1]);
  });
});

describe('counters', () => {
  it('of a candidate are windows and errors together', async () => {
    await device.onProbation();
    const one = device.restarted();
    await one.bringUp();
    one.running!.answered();
    one.running!.runtime.emit('counters', { ...noCounters(), errors: 1 });
    one.reportCounters();
    expect(device.state.value.reports.waiting).toMatchObject([{ windows: 1, errors: 1 }]);
  });

  it('and trouble are those of the model that runs, and not of one before', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first });
    const one = device.restarted();
    await one.bringUp();
    const { runtime } = one.running!;
    const trouble = { code: 'x', origin: 'data', message: '', remedy: '' } as const;
    device.troubles.length = 0;
    runtime.emit('motion', null, trouble);
    expect(device.troubles).toContainEqual(trouble);
    await one.leaveRunning();
    device.troubles.length = 0;
    runtime.emit('motion', null, trouble);
    expect(device.troubles).toEqual([]);
  });
});

describe('what does not run', () => {
  it('is noted down as the bootstrap model in its own slot alone', async () => {
    await device.put((kept) => void (kept.active = 'a'), { a: first, b: second });
    await device.restarted().lookAfter();
    expect(existsSync(device.disk.path('bootstrap', 'installed.json'))).toBe(false);
  });

  it('is left as it is where the channel still stands behind it', async () => {
    await device.put((kept) => Object.assign(kept, { active: 'a', previous: 'bootstrap' }), {
      a: second,
      bootstrap: first,
    });
    device.restarted().forgetWithdrawn(channel(1, first, null, 9));
    expect(device.state.value.previous).toBe('bootstrap');
  });
});
