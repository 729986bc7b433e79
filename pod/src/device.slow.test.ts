import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownDisk } from './disk.fixture.js';
import { Home, candidateOf, channel, pidOf, refusalsOf, troubleOf, until, versionOf } from './home.fixture.js';
import { checkpointSaying } from './repository.fixture.js';

const good = checkpointSaying(0);
const better = checkpointSaying(0, { selfTest: 0.0001 });

let home: Home;
beforeEach(async () => {
  home = await Home.open();
});
afterEach(() => home.close());

const events = () => home.reports.map(({ event }) => Object.keys(event)[0]);
const withPrlimit = spawnSync('prlimit', ['--version']).status === 0 ? it : it.skip;

const { path: disk, on: onDisk, remount } = ownDisk('8m');

describe('what a device lacks counts against no checkpoint', () => {
  withPrlimit('memory: a runner that gets no more is started again, and its release hears of nothing', async () => {
    const one = await home.running(good, { windowsPerSecond: 400 });
    home.repository.publish(channel(2, good, candidateOf(better)), [good, better]);
    await one.turn();
    expect(versionOf(one)).toBe(2);
    await until(() => one.status().ready === true);
    const pid = pidOf(one);
    const size = Number(/VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
    expect(spawnSync('prlimit', ['--pid', String(pid), `--as=${size}`]).status).toBe(0);
    await until(
      () => pidOf(one) !== pid,
      () => one.turn(),
    );
    expect(refusalsOf(one)).toEqual([]);
    expect(events()).not.toContain('returned');
  });

  onDisk('permission to write: what runs stays, and the trouble has its remedy', async () => {
    home.state = join(disk, 'state');
    const one = await home.running(good);
    remount('ro');
    home.repository.publish(channel(2, good, candidateOf(better)), [good, better]);
    for (let turns = 0; turns < 3; turns += 1) await one.turn();
    expect(versionOf(one)).toBe(1);
    expect(troubleOf(one)).toMatchObject({ code: 'EROFS', origin: 'device', remedy: expect.stringMatching(/write/) });
    expect([...home.reports, ...refusalsOf(one)]).toEqual([]);
    remount('rw');
    await until(
      () => versionOf(one) === 2,
      () => one.turn(),
    );
    expect(troubleOf(one)).toBeNull();
  });
});
