import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { taskOf, type CheckpointManifest } from '@livepod/protocol';
import { RuntimeError, checkVectors, type Confinement, type Contract } from '@livepod/runtime';
import { ModelProcess, refusalIn, type Heard } from '@livepod/runtime/process';
import { wait } from '../clock.js';
import { PodError, codeOf, isBlame } from '../errors.js';
import { sha256 } from '../hashes.js';
import { evaluationIn, hashOf } from '../slots/slots.js';
import { troubleOf, type Trouble } from '../trouble.js';
import type { TrustedManifest } from '../updates/checkpoint.js';
import { noCounters, type Answer, type Counters, type Order, type Reading } from './messages.js';
import { readRecords } from './reading.js';
import { tracksOut } from './records.js';

// From sources it is made into one file when it is first asked for; the packed pod has it beside it.
const CHILD = new URL(
  new URL(import.meta.url).pathname.endsWith('.ts') ? './child.ts' : './runtime.mjs',
  import.meta.url,
);

/** So often a model may crash a process that starts it. */
const STARTS = 3;
/** Between two looks at recordings that cannot be read: the first, and the longest, seconds. */
const LOOK_AGAIN = { first: 1, longest: 300 };

/** A checkpoint's documents, of which the signatures were verified. */
export type Checked = Pick<TrustedManifest, 'manifest' | 'report'>;

export interface Inferred {
  said: number;
  scores: number[];
}

/**
 * One slot's model, running in a confined process of its own that is killed when it hangs. Emits `counters`, `motion`
 * (what it reads, or why not) and, when the process ends by itself, `died`.
 */
export class Runtime extends EventEmitter<{
  counters: [Counters];
  motion: [Reading | null, Trouble | null];
  died: [PodError];
}> {
  private closing = false;
  /** What it answers for. */
  private found: { reading: Reading; trouble: Trouble | null } | undefined;

  private constructor(
    private readonly model: ModelProcess,
    /** What its model answers for. */
    readonly contract: Contract,
  ) {
    super();
    this.setMaxListeners(0);
    model.on('heard', (heard) => this.hear(heard));
    model.once('died', (why) => {
      this.closing = true;
      this.emit('died', errorOf(why) as PodError);
    });
  }

  /** The model's process, and what confines it. */
  get pid(): number | undefined {
    return this.model.pid;
  }

  get confinement(): Confinement {
    return this.model.confinement;
  }

  /** What a correction of this model is, as its task says it: "its person corrected". */
  get correction(): string {
    return taskOf(this.contract.task).correction(this.contract.task);
  }

  /**
   * Loads a slot's model and runs its provider's self-test vectors, and those of its evaluator's own choice. A process
   * that crashes meanwhile is followed by a fresh one: only what happens in every one of them is the checkpoint's.
   *
   * @throws PodError `modelDoesNotLoad` · `selfTestDiffers` · `runtimeDied` · `runtimeHangs`, which are the
   * checkpoint's own; `slotDamaged` · `runtimeKilled` · `deviceBusy` and the system's, which are the device's
   */
  static async start(folder: string, trusted: Checked, patienceMs = 60_000): Promise<Runtime> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await Runtime.startOnce(folder, trusted, patienceMs);
      } catch (error) {
        if (!(error instanceof PodError && error.code === 'runtimeDied') || tries === STARTS) throw error;
      }
    }
  }

  private static async startOnce(folder: string, trusted: Checked, patienceMs: number): Promise<Runtime> {
    const { manifest, report } = trusted;
    const [model, test] = ['model.onnx', 'selftest.json'].map((name) => verified(folder, manifest, name)) as [
      Buffer,
      Buffer,
    ];
    let process: ModelProcess | undefined;
    try {
      process = await ModelProcess.start({ entry: CHILD, patienceMs });
      await process.load(model, manifest);
      await process.selfTest(test);
      const vectors = report && evaluationIn(report)?.vectors;
      if (vectors) await checkVectors(process, manifest, vectors);
      return new Runtime(process, { task: manifest.task, input: manifest.input });
    } catch (error) {
      await process?.close();
      throw errorOf(error);
    }
  }

  /** Begins to answer for the person's records. */
  watch(recordings: string, person: string, windowsPerSecond: number): void {
    void this.follow(recordings, person, windowsPerSecond);
  }

  /**
   * Gives the model's process the person's records. With everything read, they stand for a sensor that never ends; else
   * the folder is looked at again when they have been answered for. It ends with the process.
   */
  private async follow(recordings: string, person: string, windowsPerSecond: number): Promise<void> {
    for (let again = LOOK_AGAIN.first; !this.closing;) {
      const found = await readRecords(recordings, person, this.contract);
      if (this.closing) return;
      if ('trouble' in found) {
        this.emit('motion', null, found.trouble);
        await wait(again);
        again = Math.min(again * 2, LOOK_AGAIN.longest);
        continue;
      }
      again = LOOK_AGAIN.first;
      const { tracks, reading, trouble } = found.records;
      this.emit('motion', reading, trouble);
      this.found = { reading, trouble };
      const { heads, payload } = tracksOut(tracks);
      const order: Order = { do: 'watch', tracks: heads, again: trouble === null, windowsPerSecond };
      this.model.send(order, payload);
      if (!trouble) return;
      await this.passed();
      await wait(again);
    }
  }

  /** It has answered for all of the records once. */
  private passed(): Promise<void> {
    return new Promise((resolve) => {
      const hear = ({ head }: Heard): void => {
        if (head.answer !== 'passed') return;
        this.model.off('heard', hear);
        resolve();
      };
      this.model.on('heard', hear);
    });
  }

  private hear(heard: Heard): void {
    const { answer } = heard.head;
    if (answer === 'counters') this.emit('counters', countersIn(heard.head as Partial<Counters>));
    if (answer === 'lost') this.emit('motion', null, troubleOf(errorOf(refusalIn(heard))));
    if (answer === 'found' && this.found) this.emit('motion', this.found.reading, this.found.trouble);
  }

  /** What the model says of one window. @throws PodError `inferenceFails` · `outputNotFinite` · `runtimeKilled` … */
  async infer(id: string, columns: readonly string[], rows: readonly (readonly number[])[]): Promise<Inferred> {
    const order: Order = { do: 'infer', id, columns, rows };
    const isAnswer = ({ head }: Heard): boolean =>
      (head.answer === 'inferred' || head.answer === 'notInferred') && (head as { id?: unknown }).id === id;
    const heard = await this.model.heard(order, isAnswer).catch((error: unknown) => Promise.reject(errorOf(error)));
    if (heard.head.answer !== 'inferred') throw errorOf(refusalIn(heard));
    const { said, scores } = heard.head as unknown as Extract<Answer, { answer: 'inferred' }>;
    if (Number.isFinite(said) && Array.isArray(scores) && scores.every(Number.isFinite)) return { said, scores };
    throw new PodError('outputNotFinite', {}, 'The model gives an output that is no finite number.');
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.model.close();
  }
}

