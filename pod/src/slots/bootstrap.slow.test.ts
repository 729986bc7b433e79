import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Home,
  candidateOf,
  channel,
  crash,
  historyOf,
  kill,
  refusalsOf,
  troubleOf,
  until,
  versionOf,
} from '../home.fixture.js';
import type { Pod } from '../index.js';
import { checkpointSaying } from '../repository.fixture.js';

const [first, second, third, fourth] = [0, 0.0001, 0.0002, 0.0003].map((selfTest) => checkpointSaying(0, { selfTest }));
const all = [first!, second!, third!, fourth!];

let home: Home;
beforeEach(async () => {
  home = await Home.open();
});
afterEach(() => home.close());

const file = (...names: string[]): string => join(home.state, ...names);
const slotsOf = (one: Pod) =>
  one.status().slots as Record<string, { version: number } | null> & { active: string | null };
const stable = (sequence: number, version: number): void =>
  home.repository.publish(channel(sequence, all[version - 1]!, null, version), all);
/** A pod that ran the versions 1, 2 and 3, each of them official. */
async function afterThree(): Promise<Pod> {
  const one = await home.running(first!);
  for (const version of [2, 3]) {
    stable(version, version);
    await one.turn();
  }
  expect(historyOf(one)).toEqual([1, 2, 3]);
  return one;
}
async function restarted(one: Pod): Promise<Pod> {
  await one.stop();
  const next = home.pod();
  await next.start();
  return next;
}
/** Crashes a model as often as it takes to leave it. */
async function crashes(one: Pod): Promise<void> {
  const left = versionOf(one);
  for (let times = 0; times < 4; times += 1) {
    await until(
      () => one.status().version !== left || runs(one),
      () => one.turn(),
    );
    await kill(one, 'SIGSEGV');
    await one.turn();
  }
  expect(versionOf(one)).not.toBe(left);
}
const runs = (one: Pod): boolean => {
  try {
    return one.model !== undefined;
  } catch {
    return false;
  }
};

describe('the bootstrap model', () => {
  it('is the first official checkpoint that ran here, and no later one takes its place', async () => {
    const one = await afterThree();
    expect(slotsOf(one)).toMatchObject({ active: 'a', bootstrap: { version: 1 } });
    expect(readFileSync(file('slots/bootstrap/model.onnx'))).toEqual(first!.chunks[0]);
  });

  it('is no candidate', async () => {
    home.repository.publish(channel(1, null, candidateOf(first!, undefined, 1)), all);
    const one = home.pod();
    await one.turn();
    expect(slotsOf(one)).toMatchObject({ active: 'a', bootstrap: null });
    stable(2, 1);
    await one.turn();
    expect(slotsOf(one).bootstrap).toMatchObject({ version: 1 });
  });

  it('runs when the model fails, and the one before it, too', async () => {
    const one = await afterThree();
    await crashes(one);
    expect(historyOf(one)).toEqual([1, 2, 3, 2]);
    await crashes(one);
    expect(historyOf(one)).toEqual([1, 2, 3, 2, 1]);
    expect(slotsOf(one)).toMatchObject({ active: 'bootstrap', a: null, b: null, bootstrap: { version: 1 } });
    await until(() => one.status().ready === true);
    await one.turn();
    expect(versionOf(one)).toBe(1); // the others are not tried again before the channel moves on
    stable(4, 4);
    await one.turn();
    expect(slotsOf(one)).toMatchObject({ active: 'a', bootstrap: { version: 1 }, a: { version: 4 } });
    await crashes(one);
    expect(historyOf(one)).toEqual([1, 2, 3, 2, 1, 4, 1]);
  });

  it('runs without the network when both slots are damaged, and the others are tried again with it', async () => {
    const one = await afterThree();
    await one.stop();
    for (const slot of ['a', 'b']) writeFileSync(file('slots', slot, 'manifest.json'), '');
    rmSync(file('chunks'), { recursive: true });
    home.repository.instead.set('*', { status: 503 });
    const next = home.pod();
    await next.start();
    await until(
      () => slotsOf(next).active === 'bootstrap' && runs(next),
      () => next.turn(),
    );
    expect(versionOf(next)).toBe(1);
    home.repository.instead.clear();
    await until(
      () => versionOf(next) === 3,
      () => next.turn(),
    );
    expect(refusalsOf(next)).toEqual([]);
  });

  it('is left when the channel is rolled back to before it, and what runs then takes its place', async () => {
    home.repository.publish(channel(1, second!, null, 2), all);
    const one = home.pod();
    await one.turn();
    expect(slotsOf(one).bootstrap).toMatchObject({ version: 2 });
    stable(2, 1);
    await one.turn();
    await one.turn();
    expect(slotsOf(one).bootstrap).toMatchObject({ version: 1 });
    expect(readFileSync(file('slots/bootstrap/selftest.json'))).toEqual(first!.chunks[1]);
  });

  it('is kept from the model of a pod that had none, as an earlier version of the program left it', async () => {
    const one = await home.running(first!);
    await one.stop();
    const state = JSON.parse(readFileSync(file('pod.json'), 'utf8')) as { slots: Record<string, unknown> };
    delete state.slots['bootstrap'];
    writeFileSync(file('pod.json'), JSON.stringify(state));
    rmSync(file('slots/bootstrap'), { recursive: true });
    const next = home.pod();
    await next.start();
    await next.turn();
    expect(slotsOf(next).bootstrap).toMatchObject({ version: 1 });
  });
});

