import type { Finding } from './finding.js';

/** One file as a contributor uploaded it. The person is the name up to the first `/` or `_` unless given. */
export interface Recording {
  name: string;
  bytes: Uint8Array | string;
  person?: string;
}

export function personOf(recording: Recording): string {
  return recording.person ?? recording.name.split(/[/_]/)[0]!;
}

/** What a reader looks for in a recording. */
export interface Wanted {
  /** Names of channels, in the order of the samples' columns; null for a file's own, as they come. */
  channels: readonly string[] | null;
  labels: readonly string[];
  /** The channel that is to be learned, where it is one: a device need not have that sensor. */
  target?: string;
  /** Samples per 1000 seconds; undefined when any will do. */
  rateMilliHz?: number;
  /**
   * `dataset` (the default): what was declared has to hold, labels and rate included. `device`: as a device has it:
   * labels may be absent, a label that the model does not know is an answer that is wrong in any case (it gets the
   * number after the last), and another rate is brought to the wanted one.
   */
  source?: 'dataset' | 'device';
}

/** A stretch of records without a gap: samples row by row, and the number of a label per sample (-1 for none). */
export interface Track {
  name: string;
  person: string;
  length: number;
  /** Names of the columns of `samples`. */
  columns: readonly string[];
  channels: number;
  samples: Float32Array;
  labels: Int16Array;
}

/** What a file turned out to hold. */
export interface Reading {
  rows: number;
  seconds: number;
  /** Samples a second by the file's own times; null where it has none. */
  rateHz: number | null;
  /** How many samples carry each label. */
  labels: Record<string, number>;
  /** Empty when anything is refused. */
  tracks: Track[];
  findings: Finding[];
}

/** One kind of records: which files hold them, and how they are read. */
export interface Modality {
  /** Whether a file of this name can hold such records. */
  holds(name: string): boolean;
  /** Those of a person's files that are meant. */
  files(names: readonly string[]): string[];
  /** Never throws for what is in the file: that is found. */
  inspect(recording: Recording, wanted: Wanted): Promise<Reading>;
}

/**
 * The channels that a file is read for: all that are wanted, but for a target that a device has no sensor for.
 *
 * @param has  whether the file holds a channel
 */
export function channelsFor(
  { channels, target, source }: Wanted,
  has: (channel: string) => boolean,
): readonly string[] | null {
  if (!channels || target === undefined || source !== 'device' || has(target)) return channels;
  return channels.filter((channel) => channel !== target);
}
