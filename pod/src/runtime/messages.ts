import type { Blame } from '@livepod/protocol';
import type { Runnable } from '@livepod/runtime';
import type { Trouble } from '../trouble.js';

/** A file of a slot, and the hash that its manifest names for it: what is read is what is checked. */
export interface SlotFile {
  path: string;
  sha256: string;
}

/**
 * What the pod asks of the process that holds a slot's ONNX session, and what it hears back. Counters cross over, and
 * answers to what the pod's owner asked; recordings never do.
 */
export type Order =
  | { do: 'load'; model: SlotFile; runnable: Runnable }
  | { do: 'selfTest'; test: SlotFile }
  | { do: 'watch'; recordings: string; person: string; windowsPerSecond: number }
  | { do: 'infer'; id: string; columns: readonly string[]; rows: readonly (readonly number[])[] };

export type Answer =
  | { answer: 'up' }
  | { answer: 'loaded' }
  | { answer: 'selfTested'; worst: number }
  | { answer: 'refused'; code: string; message: string }
  | ({ answer: 'counters' } & Counters)
  | { answer: 'motion'; reading: Reading | null; trouble: Trouble | null }
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
