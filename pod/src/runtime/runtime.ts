import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { processStat } from '@livepod/client/node';
import { taskOf, type CheckpointManifest } from '@livepod/protocol';
import type { Contract } from '@livepod/runtime';
import { PodError, isBlame } from '../errors.js';
import { hashOf } from '../slots/slots.js';
import type { Trouble } from '../trouble.js';
import type { Answer, Counters, Order, Reading } from './messages.js';

// From sources the child needs the TypeScript loader; the bundled pod has it beside it as JavaScript.
const FROM_SOURCES = import.meta.url.endsWith('.ts');
const CHILD = fileURLToPath(new URL(FROM_SOURCES ? './child.ts' : './runtime.mjs', import.meta.url));
// By its path: the folder that a pod is started in need not be this one.
const loader = (): string => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const CHILD_OPTIONS = FROM_SOURCES ? ['--import', loader()] : [];

/** How a process ends by a mistake in native code; SIGKILL and the like come from the device. */
const CRASHES = new Set<NodeJS.Signals>(['SIGSEGV', 'SIGABRT', 'SIGFPE']);
/** What it says before it ends for want of memory (V8, the C++ library, the system). */
const OUT_OF_MEMORY = /heap out of memory|bad_alloc|cannot allocate memory|out of memory/i;
/** So often a model may crash a process that starts it. */
const STARTS = 3;
/** proc(5) counts processor time in these. */
const TICKS_A_SECOND = 100;

export interface Inferred {
  said: number;
  scores: number[];
}

/**
 * One slot's model, running in a process of its own that is killed when it hangs. Emits `counters`, `motion` (what it
 * reads, or why not) and, when the process ends by itself, `died`.
 */
