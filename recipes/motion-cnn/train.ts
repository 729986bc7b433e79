import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { RecipeError } from '../src/errors.js';
import type { Tf } from '../src/layers.js';
import { Random } from '../src/random.js';
import type { Progress, TrainingControl } from '../src/recipe.js';
import { sensorsOf, type DataSchema } from '../src/schema.js';
import { windowLength } from '@livepod/protocol';
import { cutWindows, type Track } from '@livepod/runtime/windows';
import type { MotionModel } from './model.js';
import { FlatAdam } from '../src/optimizer.js';
import { ResumePoint } from '../src/resume.js';
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

/** Share of the steps in which the learning rate rises. */
const WARM_UP = 0.2;
/** How much the labels of a window's every fourth sample count beside the window's own. */
const STEP_LOSS = 0.5;

/**
 * Trains in place; the model ends with the averaged weights. Every epoch is a pure function of the state before it, the
 * seed and its number, so a training resumed from its last epoch ends where an unbroken one would (as far as
 * TensorFlow's threads sum in one order). Its loss is the mean cross-entropy of the epoch's augmented windows, their
 * steps' included, in nats.
 *
 * @param fresh  whether normalisation is to be taken from these recordings, or stays the parent's
 * @throws RecipeError `noWindows` · `diverged` · `cancelled`
 */
export async function train(
  tf: typeof Tf,
  motion: MotionModel,
  tracks: Track[],
  schema: DataSchema,
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
    motion.window,
    schema.labels.length,
    sensorsOf(schema),
    deviation.subarray(0, schema.channels.length),
    settings,
  );
  const optimizer = new FlatAdam(tf, motion.model);
  const resume = new ResumePoint(optimizer, control.checkpointDir, fingerprint(settings, motion, tracks, schema));
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
  { teacher, window }: MotionModel,
  optimizer: FlatAdam,
  batch: Batch,
  rate: number,
): Tf.Scalar {
  return tf.tidy(() => {
    const labels = batch.y.length / batch.count;
    const rows = windowLength(window);
    const x = tf.tensor3d(batch.x, [batch.count, rows, batch.x.length / batch.count / rows]);
    const y = tf.tensor2d(batch.y, [batch.count, labels]);
    const steps = tf.tensor2d(batch.steps, [batch.steps.length / labels, labels]);
    return optimizer.minimize(() => {
      const [whole, each] = teacher.apply(x, { training: true }) as [Tf.Tensor, Tf.Tensor];
      return tf.add(
        crossEntropy(tf, y, whole),
        tf.mul(crossEntropy(tf, steps, tf.reshape(each, [-1, labels])), (STEP_LOSS * rows) / window.judged),
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
function fingerprint(settings: TrainingSettings, { window }: MotionModel, tracks: Track[], schema: DataSchema): string {
  const hash = createHash('sha256').update(JSON.stringify([settings, window, schema]));
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
  { model, window }: MotionModel,
  tracks: Track[],
  schema: DataSchema,
): { mean: Float32Array; deviation: Float32Array } {
  const { judged } = window;
  const windows = cutWindows(tracks, schema, { ...window, step: judged });
  if (windows.count === 0)
    throw new RecipeError(
      'noWindows',
      { recordings: tracks.length },
      `None of ${tracks.length} recordings holds one labelled window of ${judged} samples; train on longer ones.`,
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
