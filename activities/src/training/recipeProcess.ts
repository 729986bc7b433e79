import type { Writable } from 'node:stream';
import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { ActivityError } from '../errors.js';
import { NotTaken, Outputs } from './outputs.js';
import {
  DONE_BYTES,
  EPOCH_BYTES,
  FILE_BYTES,
  ORDER,
  readDone,
  readEpoch,
  readFailed,
  readFile,
  REPORT,
  RESUME,
  type Epoch,
  type Failure,
} from './reports.js';
import { limitsOf, type Resources } from './sandbox/confine.js';
import { frame, framesOf, MalformedFrame, MAX_PIECE, piecesOf } from './sandbox/frames.js';
import { programOf } from './sandbox/program.js';
import { startConfined, type Running } from './sandbox/start.js';
import type { Excess } from './sandbox/watch.js';
import { sandboxWay } from './sandbox/ways.js';
import { Pace, Stall } from './pace.js';

export type { Epoch } from './reports.js';

/** One recording, whose plaintext is made piece by piece while the sandbox takes it in. */
export interface Recording {
  name: string;
  person: string;
  bytes: number;
  pieces(): AsyncIterable<Uint8Array>;
}

/** All that a recipe is given. */
export interface RecipeOrder {
  /** The recipe's code, as the approved bundle holds it. */
  code: string;
  recordings: Recording[];
  schema: unknown;
  hyperparameters: Record<string, number | string>;
  seed: number;
  /** The base checkpoint's model. */
  base: Uint8Array | null;
  resources: Resources;
  /** What the recipe leaves, by name. */
  files: readonly string[];
  /** Where that goes, once it is whole. */
  outputs: string;
  /** A file in memory that a killed training goes on from. */
  resume: string;
}

/** What goes into the sandbox before code and data. */
export type RecipeHeader = Pick<RecipeOrder, 'schema' | 'hyperparameters' | 'seed' | 'files'>;

export interface RecipeRun {
  /** A file beside whose node_modules TensorFlow.js is installed; null for a recipe that needs none. */
  modules: string | null;
  /** By somebody's explicit word, a folder in memory: the recipe runs there with the provider's own rights. */
  withoutSandbox?: string | undefined;
  gpu?: boolean | undefined;
  onEpoch: (epoch: Epoch) => void;
  signal?: AbortSignal;
  /** How long it may say nothing, in milliseconds, for tests; else by how long its epochs take. */
  stallMs?: number;
}

/** Kinds of frames that are read, and the longest of each. */
const LONGEST: ReadonlyMap<number, number> = new Map([
  [REPORT.ready, 0],
  [REPORT.epoch, EPOCH_BYTES],
  [REPORT.file, FILE_BYTES],
  [REPORT.piece, MAX_PIECE],
  [REPORT.done, DONE_BYTES],
  [REPORT.failed, 1],
]);
const MIB = 2 ** 20;

/**
 * Runs a recipe in a sandbox, which ends with this process, and takes from it what its approval lets out: numbers of
 * its epochs, declared files, metrics, or a failure's code. What it prints is dropped, because it may quote records.
 *
 * @throws ActivityError `trainingFailed` · `limitExceeded` · `badReport` · `noSandbox` (never retried) · `interrupted`
 *   (the process died or the step was cancelled: it resumes from its last epoch)
 */
export async function runRecipeProcess(order: RecipeOrder, run: RecipeRun): Promise<Record<string, string>> {
  const { resources, outputs, files, resume } = order;
  const limits = limitsOf(resources);
  const way = await wayOf(run);
  const taken = await Outputs.open({ outputs, files, resume, resumeBytes: limits.scratchMiB * MIB });
  const running = await startConfined({
    program: await programOf(new URL('./child.ts', import.meta.url)),
    limits,
    modules: run.modules,
    gpu: run.gpu ?? false,
    way,
  });
  const stop = (): void => void running.stop();
  run.signal?.addEventListener('abort', stop, { once: true });
  if (run.signal?.aborted) stop();
  const stall = new Stall(run.stallMs);
  try {
    const heard = (epoch: Epoch): void => {
      stall.heard();
      run.onEpoch(epoch);
    };
    const metrics = await Promise.race([stall.stalled, told(order, running, taken, heard)]);
    await running.stop();
    await taken.commit(metrics);
    return metrics;
  } catch (error) {
    await running.stop();
    const { excess } = await running.ended;
    throw inWords(error, excess, resources);
  } finally {
    stall.end();
    run.signal?.removeEventListener('abort', stop);
    await taken.close();
  }
}

async function wayOf({ withoutSandbox, modules }: RecipeRun) {
  if (withoutSandbox !== undefined) return { without: withoutSandbox };
  const way = await sandboxWay(modules);
  if (way) return way;
  throw new ActivityError(
    'noSandbox',
    {},
    'Recipes cannot be confined on this machine, so none is run; install bubblewrap (Debian: apt-get install ' +
      'bubblewrap), and see livepod provider doctor.',
  );
}

