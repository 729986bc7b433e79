import { errorsOf } from '@livepod/protocol';

/** One figure beside what it is compared with, both measured in one run. */
export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  /** What a user would otherwise use; null where a figure only informs. */
  peer: string | null;
  peerValue: number | null;
  /** value / peerValue. */
  ratio: number | null;
  /**
   * Held against `ratio`, or against `value` where there is no peer or `held` says so; null where a figure only
   * informs.
   */
  target: number | null;
  /** On which side of the target is good. Default `least`. */
  bound?: 'least' | 'most';
  /** `value` holds the target against `value` although there is a peer. */
  held?: 'value';
}

export interface BenchOptions {
  /** A line for the reader, printed below the table: what was skipped and why, what limits a figure. */
  note(line: string): void;
  /** A line about progress, on standard error. */
  progress(line: string): void;
  /** The state folder of a running stack (`npm start`), for what reads a finished run. */
  state: string;
  /** Folder of recordings, where one is named; else LIVEPOD_DATA, else what set-up fetched. */
  data?: string | undefined;
}

/** A folder `bench/src/<name>` whose index.ts exports these three. */
export interface Benchmark {
  name: string;
  /** One line: what is measured against what. */
  what: string;
  run(options: BenchOptions): Promise<BenchRow[]>;
}

/** true or false where the row has a target. */
export function met(row: BenchRow): boolean | null {
  if (row.target === null) return null;
  const measured = row.held === 'value' ? row.value : (row.ratio ?? row.value);
  return row.bound === 'most' ? measured <= row.target : measured >= row.target;
}

export class BenchError extends errorsOf({
  unknownBenchmark: 'person',
  invalidArguments: 'person',
  noMarkers: 'artifact',
  wrongResult: 'artifact',
  partMissing: 'host',
}) {}
