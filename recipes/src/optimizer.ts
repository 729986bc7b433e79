import type { Tf } from './layers.js';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;
/** Per step, once training is under way: the exported weights are a moving average of the trained ones. */
const AVERAGE_DECAY = 0.99;

/**
 * Adam (Kingma and Ba, algorithm 1) and the moving average of all weights, on one flat vector each: TensorFlow.js's own
 * optimiser runs a dozen operations per variable, and for a small network their number is what a step costs.
 */
export class FlatAdam {
  private readonly variables: Tf.Variable[];
  private readonly others: Tf.LayerVariable[];
  private readonly sizes: number[];
  private trained: Tf.Tensor1D;
  private mean: Tf.Tensor1D;
  private square: Tf.Tensor1D;
  private average: Tf.Tensor1D;
  private steps = 0;

  constructor(
    private readonly tf: typeof Tf,
    model: Tf.LayersModel,
  ) {
    this.variables = model.trainableWeights.map((weight) => weight.read() as Tf.Variable);
    this.others = model.nonTrainableWeights;
    this.sizes = this.variables.map(({ size }) => size);
    this.trained = tf.keep(tf.tidy(() => this.flat(this.variables)));
    this.mean = tf.keep(tf.zerosLike(this.trained));
    this.square = tf.keep(tf.zerosLike(this.trained));
    this.average = tf.keep(tf.tidy(() => this.everything()));
  }

  /** One step down the gradient of the loss, which is returned. */
  minimize(loss: () => Tf.Scalar, learningRate: number): Tf.Scalar {
    const { tf } = this;
    this.steps += 1;
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, this.variables);
      const gradient = this.flat(this.variables.map(({ name }) => grads[name]!));
      this.mean = this.replace(this.mean, tf.add(tf.mul(this.mean, BETA1), tf.mul(gradient, 1 - BETA1)));
      this.square = this.replace(
        this.square,
        tf.add(tf.mul(this.square, BETA2), tf.mul(tf.square(gradient), 1 - BETA2)),
      );
      const rate = learningRate / (1 - BETA1 ** this.steps);
      const spread = tf.add(tf.sqrt(tf.div(this.square, 1 - BETA2 ** this.steps)), EPSILON);
      this.trained = this.replace(this.trained, tf.sub(this.trained, tf.mul(tf.div(this.mean, spread), rate)));
      tf.split(this.trained, this.sizes).forEach((part, at) =>
        this.variables[at]!.assign(tf.reshape(part, this.variables[at]!.shape)),
      );
      const decay = Math.min(AVERAGE_DECAY, this.steps / (this.steps + 9));
      this.average = this.replace(
        this.average,
        tf.add(tf.mul(this.average, decay), tf.mul(this.everything(), 1 - decay)),
      );
      return value;
    });
  }

  /** Puts the averaged weights in place of the trained ones; for the end of training. */
  settle(): void {
    this.spread(this.average);
  }

  /** All that a resumed training needs, the model's weights included. */
  state(): { steps: number; vectors: Tf.Tensor1D[] } {
    return {
      steps: this.steps,
      vectors: [this.tf.tidy(() => this.everything()), this.mean, this.square, this.average],
    };
  }

  restore(steps: number, [weights, mean, square, average]: Float32Array[]): void {
    const { tf } = this;
    this.steps = steps;
    tf.tidy(() => {
      const vector = (data: Float32Array) => tf.tensor1d(data);
      this.spread(vector(weights!));
      this.trained = this.replace(this.trained, this.flat(this.variables));
      this.mean = this.replace(this.mean, vector(mean!));
      this.square = this.replace(this.square, vector(square!));
      this.average = this.replace(this.average, vector(average!));
    });
  }

  dispose(): void {
    [this.trained, this.mean, this.square, this.average].forEach((vector) => vector.dispose());
  }

  private spread(vector: Tf.Tensor1D): void {
    const { tf } = this;
    tf.tidy(() => {
      const parts = tf.split(vector, [...this.sizes, ...this.others.map((weight) => weight.read().size)]);
      this.variables.forEach((variable, at) => variable.assign(tf.reshape(parts[at]!, variable.shape)));
      this.others.forEach((weight, at) =>
        weight.write(tf.reshape(parts[this.sizes.length + at]!, weight.shape as number[])),
      );
    });
  }

  private everything(): Tf.Tensor1D {
    return this.tf.concat1d([
      this.trained ?? this.flat(this.variables),
      ...this.others.map((weight) => this.tf.reshape(weight.read(), [-1]) as Tf.Tensor1D),
    ]);
  }

  private flat(tensors: Tf.Tensor[]): Tf.Tensor1D {
    return this.tf.concat1d(tensors.map((tensor) => this.tf.reshape(tensor, [-1]) as Tf.Tensor1D));
  }

  private replace(old: Tf.Tensor, fresh: Tf.Tensor): Tf.Tensor1D {
    const kept = this.tf.keep(fresh) as Tf.Tensor1D;
    old.dispose();
    return kept;
  }
}
