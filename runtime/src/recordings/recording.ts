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
  /**
   * A label that is none of these: a mistake in a dataset, and an answer that is wrong in any case where a person
   * corrects a model. It gets the number after the last.
   */
  otherLabels?: 'refuse' | 'count';
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

/** One kind of records: which files hold them, and how they are read. */
export interface Modality {
  /** Those of a person's files that are meant. */
  files(names: readonly string[]): string[];
  /** @throws RuntimeError `badRecording` · `unknownLabel` */
  read(recording: Recording, wanted: Wanted): Promise<Track[]>;
}
