import { windowLength, type TaskDescription, type Windowing } from '@livepod/protocol';
import type { Track } from './recordings/recording.js';

export type { Track };

/** A stretch of a track that a model answers for, and what is true of it. */
export interface Judged {
  track: Track;
  /** The first judged sample. */
  start: number;
  /** A label's number, or the target's mean. */
  truth: number;
  /** Whether every judged sample carries the same label. */
  pure: boolean;
}

/** Windows cut from tracks, as a model takes them: `samples` is [count, size, channels], context included. */
export interface Windows {
  count: number;
  size: number;
  channels: number;
  samples: Float32Array;
  /** The label most samples carry; the earlier one in the window where two are equal. */
  label: Int16Array;
  /** 1 where every sample carries the same label. */
  pure: Uint8Array;
  person: string[];
}

/** What is true of a stretch of a track; undefined where nothing is known of it. */
type TruthOf = (track: Track, start: number, size: number) => { truth: number; pure: boolean } | undefined;

/** What a task learns from: the label of most samples, or the mean of its target's channel. */
export function truthOf(task: TaskDescription): TruthOf {
  if (task.kind === 'classification') return majority(task.labels.length);
  const { name } = task.target;
  return (track, start, size) => {
    const column = track.columns.indexOf(name);
    if (column < 0) return undefined;
    let sum = 0;
    for (let at = start; at < start + size; at++) sum += track.samples[at * track.channels + column]!;
    return { truth: sum / size, pure: true };
  };
}

const majority =
  (labels: number): TruthOf =>
  (track, start, size) => {
    const { label, pure } = labelWindow(track.labels, start, size, labels);
    return label >= 0 ? { truth: label, pure } : undefined;
  };

/**
 * The judged stretches of tracks, from their first sample on, `step` samples apart; a rest shorter than a stretch is
 * left out, and so is one of which nothing is known. What a model sees before and after a stretch does not change which
 * stretches there are.
 */
export function judgedStretches(tracks: Track[], { judged, step }: Windowing, truth: TruthOf): Judged[] {
  return tracks.flatMap((track) => {
    const found: Judged[] = [];
    for (let start = 0; start + judged <= track.length; start += step) {
      const known = truth(track, start, judged);
      if (known) found.push({ track, start, ...known });
    }
    return found;
  });
}

/**
 * Writes what a model sees of a stretch, `columns` of the track row by row, into `into` from `offset` on. Beyond a
 * track's ends its first and last samples are repeated.
 */
export function fill(
  into: Float32Array,
  offset: number,
  { track, start }: Pick<Judged, 'track' | 'start'>,
  window: Windowing,
  columns: readonly number[],
): void {
  const first = start - window.before;
  const length = windowLength(window);
  let at = offset;
  for (let row = first; row < first + length; row++) {
    const from = Math.min(Math.max(row, 0), track.length - 1) * track.channels;
    for (const column of columns) into[at++] = track.samples[from + column]!;
  }
}

/** Windows without context, half overlapping unless told otherwise. */
export const plain = (size: number, step = size / 2): Windowing => ({ before: 0, judged: size, after: 0, step });

/** Windows of motion as a recipe trains on them: all channels. */
export function cutWindows(
  tracks: Track[],
  schema: { channels: readonly unknown[]; labels: readonly string[] },
  window: Windowing,
): Windows {
  const size = windowLength(window);
  const cuts = judgedStretches(tracks, window, majority(schema.labels.length));
  const channels = schema.channels.length;
  const columns = Array.from({ length: channels }, (_, column) => column);
  const samples = new Float32Array(cuts.length * size * channels);
  cuts.forEach((cut, at) => fill(samples, at * size * channels, cut, window, columns));
  return {
    count: cuts.length,
    size,
    channels,
    samples,
    label: Int16Array.from(cuts, (cut) => cut.truth),
    pure: Uint8Array.from(cuts, (cut) => Number(cut.pure)),
    person: cuts.map((cut) => cut.track.person),
  };
}

/** @returns the majority's label, -1 when most samples carry none */
export function labelWindow(
  samples: Int16Array,
  start: number,
  size: number,
  labels: number,
): { label: number; pure: boolean } {
  const counts = new Int32Array(labels + 2);
  let best = samples[start]!;
  for (let at = start; at < start + size; at++) counts[samples[at]! + 1]!++;
  for (let at = start; at < start + size; at++) {
    if (counts[samples[at]! + 1]! > counts[best + 1]!) best = samples[at]!;
  }
  return { label: best, pure: best >= 0 && counts[best + 1] === size };
}
