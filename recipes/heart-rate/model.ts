import { motionLayers, type Tf } from '../src/layers.js';

/**
 * Raw windows [batch, time, channels] to beats per minute. Normalisation is part of the graph, before and after: the
 * heart follows effort with a delay, so two convolutions see the course of the last minute, and a mean its level.
 */
export function buildModel(
  tf: typeof Tf,
  shape: readonly number[],
  { filters, seed }: { filters: number; seed: number },
): Tf.LayersModel {
  const { layers } = tf;
  const own = motionLayers(tf);
  let weightSeed = seed * 1000;
  const to = (layer: Tf.layers.Layer, input: Tf.SymbolicTensor | Tf.SymbolicTensor[]) =>
    layer.apply(input) as Tf.SymbolicTensor;
  const he = () => tf.initializers.heUniform({ seed: ++weightSeed });
  const convolution = (name: string, input: Tf.SymbolicTensor) =>
    to(
      layers.conv1d({
        name,
        filters,
        kernelSize: 5,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: he(),
      }),
      input,
    );

  const input = tf.input({ shape: [...shape], name: 'activity' });
  const normal = to(own.standardise({ name: 'standardise' }), input);
  const first = to(layers.averagePooling1d({ name: 'course', poolSize: 5, strides: 5 }), convolution('conv1', normal));
  const second = convolution('conv2', first);
  const features = to(layers.concatenate({ name: 'features' }), [
    to(layers.globalAveragePooling1d({ name: 'level' }), second),
    to(layers.flatten({ name: 'flat' }), second),
  ]);
  const hidden = to(
    layers.dense({ name: 'hidden', units: 2 * filters, activation: 'relu', kernelInitializer: he() }),
    features,
  );
  const answer = to(
    layers.dense({
      name: 'answer',
      units: 1,
      kernelInitializer: tf.initializers.glorotUniform({ seed: ++weightSeed }),
    }),
    hidden,
  );
  return tf.model({ name: 'heart-rate', inputs: input, outputs: to(own.standardise({ name: 'value' }), answer) });
}

/** Sets what enters normalised, and what leaves in the target's unit. */
export function setNormalisation(tf: typeof Tf, model: Tf.LayersModel, x: Spread[], y: Spread): void {
  tf.tidy(() => {
    model
      .getLayer('standardise')
      .setWeights([tf.tensor1d(x.map(({ mean }) => mean)), tf.tensor1d(x.map(({ deviation }) => 1 / deviation))]);
    // (answer − mean) · scale with these two is answer · deviation + mean of the target.
    model.getLayer('value').setWeights([tf.tensor1d([-y.mean / y.deviation]), tf.tensor1d([y.deviation])]);
  });
}

export interface Spread {
  mean: number;
  deviation: number;
}

/** Mean and standard deviation of every `stride`-th number from `offset` on; a constant has deviation 1. */
export function spreadOf(numbers: Float32Array, offset = 0, stride = 1): Spread {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let at = offset; at < numbers.length; at += stride) {
    sum += numbers[at]!;
    squares += numbers[at]! ** 2;
    count += 1;
  }
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean ** 2)) || 1 };
}
