import { motionLayers, type Tf } from '../src/layers.js';
import { sensorsOf, type DataSchema } from '../src/schema.js';

export const WINDOW = 100;
const SPECTRUM_BINS = 20;
const HIDDEN = 64;

/** Two poolings halve the window twice. */
const STEPS = WINDOW / 4;

export interface MotionModel {
  /** Raw windows to class probabilities: what is exported. */
  model: Tf.LayersModel;
  /** The same, and the class probabilities of every fourth sample: what is trained. */
  teacher: Tf.LayersModel;
  dropouts: ReturnType<ReturnType<typeof motionLayers>['seededDropout']>[];
}

/**
 * Raw windows [batch, 100, channels] to class probabilities. Normalisation is part of the graph. Two branches: three
 * convolutions whose output is kept as mean, maximum and five means along time (what a transition looks like from its
 * start to its end), and the log spectrum of each channel (cadence and tremor). A head of its own says what happens at
 * every fourth sample, and its votes go into the answer: which label most samples carry is then learnt from every
 * sample's label, not from one label per window.
 */
export function buildModel(
  tf: typeof Tf,
  schema: DataSchema,
  settings: { filters: number; dropout: number; seed: number },
): MotionModel {
  const { filters, dropout, seed } = settings;
  const own = motionLayers(tf);
  const { layers } = tf;
  const labels = schema.labels.length;
  const to = (layer: Tf.layers.Layer, input: Tf.SymbolicTensor | Tf.SymbolicTensor[]) =>
    layer.apply(input) as Tf.SymbolicTensor;
  const norm = (name: string, input: Tf.SymbolicTensor) =>
    to(layers.batchNormalization({ name, momentum: 0.9, epsilon: 1e-5 }), input);
  const relu = (name: string, input: Tf.SymbolicTensor) => to(layers.reLU({ name }), input);
  let weightSeed = seed * 1000;
  const he = () => tf.initializers.heUniform({ seed: ++weightSeed });
  const glorot = () => tf.initializers.glorotUniform({ seed: ++weightSeed });
  const convolution = (name: string, kernelSize: number, input: Tf.SymbolicTensor) =>
    to(layers.conv1d({ name, filters, kernelSize, padding: 'same', useBias: false, kernelInitializer: he() }), input);

  const input = tf.input({ shape: [WINDOW, schema.channels.length], name: 'motion' });
  const normal = to(
    own.standardise({ name: 'standardise' }),
    to(own.gravityFrame({ name: 'gravity', sensors: sensorsOf(schema) }), input),
  );

  let x = normal;
  for (const [at, kernelSize] of [9, 5, 5].entries()) {
    const name = `conv${at + 1}`;
    x = relu(`${name}_relu`, norm(`${name}_norm`, convolution(name, kernelSize, x)));
    if (at < 2) x = to(layers.maxPooling1d({ name: `${name}_pool`, poolSize: 2, strides: 2 }), x);
  }
  const features = to(layers.concatenate({ name: 'features' }), [
    to(layers.globalAveragePooling1d({ name: 'mean' }), x),
    to(layers.globalMaxPooling1d({ name: 'peak' }), x),
    to(
      layers.flatten({ name: 'course_flat' }),
      to(layers.averagePooling1d({ name: 'course', poolSize: 5, strides: 5 }), x),
    ),
    norm('spectrum_norm', to(own.logSpectrum({ name: 'spectrum', bins: SPECTRUM_BINS }), normal)),
  ]);
  const dropouts = [
    own.seededDropout({ name: 'dropout1', rate: dropout, seed }),
    own.seededDropout({ name: 'dropout2', rate: dropout, seed }),
  ] as const;
  const hidden = to(
    layers.dense({ name: 'hidden', units: HIDDEN, useBias: false, kernelInitializer: he() }),
    to(dropouts[0], features),
  );
  const whole = to(dropouts[1], relu('hidden_relu', norm('hidden_norm', hidden)));

  const context = to(
    layers.repeatVector({ name: 'step_context', n: STEPS }),
    to(layers.dense({ name: 'step_whole', units: filters, kernelInitializer: he() }), whole),
  );
  const step = relu(
    'step_relu',
    norm('step_norm', to(layers.add({ name: 'step_sum' }), [convolution('step_conv', 9, x), context])),
  );
  const steps = to(
    layers.conv1d({
      name: 'steps',
      filters: labels,
      kernelSize: 1,
      activation: 'softmax',
      kernelInitializer: glorot(),
    }),
    step,
  );
  const votes = to(layers.globalAveragePooling1d({ name: 'votes' }), steps);

  const logits = to(
    layers.dense({ name: 'logits', units: labels, kernelInitializer: glorot() }),
    to(layers.concatenate({ name: 'evidence' }), [whole, votes]),
  );
  const output = to(layers.softmax({ name: 'probabilities' }), logits);
  return {
    model: tf.model({ name: 'motion-cnn', inputs: input, outputs: output }),
    teacher: tf.model({ name: 'motion-cnn-teacher', inputs: input, outputs: [output, steps] }),
    dropouts: [...dropouts],
  };
}

/** The samples whose labels the steps are held to: the middle of each four. */
export const stepSamples = Array.from({ length: STEPS }, (_, step) => step * 4 + 2);
