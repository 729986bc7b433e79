import { windowLength, type Windowing } from '@livepod/protocol';
import { plain, sensorsOf, type DataSchema, type Windows } from '@livepod/recipes';

/** Bands of the spectrum, in whole periods per window: below a step's cadence, around it, above. */
const BANDS = [
  [1, 3],
  [3, 6],
  [6, 15],
] as const;

/**
 * What one would compute by hand for a window of motion: per channel and per sensor's magnitude the mean, deviation,
 * least, greatest, mean step and log power in three bands, and the correlation of every two axes of a sensor. 70
 * numbers for accelerometer and gyroscope.
 */
export function windowFeatures(windows: Windows, schema: DataSchema): Float64Array[] {
  const sensors = sensorsOf(schema).filter((axes) => axes.length > 1);
  const { size, channels, samples } = windows;
  return Array.from({ length: windows.count }, (_, window) => {
    const series = Array.from({ length: channels }, (_, channel) =>
      Float64Array.from({ length: size }, (_, t) => samples[(window * size + t) * channels + channel]!),
    );
    const lengths = sensors.map((axes) =>
      Float64Array.from({ length: size }, (_, t) => Math.hypot(...axes.map((axis) => series[axis]![t]!))),
    );
    const correlations = sensors.flatMap((axes) =>
      axes.flatMap((a, at) => axes.slice(0, at).map((b) => correlation(series[a]!, series[b]!))),
    );
    return Float64Array.from([...[...series, ...lengths].flatMap(ofSeries), ...correlations]);
  });
}

/** The windows that all are asked about. */
export const WINDOW = plain(100);
/** The same, and the second to either side, that features of a window's surroundings are computed from. */
export const SURROUNDED: Windowing = { ...WINDOW, before: 100, after: 100 };

/** The features of windows cut as SURROUNDED, of what comes right before them and of what comes right after. */
export function surroundedFeatures(windows: Windows, schema: DataSchema): Float64Array[] {
  const { before, judged } = SURROUNDED;
  const parts = [before, 0, before + judged].map((from) => windowFeatures(part(windows, from, judged), schema));
  return parts[0]!.map((_, window) => Float64Array.from(parts.flatMap((features) => [...features[window]!])));
}

function part(windows: Windows, from: number, size: number): Windows {
  const { channels, count } = windows;
  const samples = new Float32Array(count * size * channels);
  for (let window = 0; window < count; window++) {
    const start = (window * windowLength(SURROUNDED) + from) * channels;
    samples.set(windows.samples.subarray(start, start + size * channels), window * size * channels);
  }
  return { ...windows, size, samples };
}

function ofSeries(series: Float64Array): number[] {
  const mean = meanOf(series);
  const moving = series.map((value) => value - mean);
  let steps = 0;
  for (let t = 1; t < series.length; t++) steps += Math.abs(series[t]! - series[t - 1]!);
  const deviation = Math.sqrt(meanOf(moving.map((value) => value * value)));
  return [
    mean,
    deviation,
    Math.min(...series),
    Math.max(...series),
    steps / (series.length - 1),
    ...bandPowers(moving),
  ];
}

function bandPowers(moving: Float64Array): number[] {
  return BANDS.map(([from, to]) => {
    let power = 0;
    for (let k = from; k < to; k++) {
      let real = 0,
        imaginary = 0;
      for (let t = 0; t < moving.length; t++) {
        const phase = (2 * Math.PI * k * t) / moving.length;
        real += moving[t]! * Math.cos(phase);
        imaginary -= moving[t]! * Math.sin(phase);
      }
      power += real * real + imaginary * imaginary;
    }
    return Math.log(power + 1e-6);
  });
}

function correlation(a: Float64Array, b: Float64Array): number {
  const meanA = meanOf(a);
  const meanB = meanOf(b);
  let both = 0,
    squareA = 0,
    squareB = 0;
  for (let t = 0; t < a.length; t++) {
    both += (a[t]! - meanA) * (b[t]! - meanB);
    squareA += (a[t]! - meanA) ** 2;
    squareB += (b[t]! - meanB) ** 2;
  }
  return both / (Math.sqrt(squareA * squareB) + 1e-6 * a.length);
}

const meanOf = (series: Float64Array): number => series.reduce((sum, value) => sum + value, 0) / series.length;
