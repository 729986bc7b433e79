import type * as Tf from '@tensorflow/tfjs';
import { Random } from './random.js';

export type { Tf };

/**
 * The kernels of a log-power spectrum: Hann-windowed cosines and sines at `bins` whole periods per window, [size,
 * 2·bins].
 */
export function spectrumKernel(size: number, bins: number): Float32Array {
  const kernel = new Float32Array(size * bins * 2);
  for (let t = 0; t < size; t++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / (size - 1));
    for (let k = 1; k <= bins; k++) {
      const phase = (2 * Math.PI * k * t) / size;
      kernel[t * bins * 2 + k - 1] = hann * Math.cos(phase);
      kernel[t * bins * 2 + bins + k - 1] = hann * Math.sin(phase);
    }
  }
  return kernel;
}

/** Sensors of three axes, whose columns follow one another. */
export const spatial = (sensors: number[][]): number[][] => sensors.filter((axes) => axes.length === 3);

/** Added under the root of a length and under the logarithm of a power, so that neither has a pole. */
export const LENGTH_FLOOR = 1e-6;
export const POWER_FLOOR = 1e-2;

export interface MotionLayers {
  /**
   * [batch, time, channels] → the same channels, then for each sensor of three axes its length, its part along gravity
   * and its part across. Gravity is the window's mean of the first such sensor, so that these do not depend on how a
   * device is strapped on.
   */
  gravityFrame(config: { name: string; sensors: number[][] }): Tf.layers.Layer;
  /**
   * (x − mean) · scale per channel; both are weights that training leaves alone, so that they travel with the model.
   */
  standardise(config: { name: string }): Tf.layers.Layer;
  /** [batch, time, channels] → log power per channel and frequency, flat. */
  logSpectrum(config: { name: string; bins: number }): Tf.layers.Layer;
  /**
   * A convolution along time whose taps are `dilation` steps apart, zeros beyond the ends, no bias. TensorFlow.js has
   * no gradient of a dilated convolution, so the steps are dealt out to `dilation` sequences and each is convolved
   * plainly.
   */
  dilatedConv(config: {
    name: string;
    filters: number;
    kernelSize: number;
    dilation: number;
    seed: number;
  }): Tf.layers.Layer;
  /** [batch, time, channels] → the `size` steps from step `from` on. */
  middle(config: { name: string; from: number; size: number }): Tf.layers.Layer;
  /**
   * Dropout from a seeded stream of its own: TensorFlow's layer repeats one mask for a fixed seed. Of a sequence it
   * drops whole channels, since neighbouring steps would tell what a dropped one was.
   */
  seededDropout(config: {
    name: string;
    rate: number;
    seed: number;
  }): Tf.layers.Layer & { restart(epoch: number): void };
}

