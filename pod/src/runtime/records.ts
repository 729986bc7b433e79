import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  RuntimeError,
  judgedStretches,
  modalityOf,
  readTracks,
  truthOf,
  type Contract,
  type Judged,
  type Track,
} from '@livepod/runtime';
import { bytesOf } from '@livepod/runtime/process';
import { PodError, codeOf } from '../errors.js';
import { troubleOf, type Trouble } from '../trouble.js';
import type { Reading } from './messages.js';

/** What there is to answer for, and what of it could not be read. */
export interface Records {
  tracks: Track[];
  reading: Reading;
  trouble: Trouble | null;
}

/**
 * The pod's sensor and its person, played by recordings: what the model answers for, and what the person or a sensor
 * would say of it. A recording that cannot be read is told and left out. Read in a thread of its own, and given to the
 * model's process alone.
 *
 * @param directory  holds a folder per person, with files of the contract's modality
 * @throws PodError `noRecordings` · RuntimeError `noWindows`, or what is wrong with the only recordings there are
 */
export async function recordsOf(directory: string, person: string, contract: Contract): Promise<Records> {
  const folder = join(directory, person);
  const { modality, window } = contract.input;
  const all = namesIn(directory, person);
  const names = modalityOf(modality).files(all);
  if (names.length === 0)
    throw new PodError(
      'noRecordings',
      { folder, modality },
      `${folder} holds no recording of ${modality}; it holds ${list(all) || 'nothing'}.`,
    );
  const tracks: Track[] = [];
  const wrong: unknown[] = [];
  for (const name of names) {
    try {
      tracks.push(
        ...(await readTracks([{ name, person, bytes: readFileSync(join(folder, name)) }], contract, 'device')),
      );
    } catch (error) {
      wrong.push(error);
    }
  }
  if (wrong.length === names.length) throw wrong[0];
  const stretches = stretchesOf(tracks, contract);
  if (stretches.length === 0)
    throw new RuntimeError(
      'noWindows',
      { folder },
      `No recording in ${folder} has ${window.judged} samples, which is what the model answers for at a time.`,
    );
  const judged = stretches.filter(({ truth: known }) => !Number.isNaN(known)).length;
  return {
    tracks,
    reading: { recordings: names.length - wrong.length, windows: stretches.length, judged },
    trouble: wrong.length > 0 ? someWrong(wrong, names.length) : null,
  };
}

/** What there is to answer for; `truth` is NaN where nothing true is known of it, and then it is not judged. */
export function stretchesOf(tracks: readonly Track[], { task, input }: Contract): Judged[] {
  const truth = truthOf(task);
  return judgedStretches([...tracks], input.window, (...at) => truth(...at) ?? { truth: NaN, pure: false });
}

/** A track without its numbers, which lie behind it: its samples, then its labels. */
export type TrackHead = Omit<Track, 'samples' | 'labels'>;

/** Tracks as they go to the model's process. */
export function tracksOut(tracks: readonly Track[]): { heads: TrackHead[]; payload: Uint8Array } {
  const heads = tracks.map(({ name, person, length, columns, channels }): TrackHead => ({
    name,
    person,
    length,
    columns,
    channels,
  }));
  const numbers = tracks.flatMap(({ samples, labels }) => [bytesOf(samples), bytesOf(labels)]);
  return { heads, payload: Buffer.concat(numbers) };
}

/** And as they arrive there. */
export function tracksIn(heads: readonly TrackHead[], payload: Uint8Array): Track[] {
  let at = 0;
  const taken = (bytes: number): ArrayBuffer => Uint8Array.from(payload.subarray(at, (at += bytes))).buffer;
  return heads.map((head) => ({
    ...head,
    samples: new Float32Array(taken(head.length * head.channels * 4)),
    labels: new Int16Array(taken(head.length * 2)),
  }));
}

/** What stands in a person's folder. @throws PodError `noRecordings` that says which folders there are */
export function namesIn(directory: string, person: string): string[] {
  const folder = join(directory, person);
  try {
    return readdirSync(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error))) throw error;
  }
  let people: string[];
  try {
    people = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isFile())
      .map(({ name }) => name);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error))) throw error;
    throw new PodError('noRecordings', { directory }, `There is no folder ${directory}.`);
  }
  throw new PodError(
    'noRecordings',
    { directory, person },
    `There is no folder ${folder}; ${directory} holds ${list(people) || 'no folder of a person'}.`,
  );
}

function someWrong(wrong: unknown[], of: number): Trouble {
  const trouble = troubleOf(wrong[0]);
  return { ...trouble, message: `${wrong.length} of ${of} recordings cannot be read. ${trouble.message}` };
}

const list = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
