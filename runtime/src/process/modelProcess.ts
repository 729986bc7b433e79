import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { RuntimeError } from '../errors.js';
import type { Runnable } from '../runnable.js';
import { commandFor, confinementHere, type Confinement } from './confinement.js';
import { Frames, MOST_FROM_MODEL, bytesOf, float32, frame } from './frames.js';
import { programOf } from './program.js';
import type { CoreAnswer, CoreOrder } from './serve.js';

/** What a model may take of this machine. */
const MEMORY_MIB = 2_048;
const PATIENCE_MS = 60_000;
/** How a process ends by a mistake in native code; SIGKILL and the like come from the device. */
const CRASHES = new Set<NodeJS.Signals>(['SIGSEGV', 'SIGABRT', 'SIGFPE', 'SIGILL', 'SIGBUS']);
/** What it says before it ends for want of memory (V8, the C++ library, the system). */
const OUT_OF_MEMORY = /heap out of memory|bad_alloc|cannot allocate memory|out of memory/i;
/** proc(5) counts processor time in these. */
const TICKS_A_SECOND = 100;
/** Of what a process says beside its answers: only whether it lacks memory is looked for. */
const COMPLAINT = 4_000;
/** Of a refusal's words. */
const LONGEST_MESSAGE = 400;

export interface Started {
  /** The program: its source, or its file. Else the one that loads, tests and answers. */
  entry?: URL;
  patienceMs?: number;
  memoryMib?: number;
  /** Else the strongest that works here. */
  confinement?: Confinement;
}

export interface Heard {
  head: { answer: string; code?: string; message?: string };
  payload: Buffer;
}

/**
 * A confined process that holds one model: it sees the bytes and windows that it is given, and nothing else; one that
 * hangs is killed. Emits `heard` for all that it says and, when it ends by itself, `died`.
 */
export class ModelProcess extends EventEmitter<{ heard: [Heard]; died: [RuntimeError] }> {
  private closing = false;
  private loaded = false;
  private complaint = '';
  private readonly input: Writable;

  private constructor(
    private readonly child: ChildProcess,
    readonly confinement: Confinement,
    private readonly patienceMs: number,
  ) {
    super();
    this.setMaxListeners(0);
    child.setMaxListeners(0);
    this.input = child.stdin as Writable;
    this.input.on('error', () => undefined); // told by what waits for an answer, or by `close`
    child.on('error', () => undefined);
    const frames = new Frames(MOST_FROM_MODEL, (head, payload) => this.emit('heard', { head: headIn(head), payload }));
    (child.stdout as Readable).on('data', (part: Buffer) => {
      try {
        frames.take(part);
      } catch {
        this.kill(); // what sends no frames is no process of ours any more
      }
    });
    child.stderr?.on('data', (text: Buffer) => {
      this.complaint = (this.complaint + text.toString('latin1')).slice(-COMPLAINT);
    });
    // `close`, not `exit`: by then all that it complained of has been read, and that tells whose end it was.
    child.once('close', (status, signal) => {
      if (!this.closing) this.emit('died', this.ending(status, signal));
    });
  }

