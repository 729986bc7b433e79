import { performance } from 'node:perf_hooks';
import { RecipeError } from '../src/errors.js';
import type { Tf } from '../src/layers.js';
import { Random } from '../src/random.js';
import { sensorsOf, type MotionSchema } from '../src/schema.js';
import type { Track } from '../src/windows.js';
import type { MotionModel } from './model.js';
import { ResumePoint } from './resume.js';
import { Sampler } from './sampler.js';

export interface TrainingSettings {
  epochs: number;
  windowsPerEpoch: number;
  batch: number;
  learningRate: number;
  labelSmoothing: number;
  rotationDegrees: number;
  scaling: number;
  jitter: number;
  seed: number;
}

export interface Progress {
  epoch: number;
  epochs: number;
  /** Mean cross-entropy of the epoch's augmented windows, in nats. */
  loss: number;
  windowsPerSecond: number;
}

export interface TrainingControl {
  onEpoch?: (progress: Progress) => void | Promise<void>;
  signal?: AbortSignal;
  checkpointDir?: string;
}

/** Share of the steps in which the learning rate rises. */
const WARM_UP = 0.2;
/** Per step: the exported weights are a moving average of the trained ones. */
const AVERAGE_DECAY = 0.99;

/**
 * Trains in place; the model ends with the averaged weights. Every epoch is a pure function of the state before it, the seed and its
 * number, so a training resumed from its last epoch ends where an unbroken one would (as far as TensorFlow's threads sum in one order).
 *
 * @throws RecipeError `noWindows` · `diverged` · `cancelled`
 */
export async function train(tf: typeof Tf, { model, dropouts }: MotionModel, tracks: Track[], schema: MotionSchema, fresh: boolean, settings: TrainingSettings, control: TrainingControl = {}): Promise<Progress> {
  const sensors = sensorsOf(schema);
  const statistics = channelStatistics(tracks, sensors);
  const sampler = new Sampler(tracks, schema.labels.length, sensors, statistics.deviation.subarray(0, schema.channels.length), settings);
  if (sampler.empty) throw new RecipeError('noWindows', { recordings: tracks.length }, `None of ${tracks.length} recordings is as long as one window; train on longer ones.`);
  if (fresh) {
    const scale = Float32Array.from(statistics.deviation, (deviation) => 1 / deviation);
    tf.tidy(() => model.getLayer('standardise').setWeights([tf.tensor1d(statistics.mean), tf.tensor1d(scale)]));
  }

  const optimizer = tf.train.adam(settings.learningRate);
  const average = model.weights.map((weight) => tf.keep(weight.read().clone()));
  const resume = new ResumePoint(tf, model, optimizer, average, control.checkpointDir, settings);
  const variables = model.trainableWeights.map((weight) => weight.read() as Tf.Variable);
  const stepsPerEpoch = Math.max(1, Math.floor(settings.windowsPerEpoch / settings.batch));
  let progress: Progress = { epoch: 0, epochs: settings.epochs, loss: NaN, windowsPerSecond: 0 };
  try {
    let step = 0;
    for (let epoch = await resume.load(); epoch < settings.epochs; epoch++) {
      const random = new Random('epoch', settings.seed, epoch);
      dropouts.forEach((dropout) => dropout.restart(epoch));
      step = epoch * stepsPerEpoch;
      const began = performance.now();
      let windows = 0;
      let total = tf.scalar(0);
      let batches = 0;
      for (const batch of sampler.epoch(stepsPerEpoch * settings.batch, settings.batch, random)) {
        (optimizer as unknown as { learningRate: number }).learningRate = learningRate(settings, step / (stepsPerEpoch * settings.epochs));
        const sum = tf.tidy(() => {
          const x = tf.tensor3d(batch.x, [batch.count, model.inputs[0]!.shape[1]!, schema.channels.length]);
          const y = tf.tensor2d(batch.y, [batch.count, schema.labels.length]);
          const loss = optimizer.minimize(() => crossEntropy(tf, y, model.apply(x, { training: true }) as Tf.Tensor), true, variables)!;
          moveAverage(tf, model, average, Math.min(AVERAGE_DECAY, (step + 1) / (step + 10)));
          return tf.add(total, loss) as Tf.Scalar;
        });
        total.dispose();
        total = sum;
        windows += batch.count;
        batches++;
        step++;
        if (control.signal?.aborted) throw new RecipeError('cancelled', { epoch }, `Training was cancelled in epoch ${epoch + 1}; start it again to continue from the end of epoch ${epoch}.`);
        if (step % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (batches === 0) throw new RecipeError('noWindows', { recordings: tracks.length }, 'The recordings hold no full batch of labelled windows; train on more or give a smaller batch.');
      const [sum] = await total.data();
      total.dispose();
      progress = { epoch: epoch + 1, epochs: settings.epochs, loss: sum! / batches, windowsPerSecond: windows / ((performance.now() - began) / 1000) };
      if (!Number.isFinite(progress.loss)) throw new RecipeError('diverged', { epoch: epoch + 1, learningRate: settings.learningRate }, `The loss stopped being a number in epoch ${epoch + 1}; give a smaller learningRate.`);
      await resume.save(epoch + 1);
      await control.onEpoch?.(progress);
    }
    model.weights.forEach((weight, at) => weight.write(average[at]!));
    return progress;
  } finally {
    average.forEach((tensor) => tensor.dispose());
    optimizer.dispose();
  }
}

/** Rises linearly, then falls along a cosine to nothing. */
function learningRate({ learningRate: peak }: TrainingSettings, done: number): number {
  return done < WARM_UP ? peak * (0.04 + 0.96 * (done / WARM_UP)) : peak * 0.5 * (1 + Math.cos((Math.PI * (done - WARM_UP)) / (1 - WARM_UP)));
}

function crossEntropy(tf: typeof Tf, y: Tf.Tensor, probabilities: Tf.Tensor): Tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(tf.add(probabilities, 1e-7))), 1)));
}

function moveAverage(tf: typeof Tf, model: Tf.LayersModel, average: Tf.Tensor[], decay: number): void {
  model.weights.forEach((weight, at) => {
    const before = average[at]!;
    average[at] = tf.keep(tf.add(tf.mul(before, decay), tf.mul(weight.read(), 1 - decay)));
    before.dispose();
  });
}

/** Mean and standard deviation of every channel, then of every magnitude, in the order the graph has them. */
export function channelStatistics(tracks: Track[], sensors: number[][]): { mean: Float32Array; deviation: Float32Array } {
  const channels = tracks[0]?.channels ?? 0;
  const lengths = sensors.filter((axes) => axes.length > 1);
  const width = channels + lengths.length;
  const sum = new Float64Array(width), squares = new Float64Array(width);
  let count = 0;
  for (const { samples, length } of tracks) {
    for (let row = 0; row < length; row++) {
      const at = row * channels;
      for (let c = 0; c < width; c++) {
        const value = c < channels ? samples[at + c]! : Math.hypot(...lengths[c - channels]!.map((axis) => samples[at + axis]!));
        sum[c]! += value;
        squares[c]! += value * value;
      }
    }
    count += length;
  }
  const mean = Float32Array.from(sum, (value) => value / count);
  const deviation = Float32Array.from(squares, (value, c) => Math.sqrt(Math.max(value / count - mean[c]! ** 2, 0)) || 1);
  return { mean, deviation };
}