describe('slots are hashed at start', () => {
  it('what runs: a file of the right length and other bytes is written again before it is run', async () => {
    const one = await afterThree();
    await one.stop();
    const right = readFileSync(file('slots/a/model.onnx'));
    const flipped = Buffer.from(right);
    flipped[flipped.length >> 1]! ^= 1;
    writeFileSync(file('slots/a/model.onnx'), flipped);
    const next = await restarted(one);
    expect(next.status()).toMatchObject({ version: 3, trouble: null });
    expect(readFileSync(file('slots/a/model.onnx'))).toEqual(right);
    expect(home.log.map(({ event }) => event)).toContain('slot damaged');
  });

  it.each([
    ['what may be gone back to', 'b'],
    ['the bootstrap model', 'bootstrap'],
  ])('%s: it is written again before it is needed', async (_, slot) => {
    const one = await afterThree();
    await one.stop();
    const right = readFileSync(file('slots', slot, 'selftest.json'));
    truncateSync(file('slots', slot, 'selftest.json'), 10);
    writeFileSync(file('slots', slot, 'manifest.json'), 'garbage');
    const next = await restarted(one);
    await next.turn();
    expect(readFileSync(file('slots', slot, 'selftest.json'))).toEqual(right);
    expect(next.status()).toMatchObject({ version: 3, trouble: null });
  });

  it('what cannot be written again is tried once more when the network is there', async () => {
    const one = await afterThree();
    await one.stop();
    rmSync(file('slots/b'), { recursive: true });
    rmSync(file('chunks'), { recursive: true });
    home.repository.instead.set('*', { status: 503 });
    const next = await restarted(one);
    await next.turn();
    expect(versionOf(next)).toBe(3);
    home.repository.instead.clear();
    await until(
      () => home.log.some(({ event }) => event === 'slot mended'),
      () => next.turn(),
    );
    expect(troubleOf(next)).toBeNull();
  });
});

describe('probation', () => {
  it('is over after three starts that did not end in order: the version before runs, nobody is blamed', async () => {
    let one = await home.running(first!);
    home.repository.publish(channel(2, first!, candidateOf(second!)), all);
    await one.turn();
    for (let starts = 0; starts < 3; starts += 1) {
      await crash(one);
      one = home.pod();
      await one.start();
      expect(versionOf(one)).toBe(2);
    }
    await crash(one);
    one = home.pod();
    await one.start();
    expect(one.status()).toMatchObject({ version: 1, phase: 'following' });
    expect(refusalsOf(one)).toEqual([]);
    await one.turn();
    expect(versionOf(one)).toBe(1);
    expect(troubleOf(one)).toMatchObject({ code: 'putOff', message: expect.stringMatching(/the pod ended 3 times/) });
    expect(home.reports.map(({ event }) => Object.keys(event)[0])).not.toContain('returned');
  });
});
