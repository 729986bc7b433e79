import { createHash } from 'node:crypto';
import {
  chunkCount,
  FILE_NAME,
  MAX_DATASET_CHUNKS,
  MAX_FILE_NAME,
  MAX_MANIFEST_BYTES,
  PLAIN_CHUNK_BYTES,
  type DatasetManifest,
  type DatasetSchema,
} from '@livepod/protocol';
import { Findings, MODALITIES, modalityOf, placeOf, type Finding, type FindingCode } from '@livepod/runtime/recordings';
import type { FolderFile } from './folder.js';

/** What can be wrong with a file beside what is in it. */
export type FileFindingCode =
  FindingCode | 'fileName' | 'noRecordings' | 'notARecording' | 'sameContent' | 'sameName' | 'tooLarge' | 'tooMany';
export type FileFinding = Finding<FileFindingCode>;

/** What was understood of one file. */
export interface InspectedFile {
  name: string;
  /** Whether it would become part of the dataset. */
  taken: boolean;
  rows: number;
  seconds: number;
  /** By its own times; null where it has none. */
  rateHz: number | null;
  /** Samples by label. */
  labels: Record<string, number>;
  findings: FileFinding[];
}

export interface Inspection {
  /** Whether everything would be taken as it stands. */
  ok: boolean;
  modality: string;
  files: InspectedFile[];
  /** What is wrong with them together. */
  findings: FileFinding[];
  statistics: DatasetManifest['statistics'];
  /** Of plaintext, and the chunks that it is stored in. */
  bytes: number;
  chunks: number;
}

/**
 * Reads recordings as a recipe will, compares them with what the schema declares, and says all that is wrong at once.
 * Needs no network.
 *
 * @param modality  default: the one that most of the files can hold
 */
export async function inspectRecordings(
  recordings: readonly FolderFile[],
  schema: DatasetSchema,
  modality = likeliestModality(recordings),
): Promise<Inspection> {
  const seen = new Seen();
  const read: { file: InspectedFile; samples: number }[] = [];
  for (const recording of recordings) read.push(await inspectFile(recording, schema, modality, seen));
  const files = read.map(({ file }) => file);
  const taken = read.filter(({ file }) => file.taken);
  const chosen = recordings.filter((_, index) => files[index]!.taken);
  const chunks = chosen.reduce((sum, { bytes }) => sum + chunkCount(bytes.length), 0);
  const findings = findingsOf(recordings, chunks);
  return {
    ok: findings.length === 0 && taken.length === files.length,
    modality,
    files,
    findings,
    statistics: statisticsOf(taken, schema),
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes.length, 0),
    chunks,
  };
}

/** What a file's entry and a chunk's take in the manifest, at most, beside the file's name; and all else in it. */
const ENTRY_BYTES = 160;
const CHUNK_ENTRY_BYTES = 100;
const REST_BYTES = 20_000;

function findingsOf(recordings: readonly FolderFile[], chunks: number): FileFinding[] {
  const findings = new Findings<FileFindingCode>();
  if (recordings.length === 0)
    findings.refuse('noRecordings', {
      found: 'no file',
      expected: 'at least one recording',
      remedy: 'Name the folder that holds the recordings.',
    });
  const listed = recordings.reduce((sum, { name }) => sum + name.length + ENTRY_BYTES, REST_BYTES);
  if (chunks > MAX_DATASET_CHUNKS || listed + chunks * CHUNK_ENTRY_BYTES > MAX_MANIFEST_BYTES)
    findings.refuse('tooMany', {
      found: `${recordings.length} files in ${chunks} chunks of ${PLAIN_CHUNK_BYTES} bytes`,
      expected: `at most ${MAX_DATASET_CHUNKS} chunks, and a list of them of ${MAX_MANIFEST_BYTES} bytes`,
      remedy: 'Contribute the recordings as several datasets.',
    });
  return findings.list();
}

function likeliestModality(recordings: readonly FolderFile[]): string {
  const counted = Object.entries(MODALITIES).map(([name, { holds }]) => ({
    name,
    count: recordings.filter((recording) => holds(recording.name)).length,
  }));
  return counted.sort((a, b) => b.count - a.count)[0]!.name;
}

/** Names and contents of the files before. */
class Seen {
  private readonly names = new Map<string, string>();
  private readonly contents = new Map<string, string>();

