import type { DatasetSchema } from '@livepod/protocol';
import { RuntimeError } from '../errors.js';
import { activity } from './activity.js';
import { readTable, textOf, type Table } from './csv.js';
import { Findings } from './finding.js';
import { tracksOf } from './index.js';
import { numberOf } from './numbers.js';
import type { Recording } from './recording.js';
import { readTimes, TIME_COLUMNS } from './time.js';

/** Units by what a column's name holds, the first that fits. */
const UNITS: readonly [RegExp, string][] = [
  [/gyr|rot|omega|ang.*vel/i, 'rad/s'],
  [/acc|grav/i, 'm/s2'],
  [/mag/i, 'uT'],
  [/heart|^hr$|bpm/i, 'bpm'],
  [/cadence/i, 'rpm'],
  [/power/i, 'W'],
  [/speed/i, 'm/s'],
  [/climb/i, 'm/s'],
  [/alt|height/i, 'm'],
  [/temp/i, 'C'],
];
/** What FIT files of most devices hold together. */
const FIT_CHANNELS = ['heart_rate', 'speed', 'cadence', 'climb', 'power'];
/** More different words than this are no labels. */
const MOST_LABELS = 64;

export interface GuessedSchema {
  schema: DatasetSchema;
  /** What a person has to look at, a sentence each. */
  guesses: string[];
}

/**
 * Proposes what a recording measures. Nothing in it is taken for true: its owner reads it.
 * @throws RuntimeError `badRecording` when nothing can be told
 */
export async function guessSchema(recording: Recording): Promise<GuessedSchema> {
  return activity.holds(recording.name) ? guessActivity(recording) : guessTable(recording);
}

const unitOf = (name: string): string | undefined => UNITS.find(([pattern]) => pattern.test(name))?.[1];

async function guessActivity(recording: Recording): Promise<GuessedSchema> {
  const has = async (channel: string): Promise<boolean> => {
    const { tracks } = await activity.inspect(recording, { channels: [channel], labels: [] });
    return tracks.length > 0;
  };
  const names: string[] = [];
  for (const channel of FIT_CHANNELS) if (await has(channel)) names.push(channel);
  if (names.length === 0) tracksOf(recording, await activity.inspect(recording, { channels: null, labels: [] }));
  const channels = names.map((name) => ({ name, unit: unitOf(name) ?? 'unknown' }));
  return {
    schema: { channels, rateMilliHz: 1000, labels: [], device: 'watch' },
    guesses: [
      `channels: ${names.join(', ')}, which this file has; leave out what your other files do not have.`,
      'device: guessed to be a watch.',
    ],
  };
}

function guessTable(recording: Recording): GuessedSchema {
  const findings = new Findings();
  const text = textOf(recording.bytes);
  const table = text === undefined ? undefined : readTable(text, null, findings);
  if (text === undefined) findings.refuse('notText', { remedy: 'Give a CSV or FIT file.' });
  const nothing = { rows: 0, seconds: 0, rateHz: null, labels: {}, tracks: [] };
  tracksOf(recording, { ...nothing, findings: findings.list() });
  const columns = columnsOf(table!);
  if (columns.channels.length === 0)
    throw new RuntimeError(
      'badRecording',
      { recording: recording.name },
      `${recording.name} has no column of numbers; its header says ${table!.header.slice(0, 12).join(', ')}.`,
    );
  const rate = rateOf(table!, columns.time);
  const channels = columns.channels.map((name) => ({ name, unit: unitOf(name) ?? 'unknown' }));
  const unknown = channels.filter(({ unit }) => unit === 'unknown').map(({ name }) => name);
  return {
    schema: {
      channels,
      rateMilliHz: rate ?? 1000,
      labels: columns.labels,
      device: /_sp\b|phone/i.test(recording.name) ? 'phone' : 'watch',
    },
    guesses: [
      `units: by the columns’ names${unknown.length > 0 ? `; write those of ${unknown.join(', ')}` : ''}.`,
      rate === undefined
        ? 'rateMilliHz: there is no column of times, so write the rate: samples per 1000 seconds.'
        : `rateMilliHz: ${rate / 1000} Hz by its times; write the rate that the device has.`,
      columns.labels.length > 0
        ? `labels: those in this file; add what your other files have besides.`
        : 'labels: there is no column label.',
      'device: guessed by the file’s name.',
    ],
  };
}

function columnsOf({ header, rows, decimal }: Table): { channels: string[]; time: number; labels: string[] } {
  const time = header.findIndex((name) => (TIME_COLUMNS as readonly string[]).includes(name.toLowerCase()));
  const label = header.indexOf('label');
  const words =
    label < 0 ? [] : [...new Set(rows.map((row) => (row[label] ?? '').trim()))].filter((word) => word !== '');
  const channels = header.filter(
    (name, index) =>
      name !== '' &&
      index !== time &&
      index !== label &&
      rows.slice(0, 200).some((row) => numberOf(row[index] ?? '', decimal) !== undefined),
  );
  return { channels, time, labels: words.length > MOST_LABELS ? [] : words };
}

/** In thousandths of a hertz, rounded to what a device is likely to be set to. */
function rateOf({ rows, decimal, lineOf, header }: Table, time: number): number | undefined {
  if (time < 0) return undefined;
  const fields = rows.map((row) => row[time] ?? '');
  const place = (row: number) => ({ line: lineOf(row), column: time + 1, field: header[time]! });
  const rateHz = readTimes(fields, decimal, undefined, place, new Findings())?.rateHz;
  if (!rateHz) return undefined;
  return rateHz >= 10 ? Math.round(rateHz) * 1000 : Math.round(rateHz * 1000);
}
