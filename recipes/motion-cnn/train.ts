import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { RecipeError } from '../src/errors.js';
import type { Tf } from '../src/layers.js';
import { Random } from '../src/random.js';
import { sensorsOf, type MotionSchema } from '../src/schema.js';
import { lengthOf } from '../src/view.js';
import { cutWindows, type Track } from '../src/windows.js';
import type { MotionModel } from './model.js';
import { FlatAdam } from './optimizer.js';
import { ResumePoint } from './resume.js';
import { Sampler, type Batch } from './sampler.js';

export interface TrainingSettings {
  epochs: number;
  windowsPerEpoch: number;
  batch: number;
  learningRate: number;
  labelSmoothing: number;
  rotationDegrees: number;
  scaling: number;
  jitter: number;
  tempo: number;
  cutShort: number;
  seed: number;
}

export interface Progress {
  epoch: number;
  epochs: number;
  /** Mean cross-entropy of the epoch's augmented windows, their steps' included, in nats. */
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
/** How much the labels of a window's every fourth sample count beside the window's own. */
const STEP_LOSS = 0.5;

/**
 * Trains in place; the model ends with the averaged weights. Every epoch is a pure function of the state before it, the
 * seed and its number, so a training resumed from its last epoch ends where an unbroken one would (as far as
 * TensorFlow's threads sum in one order).
 *
 * @param fresh  whether normalisation is to be taken from these recordings, or stays the parent's
 * @throws RecipeError `noWindows` · `diverged` · `cancelled`
 */
export async function train(
  tf: typeof Tf,
  motion: MotionModel,
  tracks: Track[],
  schema: MotionSchema,
  fresh: boolean,
  settings: TrainingSettings,
  control: TrainingControl = {},
): Promise<Progress> {
  const { mean, deviation } = channelStatistics(tf, motion, tracks, schema);
  if (fresh)
    tf.tidy(() => {
      motion.model
        .getLayer('standardise')
        .setWeights([tf.tensor1d(mean), tf.tensor1d(deviation.map((value) => 1 / value))]);
    });
  const sampler = new Sampler(
    tracks,
    motion.view,
    schema.labels.length,
    sensorsOf(schema),
    deviation.subarray(0, schema.channels.length),
    settings,
  );
  const optimizer = new FlatAdam(tf, motion.model);
  const resume = new ResumePoint(optimizer, control.checkpointDir, fingerprint(settings, tracks, schema));
  const stepsPerEpoch = Math.max(1, Math.floor(settings.windowsPerEpoch / settings.batch));
  let progress: Progress = { epoch: settings.epochs, epochs: settings.epochs, loss: 0, windowsPerSecond: 0 };
  try {
    for (let epoch = await resume.load(); epoch < settings.epochs; epoch++) {
      const random = new Random('epoch', settings.seed, epoch);
      motion.dropouts.forEach((dropout) => dropout.restart(epoch));
      const began = performance.now();
      const losses: Tf.Scalar[] = [];
      for (const batch of sampler.epoch(stepsPerEpoch * settings.batch, settings.batch, random)) {
        const done = (epoch * stepsPerEpoch + losses.length) / (stepsPerEpoch * settings.epochs);
        losses.push(trainOn(tf, motion, optimizer, batch, learningRate(settings.learningRate, done)));
        if (losses.length % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (control.signal?.aborted)
          throw new RecipeError(
            'cancelled',
            { epoch },
            `Training was cancelled in epoch ${epoch + 1}; start it again to continue from the end of epoch ${epoch}.`,
          );
      }
      if (losses.length === 0)
        throw new RecipeError(
          'noWindows',
          { recordings: tracks.length },
          'The recordings hold no full batch of labelled windows; train on more or give a smaller batch.',
        );
      const loss = tf.tidy(() => tf.mean(tf.stack(losses)).dataSync()[0]!);
      progress = {
        epoch: epoch + 1,
        epochs: settings.epochs,
        loss,
        windowsPerSecond: (losses.length * settings.batch) / ((performance.now() - began) / 1000),
      };
      tf.dispose(losses);
      if (!Number.isFinite(loss))
        throw new RecipeError(
          'diverged',
          { epoch: epoch + 1, learningRate: settings.learningRate },
          `The loss stopped being a number in epoch ${epoch + 1}; give a smaller learningRate.`,
        );
      await resume.save(epoch + 1);
      await control.onEpoch?.(progress);
    }
    optimizer.settle();
    return progress;
  } finally {
    optimizer.dispose();
  }
}

/** One step on one batch. @returns its loss, to be disposed of */
export function trainOn(
  tf: typeof Tf,
  { teacher, view }: MotionModel,
  optimizer: FlatAdam,
  batch: Batch,
  rate: number,
): Tf.Scalar {
  return tf.tidy(() => {
    const labels = batch.y.length / batch.count;
    const rows = lengthOf(view);
    const x = tf.tensor3d(batch.x, [batch.count, rows, batch.x.length / batch.count / rows]);
    const y = tf.tensor2d(batch.y, [batch.count, labels]);
    const steps = tf.tensor2d(batch.steps, [batch.steps.length / labels, labels]);
    return optimizer.minimize(() => {
      const [whole, each] = teacher.apply(x, { training: true }) as [Tf.Tensor, Tf.Tensor];
      return tf.add(
        crossEntropy(tf, y, whole),
        tf.mul(crossEntropy(tf, steps, tf.reshape(each, [-1, labels])), (STEP_LOSS * rows) / view.size),
      ) as Tf.Scalar;
    }, rate);
  });
}

/** Rises linearly, then falls along a cosine to nothing. */
function learningRate(peak: number, done: number): number {
  return done < WARM_UP
    ? peak * (0.04 + 0.96 * (done / WARM_UP))
    : peak * 0.5 * (1 + Math.cos((Math.PI * (done - WARM_UP)) / (1 - WARM_UP)));
}

function crossEntropy(tf: typeof Tf, y: Tf.Tensor, probabilities: Tf.Tensor): Tf.Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(tf.add(probabilities, 1e-7))), 1)));
}

/** A resume point is continued by the same training only: the same settings on the same recordings. */
function fingerprint(settings: TrainingSettings, tracks: Track[], schema: MotionSchema): string {
  const hash = createHash('sha256').update(JSON.stringify([settings, schema]));
  for (const { samples, labels } of tracks) hash.update(samples).update(labels);
  return hash.digest('hex');
}

/**
 * Mean and standard deviation of every channel as it enters normalisation: the raw ones, then those relative to
 * gravity.
 * @throws RecipeError `noWindows`
 */
function channelStatistics(
  tf: typeof Tf,
  { model, view }: MotionModel,
  tracks: Track[],
  schema: MotionSchema,
): { mean: Float32Array; deviation: Float32Array } {
  const windows = cutWindows(tracks, schema, view, view.size);
  if (windows.count === 0)
    throw new RecipeError(
      'noWindows',
      { recordings: tracks.length },
      `None of ${tracks.length} recordings holds one labelled window of ${view.size} samples; train on longer ones.`,
    );
  return tf.tidy(() => {
    const frame = tf.model({ inputs: model.inputs, outputs: model.getLayer('gravity').output as Tf.SymbolicTensor });
    const { mean, variance } = tf.moments(
      frame.predict(tf.tensor3d(windows.samples, [windows.count, windows.size, windows.channels])) as Tf.Tensor,
      [0, 1],
    );
    return {
      mean: Float32Array.from(mean.dataSync()),
      deviation: Float32Array.from(variance.dataSync(), (value) => Math.sqrt(value) || 1),
    };
  });
}
