import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bornAt } from './pids.js';
import { Ports } from './ports.js';
import { run, versionOf, which } from './run.js';
import { setUp } from './setup.js';
import { hashOf, stamped, writeStamp } from './stamp.js';

const work = mkdtempSync(join(tmpdir(), 'livepod-run-'));
afterAll(() => rmSync(work, { recursive: true }));

describe('a set-up command', () => {
  it('gives back what it wrote, and shows each line while it runs', async () => {
    const lines: string[] = [];
    expect(await run('sh', ['-c', 'printf "one\\ntwo"; echo three >&2'], { onLine: (line) => lines.push(line) })).toBe(
      'one\ntwo',
    );
    expect(lines.sort()).toEqual(['one', 'three', 'two']);
  });

  it('that fails says why in its own last words', async () => {
    await expect(run('sh', ['-c', 'echo no such package >&2; exit 3'])).rejects.toMatchObject({
      code: 'commandFailed',
      details: { code: 3 },
      message: expect.stringContaining('no such package'),
    });
  });

  it('that is not installed is named', async () => {
    await expect(run('no-such-program', [])).rejects.toMatchObject({
      code: 'toolMissing',
      message: 'no-such-program is not installed, or not on PATH.',
    });
    expect(which('no-such-program')).toBeNull();
    expect(await versionOf('no-such-program')).toBeNull();
  });

  it('that hangs is stopped with all that it started', async () => {
    const since = Date.now();
    await expect(run('sh', ['-c', 'sleep 60 & sleep 60'], { timeout: 200 })).rejects.toMatchObject({
      code: 'commandTimedOut',
    });
    expect(Date.now() - since).toBeLessThan(5_000);
  });

  it('is not run for a step that does not exist', async () => {
    await expect(setUp({ only: ['temporal', 'kubernetes'] })).rejects.toMatchObject({
      code: 'badOption',
      message: expect.stringContaining('no set-up step kubernetes'),
    });
  });
});

describe('a stamp', () => {
  it('holds while the inputs stay the same, and no longer', async () => {
    const source = join(work, 'source.rs');
    writeFileSync(source, 'fn main() {}');
    const before = await hashOf([source], 'rustc 1.96');
    await writeStamp(join(work, 'stamps/x'), before);
    expect(await stamped(join(work, 'stamps/x'), await hashOf([source], 'rustc 1.96'))).toBe(true);
    expect(await stamped(join(work, 'stamps/x'), await hashOf([source], 'rustc 1.97'))).toBe(false);
    writeFileSync(source, 'fn main() { }');
    expect(await stamped(join(work, 'stamps/x'), await hashOf([source], 'rustc 1.96'))).toBe(false);
  });
});

describe('ports', () => {
  it('are the usual ones when free, others when taken, and the same the next time', async () => {
    const taken = createServer();
    const usual = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
    );
    const file = join(work, 'ports.json');
    const first = await new Ports(file).choose('s3', usual);
    expect(first).not.toBe(usual);
    await new Promise((resolve) => taken.close(resolve));
    expect(await new Ports(file).choose('s3', usual)).toBe(first);
    const ports = new Ports(join(work, 'other.json'));
    expect(await ports.choose('a', usual)).toBe(usual);
    expect(await ports.choose('b', usual)).not.toBe(usual);
  });

  it('are left to another process that has chosen them, though nothing listens there yet', async () => {
    const usual = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address() as { port: number };
        probe.close(() => resolve(port));
      });
    });
    const claim = join(tmpdir(), 'livepod-ports', String(usual));
    const other = spawn('sleep', ['60']);
    mkdirSync(dirname(claim), { recursive: true });
    writeFileSync(claim, JSON.stringify({ pid: other.pid, born: bornAt(other.pid!) }));
    expect(await new Ports(join(work, 'one.json')).choose('a', usual)).not.toBe(usual);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(await new Ports(join(work, 'two.json')).choose('a', usual)).toBe(usual);
    rmSync(claim);
  });
});