/** A slot's file, which is the one that the manifest names; a damaged one is no fault of the checkpoint. */
function verified(folder: string, manifest: CheckpointManifest, name: string): Buffer {
  const path = `${folder}/${name}`;
  const sha = hashOf(manifest, name);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    throw new PodError('slotDamaged', { path }, `${path} is not there.`, { cause });
  }
  if (sha256(bytes) === sha) return bytes;
  throw new PodError('slotDamaged', { path }, `${path} is damaged: it does not have the hash that its manifest names.`);
}

/** What the model's process counts; what is no count is none. */
function countersIn(said: Partial<Counters>): Counters {
  const counters = noCounters();
  const { failure, ...counts } = said;
  for (const [name, count] of Object.entries(counts))
    if (name in counters && Number.isSafeInteger(count) && (count as number) >= 0)
      Object.assign(counters, { [name]: count });
  if (failure && isBlame(failure.code)) counters.failure = { code: failure.code, message: String(failure.message) };
  return counters;
}

/** Codes of the runtime as this pod's own table, or the operating system, has them. */
const HERE: Readonly<Partial<Record<RuntimeError['code'], string>>> = {
  outOfMemory: 'ENOMEM',
  modelRefused: 'modelDoesNotLoad',
  hostBusy: 'deviceBusy',
  runtimeKilled: 'runtimeKilled',
};

/** The runtime's error as this pod's: of its own table where it can stand there, else as the system's. */
function errorOf(error: unknown): Error {
  if (!(error instanceof RuntimeError)) return error as Error;
  const code = HERE[error.code] ?? error.code;
  if (isBlame(code) || code === 'deviceBusy' || code === 'runtimeKilled')
    return new PodError(code, error.details, error.message, { cause: error });
  return Object.assign(new Error(error.message), { code });
}
