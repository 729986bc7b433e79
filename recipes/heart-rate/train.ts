import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { RecipeError } from '../src/errors.js';
import type { Tf } from '../src/layers.js';
import { FlatAdam } from '../src/optimizer.js';
import { Random } from '../src/random.js';
import type { Progress, TrainingControl } from '../src/recipe.js';
import { ResumePoint } from '../src/resume.js';

/** Windows [count, time, channels] and the value of each. */
export interface Examples {
  count: number;
  shape: readonly number[];
  x: Float32Array;
  y: Float32Array;
}

export interface Settings {
  epochs: number;
  batch: number;
  learningRate: number;
  seed: number;
}

/**
 * Trains in place on the mean absolute error, in the target's unit. Every epoch is a pure function of the state before
 * it, the seed and its number.
 *
 * @throws RecipeError `diverged` · `cancelled`
 */
export async function train(
  tf: typeof Tf,
  model: Tf.LayersModel,
  examples: Examples,
  settings: Settings,
  control: TrainingControl,
): Promise<Progress> {
  const { epochs, learningRate, seed } = settings;
  const optimizer = new FlatAdam(tf, model);
  const resume = new ResumePoint(optimizer, control.checkpointDir, fingerprint(settings, examples));
  const batch = Math.min(settings.batch, examples.count);
  const steps = Math.floor(examples.count / batch);
  let progress: Progress = { epoch: epochs, epochs, loss: 0, windowsPerSecond: 0 };
  try {
    for (let epoch = await resume.load(); epoch < epochs; epoch++) {
      const began = performance.now();
      const order = Int32Array.from({ length: examples.count }, (_, at) => at);
      new Random('epoch', seed, epoch).shuffle(order);
      const losses: Tf.Scalar[] = [];
      for (let step = 0; step < steps; step++) {
        const rate = learningRate * 0.5 * (1 + Math.cos((Math.PI * (epoch * steps + step)) / (epochs * steps)));
        losses.push(trainOn(tf, model, optimizer, examples, order.subarray(step * batch, (step + 1) * batch), rate));
        if (losses.length % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (control.signal?.aborted)
          throw new RecipeError(
            'cancelled',
            { epoch },
            `Training was cancelled in epoch ${epoch + 1}; start it again to continue from the end of epoch ${epoch}.`,
          );
      }
      const loss = tf.tidy(() => tf.mean(tf.stack(losses)).dataSync()[0]!);
      tf.dispose(losses);
      if (!Number.isFinite(loss))
        throw new RecipeError(
          'diverged',
          { epoch: epoch + 1, learningRate },
          `The loss stopped being a number in epoch ${epoch + 1}; give a smaller learningRate.`,
        );
      const seconds = (performance.now() - began) / 1000;
      progress = { epoch: epoch + 1, epochs, loss, windowsPerSecond: (steps * batch) / seconds };
      await resume.save(epoch + 1);
      await control.onEpoch?.(progress);
    }
    optimizer.settle();
    return progress;
  } finally {
    optimizer.dispose();
  }
}

function trainOn(
  tf: typeof Tf,
  model: Tf.LayersModel,
  optimizer: FlatAdam,
  { shape, x, y }: Examples,
  rows: Int32Array,
  rate: number,
): Tf.Scalar {
  const width = shape.reduce((product, size) => product * size, 1);
  const inputs = new Float32Array(rows.length * width);
  rows.forEach((row, at) => inputs.set(x.subarray(row * width, (row + 1) * width), at * width));
  const wanted = Float32Array.from(rows, (row) => y[row]!);
  return tf.tidy(() => {
    const [time, channels] = shape as [number, number];
    const given = tf.tensor3d(inputs, [rows.length, time, channels]);
    const truth = tf.tensor2d(wanted, [rows.length, 1]);
    return optimizer.minimize(
      () => tf.mean(tf.abs(tf.sub(model.apply(given, { training: true }) as Tf.Tensor, truth))) as Tf.Scalar,
      rate,
    );
  });
}

/** A resume point is continued by the same training only: the same settings on the same windows. */
const fingerprint = (settings: Settings, { x, y }: Examples): string =>
  createHash('sha256').update(JSON.stringify(settings)).update(x).update(y).digest('hex');
