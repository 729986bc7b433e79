/**
 * The process that holds one slot's ONNX session: ONNX Runtime blocks its thread, and may crash; the pod must do
 * neither.
 */
import { readFileSync } from 'node:fs';
import { taskOf } from '@livepod/protocol';
import { Model, RuntimeError, tensorsOf, type SelfTest } from '@livepod/runtime';
import { PodError, reasonOf } from '../errors.js';
import type { Answer, Order } from './messages.js';
import { recordsOf } from './records.js';

const COUNTERS_EVERY_MS = 500;
let model: Model | undefined;

const tell = (answer: Answer): void => void process.send?.(answer);

async function obey(order: Order): Promise<void> {
  if (order.do === 'load') {
    model = await Model.load(order.model, order.runnable);
    tell({ answer: 'loaded' });
    return;
  }
  if (!model) throw new PodError('modelDoesNotLoad', {}, 'No model is loaded yet.');
  if (order.do === 'selfTest') {
    const test = JSON.parse(readFileSync(order.path, 'utf8')) as SelfTest;
    tell({ answer: 'selfTested', worst: await model.selfTest(test) });
  } else await watch(model, order.recordings, order.person, order.windowsPerSecond);
}

/**
 * Answers for the person's records as they come, and counts how often the answers are corrected. A window is answered
 * for when the samples after it that the model sees have come, too.
 */
async function watch(model: Model, recordings: string, person: string, windowsPerSecond: number): Promise<void> {
  const { runnable } = model;
  const { corrected } = taskOf(runnable.task);
  const counters = { windows: 0, corrections: 0, errors: 0 };
  setInterval(() => {
    if (counters.windows + counters.errors === 0) return;
    tell({ answer: 'counters', ...counters });
    counters.windows = counters.corrections = counters.errors = 0;
  }, COUNTERS_EVERY_MS);
  const { after, step } = runnable.input.window;
  await pause(after / step / windowsPerSecond);
  for await (const stretch of recordsOf(recordings, person, runnable)) {
    try {
      tensorsOf(stretch, runnable, model.tensors);
      const said = await model.answer();
      counters.windows += 1;
      if (corrected(runnable.task, said, stretch.truth)) counters.corrections += 1;
    } catch {
      // the window is lost, the count tells the pod, which gives the model up when it happens at all
      counters.errors += 1;
    }
    await pause(1 / windowsPerSecond);
  }
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    const code =
      error instanceof RuntimeError && error.code === 'selfTestDiffers' ? 'selfTestDiffers' : 'modelDoesNotLoad';
    tell({ answer: 'refused', code, message: reasonOf(error) });
  });
});
process.on('disconnect', () => process.exit(0));
