/**
 * The process that holds one slot's ONNX session: ONNX Runtime blocks its thread, and may crash; the pod must do
 * neither.
 */
import { PodError, reasonOf } from '../errors.js';
import { Classifier } from './classifier.js';
import type { Answer, Order } from './messages.js';
import { motionOf } from './motion.js';

const COUNTERS_EVERY_MS = 500;
let classifier: Classifier | undefined;
let inputShape: number[] = [];

const tell = (answer: Answer): void => void process.send?.(answer);

async function obey(order: Order): Promise<void> {
  if (order.do === 'load') {
    inputShape = order.input;
    classifier = await Classifier.load(order.model, order.labels, order.input);
    tell({ answer: 'loaded' });
    return;
  }
  if (!classifier) throw new PodError('modelDoesNotLoad', {}, 'No model is loaded yet.');
  if (order.do === 'selfTest') tell({ answer: 'selfTested', worst: await classifier.selfTest(order.path) });
  else await watch(classifier, order.recordings, order.person, order.windowsPerSecond);
}

/** Classifies the person's motion as it comes, and counts how often the person corrects it. */
async function watch(model: Classifier, recordings: string, person: string, windowsPerSecond: number): Promise<void> {
  const channels = inputShape[1] ?? 0;
  const counters = { windows: 0, corrections: 0, errors: 0 };
  setInterval(() => {
    if (counters.windows + counters.errors === 0) return;
    tell({ answer: 'counters', ...counters });
    counters.windows = counters.corrections = counters.errors = 0;
  }, COUNTERS_EVERY_MS);
  for (const { samples, label } of motionOf(recordings, person, model.view, channels)) {
    try {
      const said = await model.classify(samples);
      counters.windows += 1;
      if (said !== label) counters.corrections += 1;
    } catch {
      // the window is lost, the count tells the pod, which gives the model up when it happens at all
      counters.errors += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 / windowsPerSecond));
  }
}

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    const code = error instanceof PodError && error.code === 'selfTestDiffers' ? 'selfTestDiffers' : 'modelDoesNotLoad';
    tell({ answer: 'refused', code, message: reasonOf(error) });
  });
});
process.on('disconnect', () => process.exit(0));
