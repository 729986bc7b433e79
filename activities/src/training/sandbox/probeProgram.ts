/**
 * What an attacker would try, tried inside a sandbox: runs there, tells for each attempt whether it succeeded, and is
 * told by its parent what there would be to find.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { forbiddenCalls } from './calls.js';

/** Beyond which limit an attempt goes; `reach` is all that needs no limit. */
export type Attempt = 'reach' | 'memory' | 'processes' | 'fileSize' | 'time';

export interface Target {
  attempt: Attempt;
  port: number;
  abstractSocket: string;
  socket: string;
  hidden: string[];
  folder: string;
  parent: number;
  environmentWord: string;
  memoryMiB: number;
  scratchMiB: number;
  processes: number;
}

const job = process.env['LIVEPOD_JOB']!;
/** How a forbidden call ends: EPERM, ENOSYS, EAFNOSUPPORT. */
const REFUSED: ReadonlySet<number | null> = new Set([1, 38, 97]);
const MIB = 2 ** 20;

async function main(): Promise<void> {
  const target = JSON.parse(readFileSync(0, 'utf8')) as Target;
  const succeeded = await ATTEMPTS[target.attempt](target);
  writeSync(3, JSON.stringify(succeeded));
  process.exit(0);
}

const ATTEMPTS: Record<Attempt, (target: Target) => string[] | Promise<string[]>> = {
  async reach(target) {
    const { port, abstractSocket, socket } = target;
    const network = await connects({ host: '127.0.0.1', port });
    const tries: [string, boolean][] = [
      ['network', network || (await connects({ host: '::1', port }))],
      ['abstract socket', await connects({ path: `\0${abstractSocket}` })],
      ['path socket', await connects({ path: socket })],
      ['hidden files', target.hidden.some(reads)],
      ['other processes', seesOthers(target)],
      ['capabilities', hasCapabilities()],
      ['writing outside', writesOutside(target.folder)],
      ['inherited files', inherits()],
    ];
    return [...tries.filter(([, succeeded]) => succeeded).map(([name]) => name), ...calls()];
  },

  /** Takes memory until it is ended; comes back only when it got twice what there is. */
  memory({ memoryMiB }) {
    const taken = [];
    for (let mib = 0; mib < 2 * memoryMiB; mib += 16) taken.push(Buffer.alloc(16 * MIB, 1));
    return taken.length > 0 ? ['memory'] : [];
  },

  async processes({ processes }) {
    const started = Array.from({ length: processes }, () =>
      spawn(process.execPath, ['--eval', 'setTimeout(()=>{},9e3)']),
    );
    const outcomes = await Promise.all(
      started.map(
        (child) =>
          new Promise<boolean>((done) => child.once('spawn', () => done(true)).once('error', () => done(false))),
      ),
    );
    return outcomes.every(Boolean) ? ['processes'] : [];
  },

  fileSize({ scratchMiB }) {
    const file = openSync(join(job, 'large'), 'w');
    const piece = Buffer.alloc(MIB);
    try {
      for (let mib = 0; mib < scratchMiB + 1; mib++) if (writeSync(file, piece) < piece.length) return [];
      return ['file size'];
    } catch {
      return [];
    } finally {
      closeSync(file);
    }
  },

  /** Works on beyond its time. */
  time() {
    for (const end = Date.now() + 20_000; Date.now() < end;);
    return ['time'];
  },
};

function connects(where: { host: string; port: number } | { path: string }): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(where);
    const over = (connected: boolean): void => {
      socket.destroy();
      done(connected);
    };
    socket.once('connect', () => over(true)).once('error', () => over(false));
    setTimeout(() => over(false), 1_000).unref();
  });
}

const reads = (path: string): boolean => succeeds(() => void readFileSync(path));

function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function seesOthers({ parent, environmentWord }: Target): boolean {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const environments = [...pids, String(parent)].map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8');
    } catch {
      return '';
    }
  });
  // Bubblewrap's own first process, and this one.
  return pids.length > 3 || environments.some((text) => text.includes(environmentWord)) || signals(parent);
}

const signals = (pid: number): boolean => pid > 1000 && succeeds(() => void process.kill(pid, 0));

function hasCapabilities(): boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
  const none = sets.every((set) => new RegExp(`^${set}:\\s+0+$`, 'm').test(status));
  const filtered = /^Seccomp:\s+2$/m.test(status) && /^NoNewPrivs:\s+1$/m.test(status);
  return !none || !filtered || process.getuid?.() === 0;
}

/** Anywhere but in its job's folder. What it made is removed, and a file that is there is opened and no more. */
function writesOutside(folder: string): boolean {
  const folders = ['/', '/dev', '/dev/shm', '/proc/sys/kernel', '/tmp', '/usr', '/usr/lib', folder];
  const made = folders
    .map((place) => join(place, 'livepod-probe'))
    .filter((path) => succeeds(() => writeFileSync(path, '')));
  for (const path of made) rmSync(path);
  return made.length > 0 || succeeds(() => closeSync(openSync(process.execPath, 'a')));
}

/** Whether it was left holding a file of the machine: its pipes and Node.js's own have no path. */
function inherits(): boolean {
  const own = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return own.some((path) => path.startsWith('/') && path !== '/dev/null' && !path.startsWith('/proc/'));
}

/** Forbidden system calls, each by a program of its own. */
function calls(): string[] {
  return Object.entries(forbiddenCalls()).flatMap(([name, bytes]) => {
    const path = join(job, `call-${name}`);
    writeFileSync(path, bytes, { mode: 0o700 });
    const { status } = spawnSync(path, { stdio: 'ignore' });
    const refused = REFUSED.has(status) || (name === 'setuid' && status === 22);
    return refused ? [] : [`system call ${name}`];
  });
}

void main();
