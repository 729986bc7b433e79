import { Random } from './random.js';
import type { MotionSchema } from './schema.js';
import { lengthOf, type View } from './view.js';

/**
 * Windows that a pod runs before it switches to a model, with the outputs TensorFlow gave. Synthetic and seeded: no
 * person's data.
 */
export interface SelfTest {
  type: 'livepod.selftest/v1';
  /** Largest difference allowed in any output. */
  tolerance: number;
  /** Shape of one window with its context, [300, channels]. */
  inputShape: number[];
  /** Which of its samples the answer is about. */
  view: View;
  labels: string[];
  /** One flat window per vector, row by row; to be read as float32. */
  input: number[][];
  /** One probability per label and vector. */
  output: number[][];
}

export const TOLERANCE = 1e-5;
/** Decimal digits of a sample in the file; the windows are made of such numbers, so that nothing is lost. */
const DIGITS = 4;

/** Made-up motion: gravity in some direction, a cadence on every channel, noise; from stillness to vigour. */
export function syntheticWindows(count: number, size: number, channels: { unit: string }[], seed = 1): Float32Array {
  const random = new Random('selftest', seed);
  const samples = new Float32Array(count * size * channels.length);
  for (let window = 0; window < count; window++) {
    const vigour = window / Math.max(1, count - 1);
    channels.forEach(({ unit }, channel) => {
      const strength = /rad/.test(unit) ? 2.5 : 4;
      const rest = /rad/.test(unit) ? 0 : 9.81 * (random.next() * 2 - 1);
      const periods = 1 + random.next() * 6,
        phase = random.next() * 2 * Math.PI;
      for (let t = 0; t < size; t++) {
        const value =
          rest +
          vigour * strength * Math.sin((2 * Math.PI * periods * t) / size + phase) +
          0.05 * strength * random.normal();
        samples[(window * size + t) * channels.length + channel] = Number(value.toFixed(DIGITS));
      }
    });
  }
  return samples;
}

export function makeSelfTest(
  inputs: Float32Array,
  outputs: Float32Array,
  view: View,
  { channels, labels }: MotionSchema,
): SelfTest {
  const inputShape = [lengthOf(view), channels.length];
  const size = inputShape.reduce((a, b) => a * b, 1);
  const rows = (data: Float32Array, width: number, digits: number) =>
    Array.from({ length: data.length / width }, (_, at) =>
      Array.from(data.subarray(at * width, (at + 1) * width), (value) => Number(value.toFixed(digits))),
    );
  return {
    type: 'livepod.selftest/v1',
    tolerance: TOLERANCE,
    inputShape,
    view,
    labels,
    input: rows(inputs, size, DIGITS),
    output: rows(outputs, labels.length, 8),
  };
}
