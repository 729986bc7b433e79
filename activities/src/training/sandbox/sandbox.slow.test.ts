/** What the sandbox keeps in, tried by somebody who wants out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { modulesHere } from '@livepod/recipes';
import { hostileRecipes, playHostileRecipe } from '../../../test/hostile/play.js';
import { TRICKS } from '../../../test/hostile/tricks.js';
import { limitsOf } from './confine.js';
import { probeSandbox } from './probe.js';
import { programOf } from './program.js';
import { refusedCalls, seccompFilter } from './seccomp.js';
import { startConfined } from './start.js';
import { sandboxWay } from './ways.js';

/** What a program finds, said on the pipe for reports. */
async function says(program: string, modules: string | null = modulesHere): Promise<string> {
  const running = await startConfined({
    program: `const fs = require('node:fs'); const say = (x) => fs.writeSync(3, JSON.stringify(x)); ${program}`,
    limits: limitsOf({ memoryMiB: 512, seconds: 30 }),
    modules,
    way: (await sandboxWay(modules))!,
  });
  try {
    const said: Buffer[] = [];
    for await (const piece of running.reports) said.push(piece as Buffer);
    return Buffer.concat(said).toString();
  } finally {
    await running.stop();
  }
}

describe('the sandbox', () => {
  it('begins with an empty root, and holds what is needed and nothing else', async () => {
    const seen = JSON.parse(await says(`say(fs.readdirSync('/').concat(fs.readdirSync('/dev')))`)) as string[];
    const top = modulesHere.split('/')[1];
    expect(new Set(seen)).toEqual(
      new Set(['dev', 'job', 'lib', 'lib64', 'proc', 'usr', top, 'null', 'zero', 'urandom', 'random']),
    );
  });

  it('gives nothing of the environment, to it or to the process above it', async () => {
    process.env['LIVEPOD_PLANTED'] = 'PLANTED-WORD';
    const found = await says(`say([process.env, fs.readFileSync('/proc/1/environ', 'latin1')])`);
    delete process.env['LIVEPOD_PLANTED'];
    expect(found).toContain('LIVEPOD_JOB');
    expect(found).not.toContain('PLANTED-WORD');
  });

  it('is left with no capability, no way to new rights, and a filter', async () => {
    const status = await says(`say(fs.readFileSync('/proc/self/status', 'utf8'))`);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toContain(`${set}:\\t0000000000000000`);
    expect(status).toContain('NoNewPrivs:\\t1');
    expect(status).toContain('Seccomp:\\t2');
  });

  const ways = process.getuid?.() === 0 ? (['userNamespace', 'root'] as const) : (['userNamespace'] as const);
  it.each(ways)('holds against the probe, which tries what an attacker would (%s)', async (way) => {
    expect(await probeSandbox(modulesHere, ['/etc/passwd'], way)).toMatchObject({ way, holds: true, succeeded: [] });
  });

  it('would not hold as it was: everything readable, no filter, a few folders hidden', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'livepod-before-'));
    const server = createServer((socket) => socket.destroy());
    try {
      const [secret, socket] = [join(folder, 'secret'), join(folder, 'socket')];
      await writeFile(secret, '');
      server.listen(socket);
      await once(server, 'listening');
      const target = { attempt: 'reach', port: 1, abstractSocket: 'none', socket, hidden: [secret], folder };
      const before = [
        ...['--die-with-parent', '--new-session', '--unshare-net', '--unshare-pid', '--unshare-ipc'],
        ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', folder, folder, '--'],
      ];
      const program = await programOf(new URL('./probeProgram.ts', import.meta.url));
      const child = spawn('bwrap', [...before, process.execPath, '--eval', program], {
        env: { LIVEPOD_JOB: folder },
        stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      });
      const words = { parent: process.pid, environmentWord: 'none', memoryMiB: 1, scratchMiB: 1, processes: 1 };
      child.stdin!.end(JSON.stringify({ ...target, ...words }));
      const said: Buffer[] = [];
      for await (const piece of child.stdio[3] as Readable) said.push(piece as Buffer);
      expect(JSON.parse(Buffer.concat(said).toString())).toEqual(
        expect.arrayContaining([
          ...['path socket', 'hidden files', 'capabilities', 'writing outside'],
          ...['ptrace', 'unshare', 'ioUring', 'memfd', 'inetSocket'].map((name) => `system call ${name}`),
        ]),
      );
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });

  it('has a filter for both architectures, and the same names in both', () => {
    expect(seccompFilter('x64')!.length % 8).toBe(0);
    expect(seccompFilter('mips')).toBeUndefined();
    expect(refusedCalls('x64')).toEqual(expect.arrayContaining(refusedCalls('arm64')));
  });
});

describe('a provider that is killed', () => {
  it('takes its sandbox with it, and all that was started there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'livepod-dying-'));
    const mark = `dying-${process.pid}`;
    const provider = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('../../../test/hostile/dying.ts', import.meta.url)), mark, folder],
      { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const running = async (): Promise<number> => {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== provider.pid);
      const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
      return lines.filter((line) => line.includes(mark)).length;
    };
    try {
      await once(provider.stdout, 'data');
      while ((await running()) === 0) await sleep(20);
      provider.kill('SIGKILL');
      await once(provider, 'exit');
      for (let tries = 0; tries < 100 && (await running()) > 0; tries++) await sleep(50);
      expect(await running()).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a hostile recipe', () => {
  // Every trick once; all dice of the two hundred are thrown by npm run attacks.
  it.each(hostileRecipes(12, Object.keys(TRICKS).length).map((recipe) => [recipe.trick, recipe] as const))(
    'gets nothing out, and the provider lives: %s',
    async (_, recipe) => {
      expect(await playHostileRecipe(recipe)).toMatchObject({ escaped: 0, where: [], alive: true });
    },
  );
});
