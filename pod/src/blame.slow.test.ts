import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failureOf } from '@livepod/protocol';
import { ownDisk } from './disk.fixture.js';
import {
  Home,
  candidateOf,
  channel,
  historyOf,
  kill,
  motionOf,
  refusalsOf,
  troubleOf,
  until,
  versionOf,
  type Checkpoint,
} from './home.fixture.js';
import type { Pod } from './index.js';
import { checkpointSaying } from './repository.fixture.js';

const good = checkpointSaying(0);
const better = checkpointSaying(0, { selfTest: 0.0001 });
const bad = checkpointSaying(1);

let home: Home;
beforeEach(async () => {
  home = await Home.open();
});
afterEach(() => home.close());

const offer = (candidate: Checkpoint): void =>
  home.repository.publish(channel(2, good, candidateOf(candidate)), [good, candidate]);
const lastWhy = (one: Pod) => (one.status().history as { why: string }[]).at(-1)?.why;
const events = () => home.reports.map(({ event }) => Object.keys(event)[0]);

describe('the environment is not the checkpoint’s fault', () => {
  it('a state file that cannot be replaced keeps what runs, is told, and counts against nothing', async () => {
    const one = await home.running(good);
    const file = join(home.state, 'pod.json');
    rmSync(file);
    mkdirSync(join(file, 'in the way'), { recursive: true });
    offer(better);
    await one.turn();
    expect(versionOf(one)).toBe(1);
    expect(troubleOf(one)).toMatchObject({ code: 'EISDIR', origin: 'device' });
    expect(refusalsOf(one)).toEqual([]);
    expect(home.reports).toEqual([]);
    rmSync(file, { recursive: true });
    await until(
      () => versionOf(one) === 2,
      () => one.turn(),
    );
    expect(troubleOf(one)).toBeNull();
    expect(events()).toEqual(['installed']);
  });

  it('a runtime that the device kills is started again, and no release is blamed', async () => {
    const one = await home.running(good);
    offer(better);
    await one.turn();
    expect(versionOf(one)).toBe(2);
    for (let times = 0; times < 3; times += 1) {
      await kill(one, 'SIGKILL');
      await one.turn();
      expect(versionOf(one)).toBe(2);
    }
    await kill(one, 'SIGKILL');
    await one.turn();
    expect(historyOf(one)).toEqual([1, 2, 1]);
    expect(refusalsOf(one)).toEqual([]);
    expect(events()).toEqual(['installed', 'failed']);
    expect(home.reports.at(-1)!.event).toEqual({ failed: failureOf('deviceBusy') });
    expect(troubleOf(one)).toMatchObject({ code: 'putOff', origin: 'device', remedy: expect.stringMatching(/memory/) });
  });

  it('a model that crashes each process it is given is left, and its release hears why', async () => {
    const one = await home.running(good);
    offer(better);
    await one.turn();
    for (let times = 0; times < 4; times += 1) {
      expect(versionOf(one)).toBe(2);
      await kill(one, 'SIGSEGV');
      await one.turn();
    }
    expect(historyOf(one)).toEqual([1, 2, 1]);
    expect(home.reports.at(-1)?.event).toEqual({ returned: 'runtimeDied: ' });
    expect(lastWhy(one)).toMatch(/SIGSEGV/);
  });

  it('a pod that was stopped three times while it tried a model out goes on trying it out', async () => {
    await (await home.running(good)).stop();
    offer(better);
    for (let times = 0; times < 4; times += 1) {
      const one = home.pod();
      await one.start();
      await one.turn();
      expect(versionOf(one)).toBe(2);
      await one.stop();
    }
    expect(events()).not.toEqual(expect.arrayContaining(['returned']));
    expect(refusalsOf(home.pod())).toEqual([]);
  });
});

describe('a model that gives no numbers', () => {
  it('fails on that window; the answer is not the first label', async () => {
    const explosive = checkpointSaying(0, { explodes: true });
    home.records(motionOf('STILL', 40, '3e38'));
    const one = await home.running(good, { windowsPerSecond: 50 });
    offer(explosive);
    await one.turn();
    expect(versionOf(one)).toBe(2);
    await until(
      () => versionOf(one) === 1,
      () => one.turn(),
    );
    expect(home.reports.at(-1)?.event).toEqual({ returned: expect.stringMatching(/^outputNotFinite: errors \d+$/) });
    expect(lastWhy(one)).toMatch(/no finite number/);
  });
});

describe('no labels mean no verdict', () => {
  it('a model that nobody can judge answers, is not judged, and reports no sample', async () => {
    home.records(motionOf(''));
    const one = await home.running(good, { windowsPerSecond: 400 });
    offer(bad);
    await one.turn();
    await until(
      () => (one.status().counters as { windows: number }).windows > 130,
      () => one.turn(),
    );
    expect(one.status()).toMatchObject({
      version: 2,
      ready: true,
      trouble: null,
      counters: { judged: 0, corrections: 0 },
    });
    expect(home.reports.filter(({ judged, corrections }) => (judged ?? 0) + corrections > 0)).toEqual([]);
    expect(events().filter((event) => event !== 'health')).toEqual(['installed']);
  });
});

const { path: disk, on: onSmallDisk } = ownDisk('1m');

describe('a disk of 1 MiB (skipped where mounting one is not permitted)', () => {
  const ballast = join(disk, 'ballast');
  const fillDisk = (): void => {
    const file = openSync(ballast, 'a');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch {
      expect(statfsSync(disk).bavail).toBe(0);
    } finally {
      closeSync(file);
    }
  };
  beforeEach(() => {
    rmSync(ballast, { force: true });
    rmSync(join(disk, 'state'), { recursive: true, force: true });
    home.state = join(disk, 'state');
  });

  onSmallDisk('that is full keeps what runs, is told with its remedy, and stops no release', async () => {
    const one = await home.running(good);
    fillDisk();
    offer(better);
    for (let turns = 0; turns < 3; turns += 1) await one.turn();
    expect(versionOf(one)).toBe(1);
    expect(troubleOf(one)).toMatchObject({ code: 'ENOSPC', origin: 'device', remedy: expect.stringMatching(/room/) });
    expect([...home.reports, ...refusalsOf(one)]).toEqual([]);
    rmSync(ballast);
    await until(
      () => versionOf(one) === 2,
      () => one.turn(),
    );
    expect(troubleOf(one)).toBeNull();
  });

  onSmallDisk('that is full at the start does not keep a pod from running what it has', async () => {
    await (await home.running(good)).stop();
    fillDisk();
    const one = home.pod();
    await one.start();
    expect(one.status()).toMatchObject({ version: 1, trouble: null });
    await until(() => one.status().ready === true);
  });

  onSmallDisk('that is full holds a way back up, and no longer than it is full', async () => {
    const one = await home.running(good, { windowsPerSecond: 400 });
    offer(bad);
    await one.turn();
    fillDisk();
    await until(
      () => troubleOf(one)?.code === 'ENOSPC',
      () => one.turn(),
    );
    expect(versionOf(one)).toBe(2);
    rmSync(ballast);
    await until(
      () => versionOf(one) === 1,
      () => one.turn(),
    );
    expect(home.reports.at(-1)?.event).toHaveProperty('returned');
  });
});
