import { fewerOperations } from './gradients.js';
import type { Tf } from './layers.js';

describe('gradients in fewer operations', () => {
  it("are TensorFlow.js's own", async () => {
    const tf = (await import('@tensorflow/tfjs')).default as unknown as typeof Tf;
    await tf.setBackend('cpu');
    const x = tf.randomNormal<Tf.Rank.R3>([3, 5, 4], 1, 2, 'float32', 7);
    const [scale, offset] = [8, 9].map((seed) => tf.randomNormal<Tf.Rank.R1>([4], 0, 1, 'float32', seed));
    const weights = tf.randomNormal([3, 5, 4], 0, 1, 'float32', 10);
    const gradients = () =>
      tf
        .grads((input, factor, shift) => {
          const { mean, variance } = tf.moments(input, [0, 1]);
          const normal = tf.batchNorm(
            input as Tf.Tensor3D,
            mean as Tf.Tensor1D,
            variance as Tf.Tensor1D,
            shift,
            factor,
          );
          const middle = tf.mean(normal, -1, true);
          return tf.sum(tf.mul(tf.add(tf.relu(normal), tf.square(middle)), weights));
        })([x, scale!, offset!])
        .map((gradient) => [...gradient.dataSync()]);
    const theirs = gradients();
    fewerOperations(tf);
    for (const [at, ours] of gradients().entries())
      for (const [place, value] of ours.entries()) expect(value).toBeCloseTo(theirs[at]![place]!, 4);
  });
});
