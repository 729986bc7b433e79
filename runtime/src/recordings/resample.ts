import type { Track } from './recording.js';

/** A rate that is off by less than this is taken as it is. */
const TOLERANCE = 0.05;

/**
 * A track at the rate that a model was trained at: values between two samples lie on the line between them, labels are
 * those of the sample before. Samples of one time, as sensors deliver them in batches, count at the mean distance.
 *
 * @param seconds  of each sample
 * @param rateHz   as measured
 */
export function resampled(track: Track, seconds: Float64Array, rateHz: number, wantedHz: number): Track {
  if (Math.abs(rateHz / wantedHz - 1) <= TOLERANCE || track.length < 2) return track;
  const { channels, samples, labels } = track;
  const start = seconds[0]!;
  const length = Math.max(1, Math.floor((seconds.at(-1)! - start) * wantedHz) + 1);
  const values = new Float32Array(length * channels);
  const named = new Int16Array(length);
  let before = 0;
  for (let row = 0; row < length; row++) {
    const at = start + row / wantedHz;
    while (before + 2 < track.length && seconds[before + 1]! <= at) before++;
    const span = seconds[before + 1]! - seconds[before]!;
    const share = span > 0 ? Math.min(1, Math.max(0, (at - seconds[before]!) / span)) : 0;
    for (let channel = 0; channel < channels; channel++) {
      const left = samples[before * channels + channel]!;
      const right = samples[(before + 1) * channels + channel]!;
      values[row * channels + channel] = left + share * (right - left);
    }
    named[row] = labels[share === 1 ? before + 1 : before]!;
  }
  return { ...track, length, samples: values, labels: named };
}
