import { Random } from '../src/random.js';
import { labelWindow, type Track } from '@livepod/runtime/windows';
import { stepSamples, WINDOW } from './model.js';

export interface Augmentation {
  /** Standard deviation of a turn of all sensors together about a random axis, in degrees. */
  rotationDegrees: number;
  /** Standard deviation of a factor per sensor around 1. */
  scaling: number;
  /** Noise per sample, as a share of the channel's standard deviation. */
  jitter: number;
  labelSmoothing: number;
}

export interface Batch {
  count: number;
  /** [count, 100, channels] */
  x: Float32Array;
  /** Smoothed targets of the windows, [count, labels]. */
  y: Float32Array;
  /** And of every fourth sample, [count · 25, labels]; all zeros where a sample carries no label. */
  steps: Float32Array;
}

/**
 * Draws an epoch's windows: evenly over all positions in all tracks, from a random first position, so that no two
 * epochs see the same cuts; a small dataset is seen more than once. Every window is turned, scaled and shaken a little,
 * as another person's strap would.
 */
export class Sampler {
  private readonly usable: { track: Track; from: number; positions: number }[] = [];
  private positions = 0;

  constructor(
    tracks: Track[],
    private readonly labels: number,
    private readonly sensors: number[][],
    private readonly deviation: Float32Array,
    private readonly augmentation: Augmentation,
  ) {
    for (const track of tracks) {
      const positions = track.length - WINDOW + 1;
      if (positions < 1) continue;
      this.usable.push({ track, from: this.positions, positions });
      this.positions += positions;
    }
  }

  get empty(): boolean {
    return this.positions === 0;
  }

  /** The batches of one epoch; `random` alone decides what is in them. */
  *epoch(windows: number, batch: number, random: Random): Generator<Batch> {
    const stride = this.positions / windows;
    const offset = random.next() * stride;
    const order = Int32Array.from({ length: windows }, (_, at) => at);
    random.shuffle(order);
    const channels = this.deviation.length;
    const empty = (): Batch => ({
      count: 0,
      x: new Float32Array(batch * WINDOW * channels),
      y: new Float32Array(batch * this.labels),
      steps: new Float32Array(batch * stepSamples.length * this.labels),
    });
    let made = empty();
    for (const at of order) {
      const { track, start } = this.at(Math.min(this.positions - 1, Math.floor(offset + at * stride)));
      const { label } = labelWindow(track, start, WINDOW, this.labels);
      if (label < 0) continue;
      const row = made.count++;
      this.smooth(made.y, row, label);
      stepSamples.forEach((sample, step) =>
        this.smooth(made.steps, row * stepSamples.length + step, track.labels[start + sample]!),
      );
      this.augment(track, start, made.x.subarray(row * WINDOW * channels, (row + 1) * WINDOW * channels), random);
      if (made.count < batch) continue;
      yield made;
      made = empty();
    }
  }

  private at(position: number): { track: Track; start: number } {
    let low = 0,
      high = this.usable.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.usable[middle]!.from <= position) low = middle;
      else high = middle - 1;
    }
    const { track, from } = this.usable[low]!;
    return { track, start: position - from };
  }

  private smooth(targets: Float32Array, row: number, label: number): void {
    if (label < 0) return;
    const { labelSmoothing } = this.augmentation;
    targets.fill(labelSmoothing / this.labels, row * this.labels, (row + 1) * this.labels);
    targets[row * this.labels + label]! += 1 - labelSmoothing;
  }

  private augment(track: Track, start: number, out: Float32Array, random: Random): void {
    const { rotationDegrees, scaling, jitter } = this.augmentation;
    const channels = track.channels;
    const turn = rotation(((rotationDegrees * Math.PI) / 180) * random.normal(), random);
    out.set(track.samples.subarray(start * channels, (start + WINDOW) * channels));
    for (const axes of this.sensors) {
      const scale = 1 + scaling * random.normal();
      if (axes.length === 3) {
        const [a, b, c] = axes as [number, number, number];
        for (let at = 0; at < out.length; at += channels) {
          const x = out[at + a]! * scale;
          const y = out[at + b]! * scale;
          const z = out[at + c]! * scale;
          out[at + a] = turn[0]! * x + turn[1]! * y + turn[2]! * z;
          out[at + b] = turn[3]! * x + turn[4]! * y + turn[5]! * z;
          out[at + c] = turn[6]! * x + turn[7]! * y + turn[8]! * z;
        }
      } else {
        for (const axis of axes) for (let at = axis; at < out.length; at += channels) out[at]! *= scale;
      }
    }
    if (jitter > 0)
      for (let at = 0; at < out.length; at++) out[at]! += jitter * this.deviation[at % channels]! * random.normal();
  }
}

/** Rodrigues: a turn by `angle` radians about a random axis, row by row. */
function rotation(angle: number, random: Random): number[] {
  let x = random.normal();
  let y = random.normal();
  let z = random.normal();
  const length = Math.hypot(x, y, z) || 1;
  x /= length;
  y /= length;
  z /= length;
  const c = Math.cos(angle),
    s = Math.sin(angle),
    t = 1 - c;
  return [
    t * x * x + c,
    t * x * y - s * z,
    t * x * z + s * y,
    t * x * y + s * z,
    t * y * y + c,
    t * y * z - s * x,
    t * x * z - s * y,
    t * y * z + s * x,
    t * z * z + c,
  ];
}
