import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, bornAt, sleep } from './pids.js';
import { pidFile, Supervised, type ProcessSpec, type Running } from './supervised.js';

const state = mkdtempSync(join(tmpdir(), 'livepod-supervised-'));
const told: string[] = [];
const started: Supervised[] = [];

function node(name: string, script: string, more: Partial<ProcessSpec> = {}): Supervised {
  const process_ = new Supervised(
    { name, command: process.execPath, args: ['-e', script], ready: { line: 'ready' }, stopWithin: 500, ...more },
    state,
    (line) => told.push(line),
  );
  started.push(process_);
  return process_;
}
const READY = 'console.log(JSON.stringify({ ready: true, number: process.pid })); setInterval(() => {}, 1000);';
const running = (name: string): Running => JSON.parse(readFileSync(pidFile(state, name), 'utf8')) as Running;

afterAll(async () => {
  await Promise.all(started.map((one) => one.stop()));
  rmSync(state, { recursive: true });
});

describe('a supervised process', () => {
  it('is ready when it has said so, and its pid file names it', async () => {
    const one = node('says', `console.log('warming up'); ${READY}`);
    await one.start();
    expect(one.said).toEqual({ ready: true, number: one.pid });
    expect(running('says')).toMatchObject({ name: 'says', pid: one.pid, born: bornAt(one.pid) });
    expect(statSync(one.log).mode & 0o777).toBe(0o600);
  });

  it('comes back after SIGKILL, as another process', async () => {
    const one = node('killed', READY);
    await one.start();
    const before = one.pid;
    one.kill('SIGKILL');
    while (one.pid === before) await sleep(20);
    await one.ready();
    expect(one.pid).not.toBe(before);
    expect(one.restarts).toBe(1);
    expect(one.said['number']).toBe(one.pid);
    expect(told).toContain('killed ended (SIGKILL); starting it again in 250 ms');
  });

  it('is restarted on demand, also when it ignores SIGTERM', async () => {
    const one = node('stubborn', `process.on('SIGTERM', () => {}); ${READY}`);
    await one.start();
    const before = one.pid;
    await one.restart();
    expect(one.pid).not.toBe(before);
    expect(one.restarts).toBe(1);
  });

  it('waits longer each time while it keeps failing', async () => {
    const file = join(state, 'fail');
    const one = node(
      'failing',
      `const fs = require('fs'); if (fs.existsSync(${JSON.stringify(file)})) process.exit(3); ` +
        `fs.writeFileSync(${JSON.stringify(file)}, ''); ${READY}`,
    );
    await one.start();
    one.kill('SIGKILL');
    while (one.restarts < 2) await sleep(20);
    rmSync(file);
    await one.ready();
    const waits = told
      .filter((line) => line.startsWith('failing ended (status 3)') || line.startsWith('failing ended (SIGKILL)'))
      .map((line) => /in (\d+) ms/.exec(line)![1]);
    expect(waits.slice(0, 2)).toEqual(['250', '500']);
  });

  it('fails to start with the end of its log, and is not tried again', async () => {
    const one = node('broken', `console.error('the port is taken'); process.exit(7);`);
    await expect(one.start()).rejects.toMatchObject({
      code: 'notReady',
      message: expect.stringMatching(/ended with status 7[^]*the port is taken/),
    });
    await sleep(400);
    expect(one.pid).toBe(0);
  });

  it('fails to start when the program does not exist', async () => {
    const one = node('absent', '', { command: 'no-such-program' });
    await expect(one.start()).rejects.toMatchObject({ code: 'notReady', message: expect.stringContaining('ENOENT') });
  });

  it('fails to start when it is not ready in time, and is gone then', async () => {
    const one = node('late', 'setInterval(() => {}, 1000)', { readyWithin: 300 });
    const start = one.start();
    await sleep(100);
    const { pid } = one;
    await expect(start).rejects.toMatchObject({
      code: 'notReady',
      message: expect.stringContaining('was not ready in time'),
    });
    expect(bornAt(pid)).toBeNull();
  });

  it('takes what it started with it when it is stopped', async () => {
    const one = node(
      'parent',
      `const { spawn } = require('child_process');
      const c = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      console.log(JSON.stringify({ ready: true, child: c.pid })); setInterval(() => {}, 1000);`,
    );
    await one.start();
    const child = { pid: one.said['child'] as number, born: bornAt(one.said['child'] as number)! };
    expect(isAlive(child)).toBe(true);
    await one.stop();
    await sleep(100);
    expect(isAlive(child)).toBe(false);
    expect(existsSync(pidFile(state, 'parent'))).toBe(false);
    await expect(one.ready()).rejects.toMatchObject({ code: 'notReady' });
  });

  it('is asked by its probe until it answers', async () => {
    let asked = 0;
    const one = node('probed', 'setInterval(() => {}, 1000)', {
      ready: {
        probe: async () => {
          if (++asked < 3) throw new Error('not yet');
        },
      },
    });
    await one.start();
    expect(asked).toBe(3);
    expect(one.restarts).toBe(0);
  });
});
