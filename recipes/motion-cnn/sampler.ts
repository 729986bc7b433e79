import { Random } from '../src/random.js';
import { windowLength, type Windowing } from '@livepod/protocol';
import { labelWindow, type Track } from '@livepod/runtime/windows';
import { STRIDE } from './model.js';

export interface Augmentation {
  /** Standard deviation of a turn of all sensors together about a random axis, in degrees. */
  rotationDegrees: number;
  /** Standard deviation of a factor per sensor around 1. */
  scaling: number;
  /** Noise per sample, as a share of the channel's standard deviation. */
  jitter: number;
  /** Standard deviation of the logarithm of a factor on time: the same movement, quicker or slower. */
  tempo: number;
  /** Share of the windows whose recording is taken to begin within the context, and of those where it ends there. */
  cutShort: number;
  labelSmoothing: number;
}

/** How much the label of a step counts that is no part of the window the answer is about. */
const AROUND = 0.4;

export interface Batch {
  count: number;
  /** [count, 300, channels] */
  x: Float32Array;
  /** Smoothed targets of the windows, [count, labels]. */
  y: Float32Array;
  /**
   * And of every fourth sample, [count · 75, labels]; less where it is no part of the window, zeros where there is no
   * label.
   */
  steps: Float32Array;
}

/**
 * Draws an epoch's windows: evenly over all positions in all tracks, from a random first position, so that no two
 * epochs see the same cuts; a small dataset is seen more than once. Every window is turned, scaled and shaken a little,
 * as by another person's strap, and stretched in time, as by another person's pace.
 */
export class Sampler {
  private readonly rows: number;
  /** The labels of one window's samples as it is shown, and of those alone that the answer is about. */
  private readonly shown: Int16Array;
  private readonly answered: Int16Array;
  private readonly usable: { track: Track; from: number; positions: number }[] = [];
  private positions = 0;

  constructor(
    tracks: Track[],
    private readonly window: Windowing,
    private readonly labels: number,
    private readonly sensors: number[][],
    private readonly deviation: Float32Array,
    private readonly augmentation: Augmentation,
  ) {
    this.rows = windowLength(window);
    this.shown = new Int16Array(this.rows);
    this.answered = this.shown.subarray(window.before, window.before + window.judged);
    for (const track of tracks) {
      const positions = track.length - window.judged + 1;
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
    const size = this.rows * this.deviation.length;
    const empty = (): Batch => ({
      count: 0,
      x: new Float32Array(batch * size),
      y: new Float32Array(batch * this.labels),
      steps: new Float32Array(batch * (this.rows / STRIDE) * this.labels),
    });
    let made = empty();
    for (const at of order) {
      const { track, start } = this.at(Math.min(this.positions - 1, Math.floor(offset + at * stride)));
      const row = made.count;
      const x = made.x.subarray(row * size, (row + 1) * size);
      this.draw(track, start, x, random);
      const { label } = labelWindow(this.answered, 0, this.window.judged, this.labels);
      if (label < 0) continue;
      made.count++;
      this.smooth(made.y, row, label, 1);
      this.smoothSteps(made.steps, row);
      this.disguise(x, random);
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

  private smooth(targets: Float32Array, row: number, label: number, weight: number): void {
    const from = row * this.labels;
    targets.fill(0, from, from + this.labels);
    if (label < 0) return;
    const { labelSmoothing } = this.augmentation;
    targets.fill((weight * labelSmoothing) / this.labels, from, from + this.labels);
    targets[from + label]! += weight * (1 - labelSmoothing);
  }

  private smoothSteps(targets: Float32Array, row: number): void {
    const { before, judged } = this.window;
    const steps = this.rows / STRIDE;
    for (let step = 0; step < steps; step++) {
      const sample = step * STRIDE + STRIDE / 2;
      const within = sample >= before && sample < before + judged;
      this.smooth(targets, row * steps + step, this.shown[sample]!, within ? 1 : AROUND);
    }
  }

  /** One window with its context, quicker or slower about its middle, into `out`; its samples' labels into `shown`. */
  private draw(track: Track, start: number, out: Float32Array, random: Random): void {
    const { window, rows } = this;
    const { tempo, cutShort } = this.augmentation;
    const { channels, samples, length } = track;
    const pace = Math.exp(tempo * random.normal());
    const first = random.next() < cutShort ? Math.max(0, start - Math.floor(random.next() * window.before)) : 0;
    const end = start + window.judged - 1;
    const last =
      random.next() < cutShort ? Math.min(length - 1, end + Math.floor(random.next() * window.after)) : length - 1;
    const middle = window.before + (window.judged - 1) / 2;
    for (let row = 0; row < rows; row++) {
      const wanted = start + (window.judged - 1) / 2 + (row - middle) * pace;
      const place = Math.min(Math.max(wanted, first), last);
      const left = Math.floor(place);
      const right = Math.min(left + 1, last);
      const share = place - left;
      for (let c = 0; c < channels; c++) {
        const value = samples[left * channels + c]!;
        out[row * channels + c] = value + share * (samples[right * channels + c]! - value);
      }
      this.shown[row] = Math.abs(wanted - place) > 1 ? -1 : track.labels[Math.round(place)]!;
    }
  }

  /** Turns, scales and shakes a window in place. */
  private disguise(out: Float32Array, random: Random): void {
    const { rotationDegrees, scaling, jitter } = this.augmentation;
    const channels = this.deviation.length;
    const turn = rotation(((rotationDegrees * Math.PI) / 180) * random.normal(), random);
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
