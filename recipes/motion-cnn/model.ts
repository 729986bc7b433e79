import { motionLayers, type Tf } from '../src/layers.js';
import { sensorsOf, type MotionSchema } from '../src/schema.js';

export const WINDOW = 100;
const SPECTRUM_BINS = 20;
const HIDDEN = 64;

export interface MotionModel {
  model: Tf.LayersModel;
  dropouts: ReturnType<ReturnType<typeof motionLayers>['seededDropout']>[];
}

/**
 * Raw windows [batch, 100, channels] to class probabilities. Normalisation is part of the graph. Two branches: three convolutions
 * whose output is kept as mean, maximum and five means along time (what a transition looks like from its start to its end), and the
 * log spectrum of each channel (cadence and tremor).
 */
export function buildModel(tf: typeof Tf, schema: MotionSchema, settings: { filters: number; dropout: number; seed: number }): MotionModel {
  const { filters, dropout, seed } = settings;
  const own = motionLayers(tf);
  let weightSeed = seed * 1000;
  const kernelInitializer = () => tf.initializers.heUniform({ seed: ++weightSeed });
  const batchNorm = (name: string) => tf.layers.batchNormalization({ name, momentum: 0.9, epsilon: 1e-5 });

  const input = tf.input({ shape: [WINDOW, schema.channels.length], name: 'motion' });
  const lengths = own.magnitudes({ name: 'magnitudes', sensors: sensorsOf(schema) }).apply(input) as Tf.SymbolicTensor;
  const normal = own.standardise({ name: 'standardise' }).apply(lengths) as Tf.SymbolicTensor;

  let x = normal;
  for (const [at, kernelSize] of [9, 5, 5].entries()) {
    const name = `conv${at + 1}`;
    x = tf.layers.conv1d({ name, filters, kernelSize, padding: 'same', useBias: false, kernelInitializer: kernelInitializer() }).apply(x) as Tf.SymbolicTensor;
    x = batchNorm(`${name}_norm`).apply(x) as Tf.SymbolicTensor;
    const active = tf.layers.reLU({ name: `${name}_relu` }).apply(x) as Tf.SymbolicTensor;
    x = active;
    if (at < 2) x = tf.layers.maxPooling1d({ name: `${name}_pool`, poolSize: 2, strides: 2 }).apply(x) as Tf.SymbolicTensor;
  }
  const mean = tf.layers.globalAveragePooling1d({ name: 'mean' }).apply(x) as Tf.SymbolicTensor;
  const peak = tf.layers.globalMaxPooling1d({ name: 'peak' }).apply(x) as Tf.SymbolicTensor;
  const course = tf.layers.flatten({ name: 'course_flat' }).apply(tf.layers.averagePooling1d({ name: 'course', poolSize: 5, strides: 5 }).apply(x)) as Tf.SymbolicTensor;
  const spectrum = batchNorm('spectrum_norm').apply(own.logSpectrum({ name: 'spectrum', bins: SPECTRUM_BINS }).apply(normal)) as Tf.SymbolicTensor;

  const features = tf.layers.concatenate({ name: 'features' }).apply([mean, peak, course, spectrum]) as Tf.SymbolicTensor;
  const first = own.seededDropout({ name: 'dropout1', rate: dropout, seed });
  const second = own.seededDropout({ name: 'dropout2', rate: dropout, seed });
  let h = tf.layers.dense({ name: 'hidden', units: HIDDEN, useBias: false, kernelInitializer: kernelInitializer() }).apply(first.apply(features)) as Tf.SymbolicTensor;
  h = tf.layers.reLU({ name: 'hidden_relu' }).apply(batchNorm('hidden_norm').apply(h)) as Tf.SymbolicTensor;
  const logits = tf.layers.dense({ name: 'logits', units: schema.labels.length, kernelInitializer: tf.initializers.glorotUniform({ seed: ++weightSeed }) }).apply(second.apply(h));
  const output = tf.layers.softmax({ name: 'probabilities' }).apply(logits as Tf.SymbolicTensor) as Tf.SymbolicTensor;
  return { model: tf.model({ name: 'motion-cnn', inputs: input, outputs: output }), dropouts: [first, second] };
}