/** What the sandbox tells, up to its result; in the meantime it is handed what it works on. */
async function told(
  order: RecipeOrder,
  running: Running,
  taken: Outputs,
  onEpoch: (epoch: Epoch) => void,
): Promise<Record<string, string>> {
  const given = { failed: undefined as { with: unknown } | undefined };
  const begin = async (): Promise<void> => {
    await running.bound();
    give(order, running.input).catch((error: unknown) => {
      given.failed = { with: error };
      void running.stop();
    });
  };
  try {
    const metrics = await heard(running, new Pace(order.hyperparameters['epochs']), taken, { begin, onEpoch });
    if (metrics) return metrics;
  } catch (error) {
    // Why it could not be given its data says more than that its pipe was cut then.
    if (!given.failed) throw isCut(error) ? endedEarly() : error;
  }
  throw given.failed ? given.failed.with : endedEarly();
}

const isCut = (error: unknown): boolean => (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';

/** @returns undefined when the sandbox ended without a result */
async function heard(
  { reports }: Running,
  pace: Pace,
  taken: Outputs,
  { begin, onEpoch }: { begin: () => Promise<void>; onEpoch: (epoch: Epoch) => void },
): Promise<Record<string, string> | undefined> {
  for await (const { kind, body } of framesOf(reports, LONGEST)) {
    if (kind === REPORT.ready) {
      pace.ready();
      await begin();
    } else if (kind === REPORT.epoch) {
      onEpoch(pace.epoch(readEpoch(body)));
    } else if (kind === REPORT.file) {
      const { file, bytes } = readFile(body) ?? pace.broken();
      if (file === RESUME) pace.resume();
      await taken.begin(file, bytes);
    } else if (kind === REPORT.piece) {
      await taken.piece(body);
    } else if (kind === REPORT.done) {
      return readDone(body) ?? pace.broken();
    } else {
      throw failed(readFailed(body) ?? pace.broken());
    }
  }
  return undefined;
}

/** Hands the sandbox its order and data, piece after piece: no more than one is in this process's memory. */
async function give(order: RecipeOrder, input: Writable): Promise<void> {
  const { schema, hyperparameters, seed, files } = order;
  const text = new TextEncoder();
  const json = (value: unknown): Uint8Array => text.encode(JSON.stringify(value));
  const send = async (kind: number, body?: Uint8Array): Promise<void> => {
    if (input.destroyed) throw endedEarly();
    if (!input.write(frame(kind, body))) await Promise.race([once(input, 'drain'), once(input, 'close')]);
  };
  await send(ORDER.order, json({ schema, hyperparameters, seed, files } satisfies RecipeHeader));
  await send(ORDER.code, text.encode(order.code));
  if (order.base) {
    await send(ORDER.base, json(order.base.length));
    for (const piece of piecesOf(order.base)) await send(ORDER.piece, piece);
  }
  const resume = await stat(order.resume).catch(() => undefined);
  if (resume) {
    await send(ORDER.resume);
    const file = await open(order.resume);
    for await (const piece of file.createReadStream()) await send(ORDER.piece, piece as Uint8Array);
  }
  for (const { name, person, bytes, pieces } of order.recordings) {
    await send(ORDER.recording, json({ name, person, bytes }));
    for await (const whole of pieces()) for (const piece of piecesOf(whole)) await send(ORDER.piece, piece);
  }
  await send(ORDER.go);
}

function inWords(error: unknown, excess: Excess | undefined, { memoryMiB, seconds }: Resources): unknown {
  if (excess) {
    const most = { memory: `${memoryMiB} MiB of memory`, processes: 'its processes', time: `${seconds} seconds` }[
      excess
    ];
    return new ActivityError(
      'limitExceeded',
      { limit: excess },
      `The recipe went beyond ${most}, which is all that its approval gives it, and was ended.`,
    );
  }
  if (error instanceof MalformedFrame || error instanceof NotTaken)
    return new ActivityError(
      'badReport',
      {},
      'The recipe told something that its approval does not let out, and was ended; do not run it again.',
    );
  return error;
}

function endedEarly(): ActivityError {
  return new ActivityError('interrupted', {}, 'The training process ended early; it resumes from its last epoch.');
}

/** What a person can do about a failure, in words of ours: a recipe's own can quote a record. */
const MEANING: Partial<Record<Failure, string>> = {
  unnamed: 'an error that the recipe does not name',
  undeclared: 'it leaves a file or a metric that nobody declared',
  badRecording: "a recording does not follow its dataset's schema; leave that dataset out",
  unknownLabel: "a recording does not follow its dataset's schema; leave that dataset out",
  noBackend: 'no TensorFlow.js loads on this provider; see npm run doctor',
  unsuitableSchema: 'the datasets have other channels than it needs; train it on others',
  noWindows: 'the recordings are too short for it; add longer ones',
  baseMismatch: 'the base checkpoint is of another kind of training; start from one of the same, or from none',
  diverged: 'the loss became infinite; lower the learning rate',
  outOfMemory: 'it ran out of memory',
};

function failed(code: Failure): ActivityError {
  const words = MEANING[code] ?? 'see the codes in the README of recipes';
  return new ActivityError('trainingFailed', { recipeCode: code }, `The recipe stopped with ${code}: ${words}`);
}