export class Runtime extends EventEmitter<{
  counters: [Counters];
  motion: [Reading | null, Trouble | null];
  died: [PodError];
}> {
  private closing = false;
  private loaded = false;
  private complaint = '';

  private constructor(
    private readonly child: ChildProcess,
    /** What its model answers for. */
    readonly contract: Contract,
    private readonly patienceMs: number,
  ) {
    super();
    this.setMaxListeners(0);
    child.setMaxListeners(0);
    child.on('message', (answer: Answer) => {
      if (answer.answer === 'counters') this.emit('counters', answer);
      if (answer.answer === 'motion') this.emit('motion', answer.reading, answer.trouble);
    });
    child.on('error', () => undefined); // told by what waits for an answer, or by `close`
    child.stderr?.on('data', (text: Buffer) => {
      process.stderr.write(text);
      this.complaint = (this.complaint + text.toString()).slice(-4_000);
    });
    // `close`, not `exit`: by then all that it complained of has been read, and that tells whose end it was.
    child.once('close', (status, signal) => {
      if (!this.closing) this.emit('died', this.ending(status, signal));
    });
  }

  /** What a correction of this model is, as its task says it: "its person corrected". */
  get correction(): string {
    return taskOf(this.contract.task).correction(this.contract.task);
  }

  /**
   * Loads a slot's model and runs its self-test vectors. A process that crashes meanwhile is followed by a fresh one:
   * only what happens in every one of them is the checkpoint's.
   *
   * @throws PodError `modelDoesNotLoad` · `selfTestDiffers` · `runtimeDied` · `runtimeHangs`, which are the
   * checkpoint's own; `slotDamaged` · `runtimeKilled` · `deviceBusy` and the system's, which are the device's
   */
  static async start(folder: string, manifest: CheckpointManifest, patienceMs = 60_000): Promise<Runtime> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await Runtime.startOnce(folder, manifest, patienceMs);
      } catch (error) {
        if (!(error instanceof PodError && error.code === 'runtimeDied') || tries === STARTS) throw error;
      }
    }
  }

  private static async startOnce(folder: string, manifest: CheckpointManifest, patienceMs: number): Promise<Runtime> {
    const { task, input } = manifest;
    const file = (name: string) => ({ path: `${folder}/${name}`, sha256: hashOf(manifest, name) });
    const [model, test] = [file('model.onnx'), file('selftest.json')];
    const child = fork(CHILD, { execArgv: CHILD_OPTIONS, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    const runtime = new Runtime(child, { task, input }, patienceMs);
    try {
      await runtime.isUp();
      await runtime.ask({ do: 'load', model, runnable: { task, input, runtime: manifest.runtime } });
      await runtime.ask({ do: 'selfTest', test });
      runtime.loaded = true;
      return runtime;
    } catch (error) {
      await runtime.close();
      throw error;
    }
  }

  /** Begins to answer for the person's records. */
  watch(recordings: string, person: string, windowsPerSecond: number): void {
    this.send({ do: 'watch', recordings, person, windowsPerSecond });
  }

  /** What the model says of one window. @throws PodError `inferenceFails` · `outputNotFinite` · `runtimeKilled` … */
  async infer(id: string, columns: readonly string[], rows: readonly (readonly number[])[]): Promise<Inferred> {
    const answer = await this.heard(
      { do: 'infer', id, columns, rows },
      (one) => (one.answer === 'inferred' || one.answer === 'notInferred') && one.id === id,
    );
    if (answer.answer === 'inferred') return { said: answer.said, scores: answer.scores };
    throw errorOf(answer as Extract<Answer, { answer: 'notInferred' }>);
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL'); // it holds nothing that needs an orderly end
    await ended;
  }

  /** The process runs: until then nothing has to do with the checkpoint. */
  private async isUp(): Promise<void> {
    await this.heard(undefined, ({ answer }) => answer === 'up');
  }

  private async ask(order: Order): Promise<void> {
    const wanted = new Set<Answer['answer']>(['loaded', 'selfTested', 'refused']);
    const answer = await this.heard(order, (one) => wanted.has(one.answer));
    if (answer.answer === 'refused') throw errorOf(answer);
  }

  private send(order: Order): void {
    this.child.send(order, () => undefined); // one that has just ended is told by its `close`
  }

  /** Sends an order and waits for what answers it; with none, for what the process says by itself. */
  private heard(order: Order | undefined, isAnswer: (answer: Answer) => boolean): Promise<Answer> {
    const before = this.processorSeconds();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(() => reject(this.tooLong(order, before))), this.patienceMs);
      const heard = (message: Answer): void => {
        if (isAnswer(message)) finish(() => resolve(message));
      };
      const died = (status: number | null, signal: NodeJS.Signals | null): void =>
        finish(() => reject(this.ending(status, signal, order)));
      const notStarted = (error: Error): void => finish(() => reject(error));
      const finish = (then: () => void): void => {
        clearTimeout(timer);
        this.child.off('message', heard).off('close', died).off('error', notStarted);
        then();
      };
      this.child.on('message', heard).once('close', died).once('error', notStarted);
      if (order) this.send(order);
    });
  }

  /** A model that computes without end hangs; one that got no processor time could not do anything. */
  private tooLong(order: Order | undefined, before: number | undefined): PodError {
    const now = this.processorSeconds();
    const spent = now === undefined || before === undefined ? undefined : now - before;
    const seconds = this.patienceMs / 1000;
    if (!order || (spent !== undefined && spent < seconds / 2))
      return new PodError(
        'deviceBusy',
        { order: order?.do, spent },
        `This device had no time to ${order?.do ?? 'start the runtime'} within ${seconds} s.`,
      );
    return new PodError(
      'runtimeHangs',
      { order: order.do, spent },
      `The model did not ${order.do} within ${seconds} s.`,
    );
  }

  private ending(status: number | null, signal: NodeJS.Signals | null, order?: Order): PodError {
    const how = signal ?? `status ${status}`;
    const when = order ? ` when told to ${order.do}` : '';
    const touched = this.loaded || order !== undefined;
    if (touched && signal !== null && CRASHES.has(signal) && !OUT_OF_MEMORY.test(this.complaint))
      return new PodError('runtimeDied', { how }, `The runtime process died by itself${when} (${how}).`);
    return new PodError('runtimeKilled', { how }, `The runtime process was ended by this device${when} (${how}).`);
  }

  /** What the process has computed so far; undefined where the system does not say. */
  private processorSeconds(): number | undefined {
    const fields = this.child.pid === undefined ? undefined : processStat(this.child.pid);
    return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  }
}

/** The child's error on this side: of the pod's own table where it can stand there, else as the system's. */
function errorOf({ code, message }: { code: string; message: string }): Error {
  if (isBlame(code) || code === 'slotDamaged' || code === 'noModel') return new PodError(code, {}, message);
  return Object.assign(new Error(message), { code });
}
