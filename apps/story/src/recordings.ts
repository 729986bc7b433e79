import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetSchema } from '@livepod/protocol';
import type { Recordings } from '@livepod/stack';

/** One file as a contributor uploads it. */
export interface RecordingFile {
  name: string;
  bytes: string;
}

const CHANNELS = [
  ...['x_acc', 'y_acc', 'z_acc'].map((name) => ({ name, unit: 'm/s2' })),
  ...['x_gyro', 'y_gyro', 'z_gyro'].map((name) => ({ name, unit: 'rad/s' })),
];

/** How the recordings are to be read: the schema of every dataset made of them. */
export const schemaOf = ({ rateMilliHz, labels, device }: Recordings): DatasetSchema => ({
  channels: CHANNELS,
  rateMilliHz,
  labels: [...labels],
  device,
});

/** A person's watch recordings. */
export function filesOf({ folder }: Recordings, person: string): RecordingFile[] {
  const names = readdirSync(join(folder, person))
    .filter((name) => name.endsWith('_sw.csv'))
    .sort();
  return names.map((name) => ({ name, bytes: readFileSync(join(folder, person, name), 'utf8') }));
}

/**
 * What a careless or malicious contributor uploads: each label called by another label's name, everything else as it
 * was.
 */
export function withShuffledLabels(files: RecordingFile[], labels: readonly string[]): RecordingFile[] {
  const other = new Map(
    labels.map((label, index) => [
      label,
      labels[(index + 1 + (seedOf(labels) % (labels.length - 1))) % labels.length] as string,
    ]),
  );
  return files.map(({ name, bytes }) => ({
    name,
    bytes: eachRow(bytes, (cells) => [...cells.slice(0, -1), other.get(cells.at(-1)!.trim()) ?? cells.at(-1)!]),
  }));
}

/** What voters see through by the published statistics: accelerations in g that claim to be in m/s². */
export function withWrongUnits(files: RecordingFile[]): RecordingFile[] {
  return files.map(({ name, bytes }) => ({
    name,
    bytes: eachRow(bytes, (cells) => [
      ...cells.slice(0, 3).map((cell) => String(Number(cell) / 9.80665)),
      ...cells.slice(3),
    ]),
  }));
}

/** A folder of the people named, for a process that is to see these and no others. */
export function folderOf(recordings: Recordings, people: readonly string[], path: string): string {
  mkdirSync(path, { recursive: true });
  for (const person of people)
    if (!existsSync(join(path, person))) symlinkSync(join(recordings.folder, person), join(path, person));
  const { rateMilliHz, labels, device, name } = recordings;
  writeFileSync(
    join(path, 'dataset.json'),
    JSON.stringify({ name, rateMilliHz, labels, device, people, channels: CHANNELS }, null, 1),
  );
  return path;
}

function eachRow(csv: string, change: (cells: string[]) => string[]): string {
  const [header, ...rows] = csv.trimEnd().split('\n');
  return `${[header, ...rows.map((row) => change(row.split(',')).join(','))].join('\n')}\n`;
}

const seedOf = (labels: readonly string[]): number => createHash('sha256').update(labels.join()).digest()[0] as number;
