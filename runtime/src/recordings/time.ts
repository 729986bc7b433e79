import type { Findings } from './finding.js';
import { numberOf, type Place } from './numbers.js';

/** Names of the column that says when a sample was taken. */
export const TIME_COLUMNS = ['timestamp', 'time'] as const;

/** How far a rate may be from the one that was declared. */
const RATE_TOLERANCE = 0.05;
/** Below this much time a rate is not judged. */
const JUDGED_SECONDS = 1;
/** A pause this long ends a stretch of records, and so does one of ten samples where that is longer. */
const GAP_SECONDS = 1;
const GAP_SAMPLES = 10;
/** So many rows that are the same in time and in every value are a copy, not a sensor that stood still. */
const REPEATED_ROWS = 4;

/** Per second. Which of them a file counts in is told by what comes closest to the declared rate. */
const UNITS = [1, 1e3, 1e6, 1e9] as const;
/** Seconds since 1970 lie below this until the year 2286; each unit's numbers are a thousand times as large. */
const LATEST_SECONDS = 1e10;

export interface Timing {
  /** Seconds of each row, since 1970 or since anything. */
  seconds: Float64Array;
  /** Samples a second as the rows have them; null when there are too few to say, or when time goes back. */
  rateHz: number | null;
  /** Rows before which there is a pause. */
  gaps: number[];
}

/**
 * Reads a column of times: numbers in seconds, or in thousandths, millionths or billionths, or ISO 8601. Two samples
 * may carry the same time, since sensors deliver in batches, but time never goes back.
 *
 * @param rateMilliHz  as declared; undefined when it is not known
 * @returns undefined when it is no column of times, which `findings` then say
 */
export function readTimes(
  fields: readonly string[],
  decimal: '.' | ',',
  rateMilliHz: number | undefined,
  placeOf: (row: number) => Place,
  findings: Findings,
): Timing | undefined {
  const times = new Float64Array(fields.length);
  const iso = numberOf(fields[0] ?? '', decimal) === undefined;
  let wrong = false;
  fields.forEach((field, row) => {
    const value = iso ? Date.parse(field.trim()) / 1000 : (numberOf(field, decimal) ?? NaN);
    times[row] = value;
    if (Number.isFinite(value)) return;
    wrong = true;
    findings.refuse('badTime', {
      ...placeOf(row),
      found: field.trim().slice(0, 40) || 'nothing',
      expected: 'seconds, milliseconds, microseconds or nanoseconds as a number, or a time as in 2026-11-29T10:00:00Z',
      remedy: 'Correct the time, or remove the column.',
    });
  });
  if (wrong || times.length === 0) return undefined;
  const unit = iso ? 1 : unitOf(times, rateMilliHz);
  const start = times[0]!;
  // Relative to the first: nanoseconds since 1970 leave no digits for what is between two samples.
  const seconds = times.map((time) => (time - start) / unit);
  for (let row = 1; row < seconds.length; row++) {
    if (seconds[row]! >= seconds[row - 1]!) continue;
    findings.refuse('timeGoesBack', {
      ...placeOf(row),
      found: `${fields[row]!.trim()} after ${fields[row - 1]!.trim()}`,
      expected: 'a time not before that of the row before',
      remedy: 'Sort the rows by time; when two recordings were joined, give each a file of its own.',
    });
    wrong = true;
  }
  if (wrong) return { seconds, rateHz: null, gaps: [] };
  return { seconds, rateHz: measuredRate(seconds), gaps: gapsOf(seconds, rateMilliHz) };
}

function unitOf(times: Float64Array, rateMilliHz: number | undefined): number {
  const span = times.at(-1)! - times[0]!;
  if (rateMilliHz !== undefined && span > 0 && times.length > 1) {
    const counted = ((times.length - 1) * 1000) / span;
    // One second holds `unit` steps, so the rate is what was counted per step, times the unit.
    const off = UNITS.map((unit) => Math.abs(Math.log((counted * unit) / rateMilliHz)));
    return UNITS[off.indexOf(Math.min(...off))]!;
  }
  return UNITS.find((unit) => Math.abs(times[0]!) < LATEST_SECONDS * unit) ?? 1e9;
}

function measuredRate(seconds: Float64Array): number | null {
  const gaps = gapsOf(seconds, undefined);
  const bounds = [0, ...gaps, seconds.length];
  let samples = 0;
  let span = 0;
  for (let at = 0; at + 1 < bounds.length; at++) {
    const first = bounds[at]!;
    const last = bounds[at + 1]! - 1;
    samples += last - first;
    span += seconds[last]! - seconds[first]!;
  }
  return span > 0 ? samples / span : null;
}

function gapsOf(seconds: Float64Array, rateMilliHz: number | undefined): number[] {
  const pauses = Array.from(seconds.subarray(1), (at, row) => at - seconds[row]!);
  const usual = rateMilliHz === undefined ? median(pauses) : 1000 / rateMilliHz;
  const longest = Math.max(GAP_SECONDS, GAP_SAMPLES * usual);
  return pauses.flatMap((pause, row) => (pause > longest ? [row + 1] : []));
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Compares the rate that is declared with the one that the times show. */
export function checkRate({ seconds, rateHz }: Timing, rateMilliHz: number, findings: Findings): void {
  if (rateHz === null || seconds.at(-1)! < JUDGED_SECONDS) return;
  const declared = rateMilliHz / 1000;
  if (Math.abs(rateHz / declared - 1) <= RATE_TOLERANCE) return;
  findings.refuse('rateDiffers', {
    found: `${rateHz.toPrecision(4)} Hz by its times`,
    expected: `${declared} Hz, as the schema says`,
    remedy: 'Declare the rate that the device measures at; files of another rate make a dataset of their own.',
  });
}

/** Finds rows that were written several times over. */
export function checkRepeats(
  { seconds }: Timing,
  samples: Float32Array,
  channels: number,
  placeOf: (row: number) => Place,
  findings: Findings,
): void {
  let run = 1;
  for (let row = 1; row < seconds.length; row++) {
    const same = seconds[row] === seconds[row - 1] && sameRow(samples, channels, row);
    run = same ? run + 1 : 1;
    if (run !== REPEATED_ROWS) continue;
    const { line } = placeOf(row - REPEATED_ROWS + 1);
    findings.refuse('repeatedRows', {
      line,
      found: `the same row at least ${REPEATED_ROWS} times, its time included`,
      expected: 'a row per sample',
      remedy: 'Remove the copies; the recording was joined or exported wrongly.',
    });
  }
}

function sameRow(samples: Float32Array, channels: number, row: number): boolean {
  for (let at = row * channels; at < (row + 1) * channels; at++)
    if (samples[at] !== samples[at - channels]) return false;
  return true;
}
