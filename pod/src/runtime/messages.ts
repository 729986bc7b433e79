import type { Blame } from '@livepod/protocol';
import type { TrackHead } from './records.js';

/**
 * What a pod orders of the process that holds a slot's model, beside loading and testing it, and what it hears back.
 * Counters and answers cross over; of recordings nothing comes back.
 */
export type Order =
  /** The tracks' numbers lie behind it. Once through them, or `again` and again. */
  | { do: 'watch'; tracks: TrackHead[]; again: boolean; windowsPerSecond: number }
  | { do: 'infer'; id: string; columns: readonly string[]; rows: readonly (readonly number[])[] };

export type Answer =
  | ({ answer: 'counters' } & Counters)
  /** All stretches were answered for once. */
  | { answer: 'passed' }
  /** The model could not be run on a window, for no fault of its own; and that it can be again. */
  | { answer: 'lost'; code: string; message: string }
  | { answer: 'found' }
  | { answer: 'inferred'; id: string; said: number; scores: number[] }
  | { answer: 'notInferred'; id: string; code: string; message: string };

/** What the model did since the last message. */
export interface Counters {
  /** answered for */
  windows: number;
  /** of those, how many something true is known of: its person or a sensor said it */
  judged: number;
  /** of those, how many it was corrected in */
  corrections: number;
  /** judged ones that share no sample with the one counted before: what a gate may count as a sample */
  apart: number;
  apartCorrections: number;
  /** windows that the model itself failed on */
  errors: number;
  /** the last of these failures */
  failure: { code: Blame; message: string } | null;
}

export const noCounters = (): Counters => ({
  windows: 0,
  judged: 0,
  corrections: 0,
  apart: 0,
  apartCorrections: 0,
  errors: 0,
  failure: null,
});

/** Adds to counters in place. */
export function addTo(sum: Counters, more: Counters): void {
  for (const name of ['windows', 'judged', 'corrections', 'apart', 'apartCorrections', 'errors'] as const)
    sum[name] += more[name];
  sum.failure = more.failure ?? sum.failure;
}

/** What the pod found to read: stretches in all, and how many something true is known of. */
export interface Reading {
  recordings: number;
  windows: number;
  judged: number;
}
