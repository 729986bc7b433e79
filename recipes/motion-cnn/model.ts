import { windowLength, type Windowing } from '@livepod/protocol';
import { motionLayers, type Tf } from '../src/layers.js';
import { sensorsOf, type DataSchema } from '../src/schema.js';

/** Samples per step: the network says for each four samples what happens in them. */
export const STRIDE = 4;

/** How far apart the taps of the convolutions are, in steps: the last one reaches a second to either side. */
const DILATIONS = [1, 2, 4, 8];
const HIDDEN = 64;

export interface MotionModel {
  window: Windowing;
  /** Raw windows with their context to class probabilities: what is exported. */
  model: Tf.LayersModel;
  /** The same, and the class probabilities of every fourth sample: what is trained. */
  teacher: Tf.LayersModel;
  dropouts: ReturnType<ReturnType<typeof motionLayers>['seededDropout']>[];
}

/**
 * Raw windows with their context [batch, 300, channels] to class probabilities of the window. Normalisation is part of
 * the graph. Convolutions that reach further and further say for every fourth sample what happens there, knowing a
 * second of what comes before and after and what all three seconds are like as a whole. The window's steps vote, and a
 * head weighs the votes: which label most samples carry is learnt from every sample's label, not from one per window.
 */
export function buildModel(
  tf: typeof Tf,
  schema: DataSchema,
  window: Windowing,
  settings: { filters: number; dropout: number; seed: number },
): MotionModel {
  const { filters, dropout, seed } = settings;
  const length = windowLength(window);
  const own = motionLayers(tf);
  const { layers } = tf;
  const labels = schema.labels.length;
  const to = (layer: Tf.layers.Layer, input: Tf.SymbolicTensor | Tf.SymbolicTensor[]) =>
    layer.apply(input) as Tf.SymbolicTensor;
  const active = (name: string, input: Tf.SymbolicTensor) => {
    const normal = layers.batchNormalization({ name: `${name}_norm`, momentum: 0.9, epsilon: 1e-5 });
    return to(layers.reLU({ name: `${name}_relu` }), to(normal, input));
  };
  const dropouts: MotionModel['dropouts'] = [];
  const drop = (name: string, input: Tf.SymbolicTensor) => {
    const layer = own.seededDropout({ name, rate: dropout, seed });
    dropouts.push(layer);
    return to(layer, input);
  };
  let weightSeed = seed * 1000;
  const he = () => tf.initializers.heUniform({ seed: ++weightSeed });
  const glorot = () => tf.initializers.glorotUniform({ seed: ++weightSeed });

  const input = tf.input({ shape: [length, schema.channels.length], name: 'motion' });
  const normal = to(
    own.standardise({ name: 'standardise' }),
    to(own.gravityFrame({ name: 'gravity', sensors: sensorsOf(schema) }), input),
  );
  let x = active(
    'stem',
    to(
      layers.conv1d({
        name: 'stem',
        filters,
        kernelSize: 3 * STRIDE,
        strides: STRIDE,
        padding: 'same',
        useBias: false,
        kernelInitializer: he(),
      }),
      normal,
    ),
  );
  for (const dilation of DILATIONS) {
    const name = `reach${dilation}`;
    const config = { name, filters, kernelSize: 5, dilation, seed: ++weightSeed };
    const wider = active(name, to(own.dilatedConv(config), x));
    x = to(layers.add({ name: `${name}_sum` }), [x, dilation === 1 ? wider : drop(`${name}_dropout`, wider)]);
  }

  const whole = to(layers.concatenate({ name: 'whole' }), [
    to(layers.globalAveragePooling1d({ name: 'whole_mean' }), x),
    to(layers.globalMaxPooling1d({ name: 'whole_peak' }), x),
  ]);
  const around = to(
    layers.repeatVector({ name: 'around', n: length / STRIDE }),
    to(layers.dense({ name: 'around_whole', units: filters, kernelInitializer: he() }), whole),
  );
  const each = layers.conv1d({ name: 'step', filters, kernelSize: 1, useBias: false, kernelInitializer: he() });
  const step = drop('step_dropout', active('step', to(layers.add({ name: 'step_sum' }), [to(each, x), around])));
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

  const within = { from: window.before / STRIDE, size: window.judged / STRIDE };
  const votes = to(
    layers.globalAveragePooling1d({ name: 'votes' }),
    to(own.middle({ name: 'steps_within', ...within }), steps),
  );
  const judged = to(own.middle({ name: 'judged', ...within }), x);
  const features = to(layers.concatenate({ name: 'features' }), [
    to(layers.globalAveragePooling1d({ name: 'mean' }), judged),
    to(layers.globalMaxPooling1d({ name: 'peak' }), judged),
  ]);
  const hidden = active(
    'hidden',
    to(
      layers.dense({ name: 'hidden', units: HIDDEN, useBias: false, kernelInitializer: he() }),
      drop('features_dropout', features),
    ),
  );
  const evidence = to(layers.concatenate({ name: 'evidence' }), [drop('hidden_dropout', hidden), votes]);
  const logits = to(layers.dense({ name: 'logits', units: labels, kernelInitializer: glorot() }), evidence);
  const output = to(layers.softmax({ name: 'probabilities' }), logits);
  return {
    window,
    model: tf.model({ name: 'motion-cnn', inputs: input, outputs: output }),
    teacher: tf.model({ name: 'motion-cnn-teacher', inputs: input, outputs: [output, steps] }),
    dropouts,
  };
}