  add({ name, bytes }: FolderFile, findings: Findings<FileFindingCode>): void {
    const folded = name.toLowerCase();
    const content = createHash('sha256').update(bytes).digest('hex');
    const sameName = this.names.get(folded);
    const sameContent = bytes.length > 0 ? this.contents.get(content) : undefined;
    if (sameName !== undefined)
      findings.refuse('sameName', {
        found: `the name of ${sameName}, but for upper and lower case`,
        expected: 'names that differ everywhere',
        remedy: 'Rename one of them: a computer that ignores case would lose it.',
      });
    if (sameContent !== undefined)
      findings.refuse('sameContent', {
        found: `the same content as ${sameContent}`,
        expected: 'each recording once',
        remedy: 'Leave the copy out.',
      });
    this.names.set(folded, name);
    this.contents.set(content, name);
  }
}

async function inspectFile(
  recording: FolderFile,
  schema: DatasetSchema,
  name: string,
  seen: Seen,
): Promise<{ file: InspectedFile; samples: number }> {
  const findings = new Findings<FileFindingCode>();
  const nothing = { name: recording.name, taken: false, rows: 0, seconds: 0, rateHz: null, labels: {} };
  const modality = modalityOf(name);
  if (recording.unreadable !== undefined)
    findings.refuse('unreadable', {
      found: recording.unreadable,
      expected: 'a file that you may read',
      remedy: 'Correct its permissions, or leave it out.',
    });
  else if (!modality.holds(recording.name))
    findings.refuse('notARecording', {
      found: recording.name,
      expected: `a recording of ${name}`,
      remedy: `Move it out of the folder: a dataset of ${name} cannot hold it.`,
    });
  if (findings.refused) return { file: { ...nothing, findings: findings.list() }, samples: 0 };
  checkFile(recording, findings);
  seen.add(recording, findings);
  const reading = await modality.inspect(recording, wantedBy(schema));
  const all = [...findings.list(), ...reading.findings];
  const file = {
    name: recording.name,
    taken: !all.some(({ refused }) => refused),
    rows: reading.rows,
    seconds: Math.round(reading.seconds * 1000) / 1000,
    rateHz: reading.rateHz === null ? null : Math.round(reading.rateHz * 1000) / 1000,
    labels: reading.labels,
    findings: all,
  };
  return { file, samples: reading.tracks.reduce((sum, { length }) => sum + length, 0) };
}

const wantedBy = ({ channels, labels, rateMilliHz }: DatasetSchema) => ({
  channels: channels.map(({ name }) => name),
  labels,
  rateMilliHz,
});

function checkFile({ name, bytes }: FolderFile, findings: Findings<FileFindingCode>): void {
  if (!FILE_NAME.test(name) || name.length > MAX_FILE_NAME)
    findings.refuse('fileName', {
      found: name.slice(0, MAX_FILE_NAME),
      expected: `at most ${MAX_FILE_NAME} letters of A to Z, digits, dots, dashes and underscores`,
      remedy: 'Rename the file, or the folder that it lies in.',
    });
  if (chunkCount(bytes.length) > MAX_DATASET_CHUNKS)
    findings.refuse('tooLarge', {
      found: `${bytes.length} bytes`,
      expected: `at most ${MAX_DATASET_CHUNKS * PLAIN_CHUNK_BYTES}`,
      remedy: 'Split the recording, and contribute it as several datasets.',
    });
}

/** Public: counts only. */
function statisticsOf(
  taken: readonly { file: InspectedFile; samples: number }[],
  schema: DatasetSchema,
): DatasetManifest['statistics'] {
  const labels: Record<string, number> = Object.fromEntries(schema.labels.map((label) => [label, 0]));
  for (const { file } of taken)
    for (const [label, samples] of Object.entries(file.labels)) labels[label] = (labels[label] ?? 0) + samples;
  const samples = taken.reduce((sum, each) => sum + each.samples, 0);
  return { records: taken.length, milliseconds: Math.round((samples * 1e6) / schema.rateMilliHz), labels };
}

/** A sentence for each thing that is refused: file, place, what was found, what was expected, what to do. */
export function refusalsOf({ files, findings }: Inspection): string[] {
  const ofFiles = files.flatMap((file) => file.findings.map((finding) => ({ about: file.name, finding })));
  const ofAll = findings.map((finding) => ({ about: 'The folder', finding }));
  return [...ofFiles, ...ofAll]
    .filter(({ finding }) => finding.refused)
    .map(({ about, finding }) => sentenceOf(about, finding));
}

/** A finding in words. */
export function sentenceOf(about: string, finding: FileFinding): string {
  const { found, expected, times, remedy } = finding;
  const place = placeOf(finding);
  const more = times === undefined ? '' : ` (${times} times, this one first)`;
  const against = expected === undefined ? '' : `, expected ${expected}`;
  return `${about}${place && `, ${place}`}: found ${found ?? 'something else'}${against}${more}. ${remedy}`;
}