  /** @throws RuntimeError `runtimeKilled` · `hostBusy`, and the system's errors: nothing has to do with a model yet */
  static async start(options: Started = {}): Promise<ModelProcess> {
    const program = await programOf(options.entry ?? new URL('./child.ts', import.meta.url));
    const confinement = options.confinement ?? (await confinementHere(program));
    const command = commandFor(confinement, program, options.memoryMib ?? MEMORY_MIB)!;
    const child = spawn(command.program, command.args, { env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
    const started = new ModelProcess(child, confinement, options.patienceMs ?? PATIENCE_MS);
    try {
      await started.heard(undefined, ({ head }) => head.answer === 'up');
      return started;
    } catch (error) {
      await started.close();
      throw error;
    }
  }

  /** @throws RuntimeError `modelRefused` · `modelDoesNotLoad` · `runtimeDied` · `runtimeHangs` · … */
  async load(model: Uint8Array, runnable: Runnable): Promise<void> {
    const { task, input, runtime } = runnable;
    await this.ask({ do: 'load', runnable: { task, input, runtime } }, 'loaded', model);
    this.loaded = true;
  }

  /** @param test  the bytes of a self-test's file @throws RuntimeError `selfTestDiffers` · … */
  async selfTest(test: Uint8Array): Promise<void> {
    await this.ask({ do: 'selfTest' }, 'selfTested', test);
  }

  /**
   * The model's outputs for windows that lie behind one another, a contract's tensors flat; each is run by itself.
   * @throws RuntimeError `inferenceFails` · …
   */
  async answers(windows: Float32Array, count: number): Promise<Float32Array> {
    const { payload } = await this.ask({ do: 'answers', windows: count }, 'answers', bytesOf(windows));
    return float32(payload);
  }

  /** The process that the model is in, which a confinement may have put below others. */
  get pid(): number | undefined {
    let pid = this.child.pid;
    for (let inner = pid; inner !== undefined; inner = onlyChildOf(inner)) pid = inner;
    return pid;
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const ended = once(this.child, 'exit');
    this.kill();
    await ended;
  }

  /** It holds nothing that needs an orderly end. What is around the model's process ends after it, and not before. */
  private kill(): void {
    const { pid } = this;
    try {
      if (pid !== undefined && pid !== this.child.pid) process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
    setTimeout(() => this.child.kill('SIGKILL'), pid === this.child.pid ? 0 : 1_000).unref();
  }

  send(order: object, payload?: Uint8Array): void {
    this.input.write(frame(order, payload));
  }

  private async ask(order: CoreOrder, wanted: CoreAnswer['answer'], payload?: Uint8Array): Promise<Heard> {
    const heard = await this.heard(order, ({ head }) => head.answer === wanted || head.answer === 'refused', payload);
    if (heard.head.answer === 'refused') throw refusalIn(heard);
    return heard;
  }

  /** Sends an order and waits for what answers it; with none, for what the process says by itself. */
  heard(
    order: ({ do: string } & object) | undefined,
    isAnswer: (heard: Heard) => boolean,
    payload?: Uint8Array,
  ): Promise<Heard> {
    const before = this.processorSeconds();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const why = this.tooLong(order?.do, before);
        if (why.code === 'runtimeHangs') this.kill();
        finish(() => reject(why));
      }, this.patienceMs);
      const hear = (heard: Heard): void => {
        if (isAnswer(heard)) finish(() => resolve(heard));
      };
      const died = (status: number | null, signal: NodeJS.Signals | null): void =>
        finish(() => reject(this.ending(status, signal, order?.do)));
      const notStarted = (error: Error): void => finish(() => reject(error));
      const finish = (then: () => void): void => {
        clearTimeout(timer);
        this.off('heard', hear);
        this.child.off('close', died).off('error', notStarted);
        then();
      };
      this.on('heard', hear);
      this.child.once('close', died).once('error', notStarted);
      if (order) this.send(order, payload);
    });
  }

  /** A model that computes without end hangs; one that got no processor time could not do anything. */
  private tooLong(order: string | undefined, before: number | undefined): RuntimeError {
    const now = this.processorSeconds();
    const spent = now === undefined || before === undefined ? undefined : now - before;
    const seconds = this.patienceMs / 1000;
    if (order === undefined || (spent !== undefined && spent < seconds / 2))
      return new RuntimeError(
        'hostBusy',
        { order, spent },
        `This device had no time to ${order ?? 'start the runtime'} within ${seconds} s.`,
      );
    return new RuntimeError('runtimeHangs', { order, spent }, `The model did not ${order} within ${seconds} s.`);
  }

  private ending(status: number | null, killed: NodeJS.Signals | null, order?: string): RuntimeError {
    const signal = killed ?? signalIn(status);
    const how = signal ?? `status ${status}`;
    const when = order === undefined ? '' : ` when told to ${order}`;
    const touched = this.loaded || order !== undefined;
    if (touched && signal && CRASHES.has(signal) && !OUT_OF_MEMORY.test(this.complaint))
      return new RuntimeError('runtimeDied', { how }, `The runtime process died by itself${when} (${how}).`);
    return new RuntimeError('runtimeKilled', { how }, `The runtime process was ended by this device${when} (${how}).`);
  }

  /** What the model's process has computed so far; undefined where the system does not say. */
  private processorSeconds(): number | undefined {
    const { pid } = this;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
    } catch {
      return undefined;
    }
  }
}

/** bubblewrap tells a signal as a shell does. */
function signalIn(status: number | null): NodeJS.Signals | undefined {
  if (status === null || status <= 128) return undefined;
  const found = Object.entries(constants.signals).find(([, number]) => number === status - 128);
  return found?.[0] as NodeJS.Signals | undefined;
}

function onlyChildOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return child ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws TypeError for what is no head of an answer */
function headIn(head: unknown): Heard['head'] {
  if (head === null || typeof head !== 'object' || typeof (head as { answer?: unknown }).answer !== 'string')
    throw new TypeError('an answer has a name');
  return head as Heard['head'];
}

/** Codes that a model's process may refuse with. */
const REFUSALS: ReadonlySet<string> = new Set([
  'modelRefused',
  'modelDoesNotLoad',
  'selfTestDiffers',
  'inferenceFails',
  'outputNotFinite',
  'outOfMemory',
]);

/** The error in an answer: a code out of a closed list, and words that are short and plain, whoever sent them. */
export function refusalIn({ head }: Heard): RuntimeError {
  const code = REFUSALS.has(head.code ?? '') ? (head.code as RuntimeError['code']) : 'inferenceFails';
  const message = String(head.message ?? '').replace(/[^\x20-\x7e×]/g, '?');
  return new RuntimeError(code, {}, message.slice(0, LONGEST_MESSAGE));
}
