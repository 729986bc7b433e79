import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityError } from '../errors.js';
import { confine, sandboxWorks } from './sandbox.js';

/**
 * What the child process is told. Records are named by their files in memory-backed scratch; nothing of them passes
 * through here.
 */
export interface RecipeOrder {
  /** The recipe's code, as the approved bundle holds it. */
  code: string;
  recordings: { name: string; person: string; path: string }[];
  schema: unknown;
  hyperparameters: Record<string, number | string>;
  seed: number;
  base: string | null;
  epochs: string;
  outputs: string;
}

export interface Epoch {
  epoch: number;
  epochs: number;
  loss: number;
  windowsPerSecond: number;
}

export type RecipeMessage =
  | { kind: 'epoch'; epoch: Epoch }
  | { kind: 'done'; metrics: Record<string, string>; backend: string }
  | { kind: 'failed'; code: string; message: string };

/** Codes of the recipe whose message can quote a recording. */
const QUOTES_RECORDS: ReadonlySet<string> = new Set(['badRecording', 'unknownLabel']);

const child = fileURLToPath(new URL('./child.ts', import.meta.url));
const tsx = createRequire(import.meta.url).resolve('tsx');

export interface RecipeResult {
  metrics: Record<string, string>;
  backend: string;
}

export interface RecipeRun {
  /** A file beside whose node_modules TensorFlow.js is installed. */
  modules: string;
  /** Folders with secrets, which the recipe must not see. */
  hidden?: string[];
  onEpoch: (epoch: Epoch) => void;
  signal?: AbortSignal;
  /** How long it may say nothing, in milliseconds, for tests; else by how long its epochs take. */
  stallMs?: number;
}

/**
 * Runs a recipe in a process of its own, which ends with this one: where bubblewrap works without network and with
 * nothing to write to but its job's folders. What it prints is dropped, because it may quote records; a failure comes
 * back as a code.
 *
 * @throws ActivityError `trainingFailed` (never retried) · `interrupted` (the process died or the step was cancelled:
 *   it resumes from its last epoch)
 */
export async function runRecipeProcess(order: RecipeOrder, run: RecipeRun): Promise<RecipeResult> {
  const writable = [order.epochs, order.outputs];
  for (const folder of writable) await mkdir(folder, { recursive: true, mode: 0o700 });
  const node: [string, ...string[]] = [process.execPath, '--import', tsx, child];
  // Named, because they lie below /dev/shm, and the sandbox has a /dev of its own.
  const files = [...(order.base === null ? [] : [order.base]), ...order.recordings.map(({ path }) => path)];
  const readable = [...new Set(files.map((path) => dirname(path)))];
  const [program, args] = (await sandboxWorks())
    ? confine(node, { writable, hidden: run.hidden ?? [], readable })
    : [node[0], node.slice(1)];
  const env = environment(run.modules, order.epochs);
  const running = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const stop = (): void => void running.kill('SIGKILL');
  run.signal?.addEventListener('abort', stop, { once: true });
  const stall = new Stall(run.stallMs);
  const heard = (epoch: Epoch): void => {
    stall.heard();
    run.onEpoch(epoch);
  };
  try {
    return await Promise.race([stall.stalled, resultOf(order, running, heard)]);
  } finally {
    stall.end();
    run.signal?.removeEventListener('abort', stop);
    stop();
  }
}

/** Without the parent's environment: no credentials, no identity file's place. */
function environment(modules: string, scratch: string): Record<string, string> {
  const { PATH, LIVEPOD_TENSORFLOW, LD_LIBRARY_PATH } = process.env;
  const given = { PATH, LIVEPOD_TENSORFLOW, LD_LIBRARY_PATH };
  const known = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(known), LIVEPOD_MODULES: modules, TMPDIR: scratch, HOME: scratch };
}

/** The first that it says or does counts: its result, its failure, or its end. */
function resultOf(order: RecipeOrder, running: ChildProcess, onEpoch: (epoch: Epoch) => void): Promise<RecipeResult> {
  return new Promise((resolve, reject) => {
    running.on('message', (message: RecipeMessage) => {
      if (message.kind === 'epoch') return onEpoch(message.epoch);
      if (message.kind === 'done') return resolve({ metrics: message.metrics, backend: message.backend });
      reject(failed(message));
    });
    running.on('error', (cause) => reject(notStarted(cause)));
    running.on('exit', (code, killedBy) => reject(endedEarly(code, killedBy)));
    running.send(order);
  });
}

const MINUTE_MS = 60_000;

/**
 * Training may take as long as it goes on. One that says nothing for ten times its longest epoch, and half an hour at
 * least (six hours before its first), has stopped without ending.
 */
class Stall {
  readonly stalled: Promise<never>;
  private reject: (error: ActivityError) => void = () => undefined;
  private timer: NodeJS.Timeout;
  private last = performance.now();
  private longest = 0;

  constructor(private readonly fixed: number | undefined) {
    this.stalled = new Promise<never>((_, reject) => (this.reject = reject));
    this.stalled.catch(() => undefined);
    this.timer = this.limit(fixed ?? 360 * MINUTE_MS);
  }

  heard(): void {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.last);
    this.last = now;
    clearTimeout(this.timer);
    this.timer = this.limit(this.fixed ?? Math.max(30 * MINUTE_MS, 10 * this.longest));
  }

  end(): void {
    clearTimeout(this.timer);
  }

  /** A timer of Node.js cannot be longer than 24 days. */
  private limit(ms: number): NodeJS.Timeout {
    const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
    const message =
      `The training process said nothing for ${minutes} minutes and was ended; ` + 'it resumes from its last epoch.';
    const tell = (): void => this.reject(new ActivityError('interrupted', { minutes }, message));
    return setTimeout(tell, Math.min(ms, 2 ** 31 - 1));
  }
}

function notStarted(cause: Error): ActivityError {
  return new ActivityError('interrupted', {}, 'The training process could not be started; it is tried again.', {
    cause,
  });
}

function endedEarly(code: number | null, killedBy: string | null): ActivityError {
  return new ActivityError(
    'interrupted',
    { code, killedBy },
    `The training process ended early (${killedBy ?? `status ${code}`}); it resumes from its last epoch.`,
  );
}

function failed({ code, message }: { code: string; message: string }): ActivityError {
  const words = QUOTES_RECORDS.has(code)
    ? "a recording does not follow its dataset's schema; leave that dataset out"
    : message;
  return new ActivityError('trainingFailed', { recipeCode: code }, `The recipe stopped with ${code}: ${words}`);
}
