import { tensorflow } from '../backend.js';
import { RecipeError } from '../errors.js';
import { infer } from '../evaluate.js';
import { SYNTHETIC_SCHEMA as schema } from '../fixture.js';
import type { Tf } from '../layers.js';
import { syntheticWindows } from '../selftest.js';
import { recipeByName } from '../recipes.js';
import { buildModel } from '../../motion-cnn/model.js';
import { exportOnnx, readMetadata, readWeights } from './export.js';

const { window } = recipeByName('motion-cnn').declaration.input;
const options = { input: 'motion', output: 'probabilities', metadata: { labels: '["a","b"]' } };
let tf: typeof Tf;
beforeAll(async () => {
  ({ tf } = await tensorflow());
});

async function largestDifference(
  model: Tf.LayersModel,
  count: number,
  size: number,
  channels: number,
  outputs: number,
): Promise<number> {
  const samples = syntheticWindows(
    count,
    size,
    Array.from({ length: channels }, (_, at) => ({ unit: at < 3 ? 'm/s2' : 'rad/s' })),
    7,
  );
  const ours = await infer(exportOnnx(model, options), { count, size, channels, samples }, outputs);
  const theirs = tf.tidy(() => (model.predict(tf.tensor3d(samples, [count, size, channels])) as Tf.Tensor).dataSync());
  return Math.max(...ours.map((value, at) => Math.abs(value - theirs[at]!)));
}

/** Weights as after some training: no layer is left at an identity that would hide a mistake. */
function shake(model: Tf.LayersModel): void {
  for (const weight of model.weights) {
    const positive = /variance|scale|gamma/.test(weight.originalName);
    weight.write(
      tf.tidy(() =>
        tf.tensor(
          Float32Array.from({ length: weight.read().size }, (_, at) =>
            positive ? 0.6 + 0.3 * Math.sin(at) : 0.2 * Math.sin(at * 1.7 + 1),
          ),
          weight.shape as number[],
        ),
      ),
    );
  }
}

describe('ONNX export', () => {
  it('of motion-cnn equals TensorFlow within 1e-5', async () => {
    const { model } = buildModel(tf, schema, window, { filters: 16, dropout: 0.3, seed: 1 });
    shake(model);
    expect(await largestDifference(model, 6, 300, 6, 3)).toBeLessThan(1e-5);
  });

  it('covers every other layer and padding it claims to know', async () => {
    const { layers } = tf;
    const input = tf.input({ shape: [31, 4] });
    const apply = (layer: Tf.layers.Layer, to: Tf.SymbolicTensor | Tf.SymbolicTensor[]) =>
      layer.apply(to) as Tf.SymbolicTensor;
    let x = apply(layers.conv1d({ filters: 5, kernelSize: 4, strides: 2, padding: 'same', activation: 'tanh' }), input);
    x = apply(layers.add(), [
      x,
      apply(layers.conv1d({ filters: 5, kernelSize: 1, strides: 2, activation: 'sigmoid' }), input),
    ]);
    x = apply(layers.conv1d({ filters: 5, kernelSize: 3, dilationRate: 2, padding: 'valid', useBias: false }), x);
    x = apply(layers.activation({ activation: 'elu' }), x);
    x = apply(layers.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' }), x);
    x = apply(layers.dropout({ rate: 0.5 }), x);
    const joined = apply(layers.concatenate(), [
      apply(layers.flatten(), x),
      apply(layers.globalMaxPooling1d({}), x),
      apply(layers.globalAveragePooling1d({}), x),
    ]);
    const model = tf.model({
      inputs: input,
      outputs: apply(layers.dense({ units: 2, activation: 'softmax' }), joined),
    });
    expect(await largestDifference(model, 3, 31, 4, 2)).toBeLessThan(1e-5);
  });

  it('refuses a layer it does not know, by name', () => {
    const model = tf.sequential({ layers: [tf.layers.lstm({ name: 'memory', units: 2, inputShape: [10, 2] })] });
    expect(() => exportOnnx(model, options)).toThrow(RecipeError);
    expect(() => exportOnnx(model, options)).toThrow(/memory \(LSTM/);
  });

  it('refuses a known layer in a form it does not know', () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ name: 'steps', units: 2, inputShape: [10, 2] })] });
    expect(() => exportOnnx(model, options)).toThrow(/steps \(Dense: a dense layer on a sequence/);
  });

  it('carries its metadata, and gives the same bytes for the same weights', () => {
    const { model } = buildModel(tf, schema, window, { filters: 8, dropout: 0, seed: 3 });
    const bytes = exportOnnx(model, options);
    expect(readMetadata(bytes)).toEqual({ labels: '["a","b"]' });
    const other = buildModel(tf, schema, window, { filters: 8, dropout: 0, seed: 4 }).model;
    expect(exportOnnx(other, options)).not.toEqual(bytes);
    readWeights(tf, other, bytes);
    expect(exportOnnx(other, options)).toEqual(bytes);
  });

  it('does not read weights of another size, or bytes that are no model', () => {
    const bytes = exportOnnx(buildModel(tf, schema, window, { filters: 8, dropout: 0, seed: 3 }).model, options);
    const { model } = buildModel(tf, schema, window, { filters: 16, dropout: 0, seed: 3 });
    expect(() => readWeights(tf, model, bytes)).toThrow(expect.objectContaining({ code: 'baseMismatch' }));
    expect(() => readWeights(tf, model, Uint8Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 'badModel' }));
  });
});