/** The project's own layers, made against whichever TensorFlow.js was loaded. */
export function motionLayers(tf: typeof Tf): MotionLayers {
  class GravityFrame extends tf.layers.Layer {
    static className = 'GravityFrame';
    constructor(readonly config: { name: string; sensors: number[][] }) {
      super({ name: config.name, trainable: false });
    }
    override computeOutputShape(shape: Tf.Shape | Tf.Shape[]): Tf.Shape {
      const [batch, time, channels] = shape as Tf.Shape;
      return [batch!, time!, channels! + 3 * spatial(this.config.sensors).length];
    }
    override call(inputs: Tf.Tensor | Tf.Tensor[]): Tf.Tensor {
      return tf.tidy(() => {
        const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tf.Tensor3D;
        const sensors = spatial(this.config.sensors).map((axes) => tf.slice(x, [0, 0, axes[0]!], [-1, -1, 3]));
        if (sensors.length === 0) return x;
        const rest = tf.mean(sensors[0]!, 1, true);
        const down = tf.div(rest, tf.sqrt(tf.add(tf.sum(tf.square(rest), 2, true), LENGTH_FLOOR)));
        return tf.concat(
          [
            x,
            ...sensors.flatMap((sensor) => {
              const square = tf.sum(tf.square(sensor), 2, true);
              const along = tf.sum(tf.mul(sensor, down), 2, true);
              // Not the root of the squares' difference: that loses all its digits where a device hangs still.
              const across = tf.sum(tf.square(tf.sub(sensor, tf.mul(along, down))), 2, true);
              return [tf.sqrt(tf.add(square, LENGTH_FLOOR)), along, tf.sqrt(tf.add(across, LENGTH_FLOOR))];
            }),
          ],
          2,
        );
      });
    }
    override getConfig() {
      return { ...super.getConfig(), sensors: this.config.sensors };
    }
  }

  class Standardise extends tf.layers.Layer {
    static className = 'Standardise';
    private mean!: Tf.LayerVariable;
    private scale!: Tf.LayerVariable;
    constructor(config: { name: string }) {
      super({ ...config, trainable: false });
    }
    override build(shape: Tf.Shape | Tf.Shape[]): void {
      const channels = (shape as Tf.Shape).at(-1)!;
      this.mean = this.addWeight('mean', [channels], 'float32', tf.initializers.zeros(), undefined, false);
      this.scale = this.addWeight('scale', [channels], 'float32', tf.initializers.ones(), undefined, false);
      this.built = true;
    }
    override computeOutputShape(shape: Tf.Shape | Tf.Shape[]) {
      return shape;
    }
    override call(inputs: Tf.Tensor | Tf.Tensor[]): Tf.Tensor {
      return tf.tidy(() =>
        tf.mul(tf.sub((Array.isArray(inputs) ? inputs[0] : inputs)!, this.mean.read()), this.scale.read()),
      );
    }
  }

  class LogSpectrum extends tf.layers.Layer {
    static className = 'LogSpectrum';
    private kernel: Tf.Tensor2D | undefined;
    constructor(readonly config: { name: string; bins: number }) {
      super({ name: config.name, trainable: false });
    }
    override computeOutputShape(shape: Tf.Shape | Tf.Shape[]): Tf.Shape {
      const [batch, , channels] = shape as Tf.Shape;
      return [batch!, channels! * this.config.bins];
    }
    override call(inputs: Tf.Tensor | Tf.Tensor[]): Tf.Tensor {
      return tf.tidy(() => {
        const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tf.Tensor3D;
        const [, size, channels] = x.shape;
        const { bins } = this.config;
        this.kernel ??= tf.keep(tf.tensor2d(spectrumKernel(size, bins), [size, 2 * bins]));
        const moving = tf.transpose(tf.sub(x, tf.mean(x, 1, true)), [0, 2, 1]);
        const waves = tf.square(tf.matMul(tf.reshape(moving, [-1, size]), this.kernel));
        const power = tf.add(tf.slice(waves, [0, 0], [-1, bins]), tf.slice(waves, [0, bins], [-1, bins]));
        return tf.reshape(tf.log(tf.add(power, POWER_FLOOR)), [-1, channels * bins]);
      });
    }
    override getConfig() {
      return { ...super.getConfig(), bins: this.config.bins };
    }
    override dispose() {
      this.kernel?.dispose();
      this.kernel = undefined;
      return super.dispose();
    }
  }

  class DilatedConv extends tf.layers.Layer {
    static className = 'DilatedConv';
    private kernel!: Tf.LayerVariable;
    constructor(
      readonly config: { name: string; filters: number; kernelSize: number; dilation: number; seed: number },
    ) {
      super({ name: config.name });
    }
    override build(shape: Tf.Shape | Tf.Shape[]): void {
      const { kernelSize, filters, seed } = this.config;
      const channels = (shape as Tf.Shape).at(-1)!;
      const initializer = tf.initializers.heUniform({ seed });
      this.kernel = this.addWeight('kernel', [kernelSize, channels, filters], 'float32', initializer, undefined, true);
      this.built = true;
    }
    override computeOutputShape(shape: Tf.Shape | Tf.Shape[]): Tf.Shape {
      return [...(shape as Tf.Shape).slice(0, -1), this.config.filters];
    }
    override call(inputs: Tf.Tensor | Tf.Tensor[]): Tf.Tensor {
      return tf.tidy(() => {
        const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tf.Tensor3D;
        const kernel = this.kernel.read() as Tf.Tensor3D;
        const { dilation } = this.config;
        if (dilation === 1) return tf.conv1d(x, kernel, 1, 'same');
        const rest = [[0, (dilation - (x.shape[1] % dilation)) % dilation]];
        const dealt = tf.spaceToBatchND(x, [dilation], rest) as Tf.Tensor3D;
        return tf.batchToSpaceND(tf.conv1d(dealt, kernel, 1, 'same'), [dilation], rest);
      });
    }
    override getConfig() {
      return { ...super.getConfig(), ...this.config };
    }
  }

  class Middle extends tf.layers.Layer {
    static className = 'Middle';
    constructor(readonly config: { name: string; from: number; size: number }) {
      super({ name: config.name, trainable: false });
    }
    override computeOutputShape(shape: Tf.Shape | Tf.Shape[]): Tf.Shape {
      const [batch, , channels] = shape as Tf.Shape;
      return [batch!, this.config.size, channels!];
    }
    override call(inputs: Tf.Tensor | Tf.Tensor[]): Tf.Tensor {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tf.Tensor3D;
      return tf.slice(x, [0, this.config.from, 0], [-1, this.config.size, -1]);
    }
    override getConfig() {
      return { ...super.getConfig(), ...this.config };
    }
  }

  class SeededDropout extends tf.layers.Layer {
    static className = 'SeededDropout';
    private random: Random;
    constructor(readonly config: { name: string; rate: number; seed: number }) {
      super({ name: config.name });
      this.random = new Random(config.name, config.seed);
    }
    /** Begins the stream of an epoch, so that a resumed training draws what an unbroken one would. */
    restart(epoch: number): void {
      this.random = new Random(this.config.name, this.config.seed, epoch);
    }
    override computeOutputShape(shape: Tf.Shape | Tf.Shape[]) {
      return shape;
    }
    override call(inputs: Tf.Tensor | Tf.Tensor[], kwargs: { training?: boolean }): Tf.Tensor {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs)!;
      if (!kwargs.training || this.config.rate === 0) return x;
      const keep = 1 - this.config.rate;
      const shape = x.rank === 3 ? [x.shape[0]!, 1, x.shape[2]!] : x.shape;
      const mask = new Float32Array(shape.reduce((size, side) => size * side, 1));
      for (let at = 0; at < mask.length; at++) if (this.random.next() < keep) mask[at] = 1 / keep;
      return tf.tidy(() => tf.mul(x, tf.tensor(mask, shape)));
    }
  }

  return {
    gravityFrame: (config) => new GravityFrame(config),
    standardise: (config) => new Standardise(config),
    logSpectrum: (config) => new LogSpectrum(config),
    dilatedConv: (config) => new DilatedConv(config),
    middle: (config) => new Middle(config),
    seededDropout: (config) => new SeededDropout(config),
  };
}
