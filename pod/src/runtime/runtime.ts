import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { taskOf, type CheckpointManifest } from '@livepod/protocol';
import { PodError } from '../errors.js';
import type { Answer, Order } from './messages.js';

// From sources the child needs the TypeScript loader; the bundled pod has it beside it as JavaScript.
const FROM_SOURCES = import.meta.url.endsWith('.ts');
const CHILD = fileURLToPath(new URL(FROM_SOURCES ? './child.ts' : './runtime.mjs', import.meta.url));
const CHILD_OPTIONS = FROM_SOURCES ? ['--import', 'tsx'] : [];

export interface Counters {
  windows: number;
  corrections: number;
  errors: number;
}

/**
 * One slot's model, running in a process of its own that is killed when it hangs. Emits `counters` and, when the
 * process ends by itself, `died`.
 */
export class Runtime extends EventEmitter<{ counters: [Counters]; died: [string] }> {
  private closing = false;

  private constructor(
    private readonly child: ChildProcess,
    /** What a correction of this model is, as its task says it: "its person corrected". */
    readonly correction: string,
    private readonly patienceMs: number,
  ) {
    super();
    child.on('message', (answer: Answer) => {
      if (answer.answer === 'counters') this.emit('counters', answer);
    });
    child.once('exit', (status, signal) => {
      if (!this.closing) this.emit('died', `The runtime process ended by itself (${signal ?? `status ${status}`}).`);
    });
  }

  /**
   * Loads a slot's model and runs its self-test vectors. @throws PodError `modelDoesNotLoad` · `selfTestDiffers` ·
   * `runtimeDied` · `runtimeHangs`
   */
  static async start(folder: string, manifest: CheckpointManifest, patienceMs = 60_000): Promise<Runtime> {
    const runtime = new Runtime(
      fork(CHILD, { execArgv: CHILD_OPTIONS, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
      taskOf(manifest.task).correction(manifest.task),
      patienceMs,
    );
    try {
      await runtime.ask({
        do: 'load',
        model: `${folder}/model.onnx`,
        runnable: { task: manifest.task, input: manifest.input, runtime: { outputs: manifest.runtime.outputs } },
      });
      await runtime.ask({ do: 'selfTest', path: `${folder}/selftest.json` });
      return runtime;
    } catch (error) {
      await runtime.close();
      throw error;
    }
  }

  /** Begins to answer for the person's records. */
  watch(recordings: string, person: string, windowsPerSecond: number): void {
    this.child.send({ do: 'watch', recordings, person, windowsPerSecond } satisfies Order);
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL'); // it holds nothing that needs an orderly end
    await ended;
  }

  private async ask(order: Order): Promise<void> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          finish(() =>
            reject(
              new PodError(
                'runtimeHangs',
                { order: order.do },
                `The model did not ${order.do} within ${this.patienceMs / 1000} s.`,
              ),
            ),
          ),
        this.patienceMs,
      );
      const heard = (message: Answer): void => {
        if (message.answer !== 'counters') finish(() => resolve(message));
      };
      const died = (): void =>
        finish(() =>
          reject(
            new PodError('runtimeDied', { order: order.do }, `The runtime process died when told to ${order.do}.`),
          ),
        );
      const finish = (then: () => void): void => {
        clearTimeout(timer);
        this.child.off('message', heard);
        this.child.off('exit', died);
        then();
      };
      this.child.on('message', heard);
      this.child.once('exit', died);
      this.child.send(order);
    });
    if (answer.answer === 'refused') throw new PodError(answer.code, {}, answer.message);
  }
}
