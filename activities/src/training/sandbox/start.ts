import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat } from '@livepod/client/node';
import { removeAll } from '../removal.js';
import { Cgroup } from './cgroup.js';
import { confine, JOB, STRANGER, type Limits, type Way } from './confine.js';
import { moduleFolders, type SeenFolder } from './modules.js';
import { seccompFilter } from './seccomp.js';
import { Watch, type Excess } from './watch.js';

/** File descriptors of the process: what it reports by, and the filter that bubblewrap reads. */
const REPORTS = 3;
const SECCOMP = 4;
/** How bubblewrap ends when the kernel ended what is in it for its time on processors (SIGXCPU). */
const OUT_OF_TIME = 128 + 24;
/** From the kill of a sandbox to the end of its last process. */
const DYING_MS = 5_000;

export interface Start {
  /** JavaScript, which Node.js runs as a CommonJS module. */
  program: string;
  limits: Limits;
  /** A file beside whose node_modules TensorFlow.js is installed; null: the program needs none. */
  modules: string | null;
  /** Whether it may use the machine's graphics processors. */
  gpu?: boolean;
  /** How it is confined; or, without a sandbox, the folder in memory where its own one is made. */
  way: Way | { without: string };
}

/** A process whose input and reports are pipes, and which has no other way in or out. */
export interface Running {
  process: ChildProcess;
  input: Writable;
  reports: Readable;
  /** How it ended, of itself or because it was stopped. */
  ended: Promise<{ excess: Excess | undefined }>;
  /** Keeps it within its cgroup where one can be had. Before it is given anything to do. */
  bound(): Promise<'cgroup' | 'rlimits'>;
  /** Ends it, and waits until nothing of it lives. */
  stop(): Promise<void>;
}

/** Starts a program where it finds nothing but what it needs. */
export async function startConfined(start: Start): Promise<Running> {
  const { program, limits, way } = start;
  const argument = ['--eval', program];
  const own = typeof way === 'string' ? undefined : await mkdtemp(join(way.without, 'run-'));
  const environment = environmentOf(start, own ?? JOB);
  const child = own === undefined ? inside(start, argument, environment) : outside(argument, environment, own);
  const reports = child.stdio[REPORTS] as Readable;
  const input = child.stdin!;
  // A process that ends early closes its pipes; that it did is what counts.
  input.on('error', () => undefined);
  reports.on('error', () => undefined);

  let excess: Excess | undefined;
  let stopped = false;
  let cgroup: Cgroup | undefined;
  // Of the sandbox's own processes the first: all others end with it, before its parent learns that it ended.
  let first: number | undefined;
  const kill = (): void => {
    if (child.pid === undefined) return;
    // Without a sandbox, what it started is at least of its group.
    if (own !== undefined) return signal(-child.pid);
    // What has ended took all with it, and its number may be another's by now.
    if (child.exitCode !== null || child.signalCode !== null) return;
    // Its parent reaps it and ends too; in a sandbox that is not made yet, there is the parent alone.
    first ??= firstInside(child.pid);
    if (first === undefined || !alive(first)) child.kill('SIGKILL');
    else signal(first);
  };
  const watch =
    child.pid === undefined
      ? undefined
      : new Watch(child.pid, limits, (found) => {
          excess ??= found;
          kill();
        });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const ended = exited.then(() => {
    watch?.end();
    if (cgroup?.ranOut()) excess ??= 'memory';
    if (!stopped) excess ??= child.exitCode === OUT_OF_TIME ? 'time' : watch?.likely();
    return { excess };
  });
  return {
    process: child,
    input,
    reports,
    ended,
    bound: async () => {
      if (own === undefined && child.pid !== undefined) first = firstInside(child.pid);
      cgroup = Cgroup.make(limits);
      return cgroup && child.pid !== undefined && (await cgroup.take(child.pid)) ? 'cgroup' : 'rlimits';
    },
    stop: async () => {
      stopped = true;
      kill();
      await ended;
      // The pipe ends with the last process that holds it.
      const dead = reports.closed || reports.destroyed ? Promise.resolve() : once(reports.resume(), 'close');
      await Promise.race([dead, sleep(DYING_MS, undefined, { ref: false })]);
      for (let waited = 0; first !== undefined && alive(first) && waited < DYING_MS; waited += 5) await sleep(5);
      reports.destroy();
      input.destroy();
      cgroup?.remove();
      if (own !== undefined) await removeAll(own);
    },
  };
}

function inside(
  { limits, modules, gpu = false, way }: Start,
  argument: string[],
  environment: Record<string, string>,
): ChildProcess {
  const seen = modules === null ? [] : foldersOf(modules);
  const confinement = { way: way as Way, limits, modules: seen, gpu, environment, seccomp: SECCOMP };
  const stranger = way === 'userNamespace' && process.getuid?.() === 0 ? { uid: STRANGER, gid: STRANGER } : {};
  const child = spawn('bwrap', confine(argument, confinement), {
    ...stranger,
    cwd: '/',
    // Bubblewrap's own first process is in sight of the recipe, and so is its environment.
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const filter = child.stdio[SECCOMP] as Writable;
  filter.on('error', () => undefined);
  filter.end(seccompFilter());
  return child;
}

/** The process that bubblewrap starts, which has one thread: the first one of the sandbox. */
function firstInside(bubblewrap: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${bubblewrap}/task/${bubblewrap}/children`, 'utf8');
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** One that has ended and was not asked for its status is still listed. */
function alive(pid: number): boolean {
  const state = processStat(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** By somebody's explicit word: a process with the provider's own rights. */
function outside(argument: string[], environment: Record<string, string>, folder: string): ChildProcess {
  return spawn(process.execPath, argument, {
    env: environment,
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  });
}

/** Nothing of the provider's own: no credentials, no identity file's place. */
function environmentOf({ modules, gpu = false }: Start, folder: string): Record<string, string> {
  const { LIVEPOD_TENSORFLOW, LD_LIBRARY_PATH } = process.env;
  return {
    LIVEPOD_JOB: folder,
    HOME: folder,
    TMPDIR: folder,
    ...(modules === null ? {} : { LIVEPOD_MODULES: modules }),
    ...(LIVEPOD_TENSORFLOW === undefined ? {} : { LIVEPOD_TENSORFLOW }),
    ...(gpu && LD_LIBRARY_PATH !== undefined ? { LD_LIBRARY_PATH } : {}),
  };
}

const known = new Map<string, SeenFolder[]>();

function foldersOf(modules: string): SeenFolder[] {
  const folders = known.get(modules) ?? moduleFolders(modules);
  known.set(modules, folders);
  return folders;
}
