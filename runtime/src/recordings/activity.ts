import { Findings } from './finding.js';
import {
  channelsFor,
  personOf,
  type Modality,
  type Reading,
  type Recording,
  type Track,
  type Wanted,
} from './recording.js';

/** A value that is missing for longer than this ends a stretch of records. */
const LONGEST_GAP_SECONDS = 10;
/** Height is measured in steps of 0.2 m or more; over this long a change of it says something. */
const CLIMB_SECONDS = 10;

const isFit = (name: string): boolean => name.toLowerCase().endsWith('.fit');

/**
 * FIT files of sports watches and bike computers, one row per second. Channels are the fields of FIT's record message
 * (`speed` m/s, `cadence` rpm, `power` W, `heart_rate` bpm, `altitude` m, …), and `climb`, metres of height per second.
 */
export const activity: Modality = {
  holds: isFit,
  files: (names) => names.filter(isFit).sort(),
  inspect: inspectActivity,
};

type Values = Record<string, unknown>;

async function inspectActivity(recording: Recording, wanted: Wanted): Promise<Reading> {
  const findings = new Findings();
  const records = await recordsOf(recording, findings);
  const seconds = secondsOf(records);
  if (wanted.channels?.includes('climb') ?? true) addClimb(seconds);
  const has = (channel: string): boolean =>
    [...seconds.values()].some((record) => isMeasured(channel, record[channel]));
  const channels = channelsFor(wanted, has) ?? ['speed', 'cadence', 'climb', 'heart_rate'];
  const stretches = stretchesOf(seconds, channels);
  if (stretches.length === 0 && !findings.refused) refuseStretches(seconds, channels, has, findings);
  if (wanted.labels.length > 0 && wanted.source !== 'device')
    findings.refuse('noLabels', {
      found: 'a FIT file, which has no labels',
      expected: `one of ${wanted.labels.join(', ')}`,
      remedy: 'Declare no labels in the schema: FIT files teach a target that they measure, such as heart_rate.',
    });
  if (wanted.rateMilliHz !== undefined && wanted.rateMilliHz !== 1000)
    findings.refuse('rateDiffers', {
      found: '1 Hz, as every FIT file is read',
      expected: `${wanted.rateMilliHz / 1000} Hz, as the schema says`,
      remedy: 'Declare "rateMilliHz": 1000.',
    });
  const tracks = findings.refused ? [] : stretches.map((rows) => trackOf(recording, channels, rows));
  const length = stretches.reduce((sum, rows) => sum + rows.length, 0);
  return {
    rows: seconds.size,
    seconds: length,
    rateHz: length > 0 ? 1 : null,
    labels: {},
    tracks,
    findings: findings.list(),
  };
}

const trackOf = (recording: Recording, channels: readonly string[], rows: number[][]): Track => ({
  name: recording.name,
  person: personOf(recording),
  length: rows.length,
  columns: channels,
  channels: channels.length,
  samples: Float32Array.from(rows.flat()),
  labels: new Int16Array(rows.length).fill(-1),
});

/** Says which of the channels a file lacks, or that they are never there together. */
function refuseStretches(
  seconds: Map<number, Values>,
  channels: readonly string[],
  has: (channel: string) => boolean,
  findings: Findings,
): void {
  if (seconds.size === 0)
    return findings.refuse('noRows', {
      found: 'no records of an activity',
      expected: 'a record per second, or nearly so',
      remedy: 'Leave this file out: settings, workouts and weights are FIT files, too.',
    });
  const missing = channels.filter((channel) => !has(channel));
  for (const field of missing)
    findings.refuse('missingColumn', {
      field,
      found: `${seconds.size} records, none of them with ${field}`,
      expected: `records with ${field}`,
      remedy: 'Leave this file out: it was recorded without that sensor.',
    });
  if (missing.length === 0)
    findings.refuse('noStretch', {
      found: `no moment at which all of ${channels.join(', ')} are known`,
      expected: `all of them, each at most ${LONGEST_GAP_SECONDS} s old`,
      remedy: 'Leave this file out.',
    });
}

async function recordsOf({ bytes }: Recording, findings: Findings): Promise<Values[]> {
  const { default: FitParser } = await import('fit-file-parser');
  const file = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  try {
    const parser = new FitParser({ force: true, mode: 'list', speedUnit: 'm/s', lengthUnit: 'm' });
    const { records } = await parser.parseAsync(Uint8Array.from(file).buffer);
    return (records ?? []) as unknown as Values[];
  } catch {
    findings.refuse(file.length === 0 ? 'emptyFile' : 'notFit', {
      found: file.length === 0 ? 'nothing' : 'something else, or a file that was cut off',
      expected: 'a whole FIT file',
      remedy: 'Copy it from the device again, or leave it out.',
    });
    return [];
  }
}

/** Records by their second since 1970. A device may write two in one second: the later one counts. */
function secondsOf(records: Values[]): Map<number, Values> {
  const seconds = new Map<number, Values>();
  for (const record of records) {
    const at = Date.parse(String(record['timestamp']));
    if (Number.isFinite(at)) seconds.set(Math.round(at / 1000), record);
  }
  return new Map([...seconds].sort(([a], [b]) => a - b));
}

function addClimb(seconds: Map<number, Values>): void {
  for (const [at, record] of seconds) {
    const before = seconds.get(at - CLIMB_SECONDS)?.['altitude'];
    const now = record['altitude'];
    if (typeof before === 'number' && typeof now === 'number') record['climb'] = (now - before) / CLIMB_SECONDS;
  }
}

/** A strap that lost contact says 0. */
const isMeasured = (channel: string, value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && !(channel === 'heart_rate' && value === 0);

/** Rows of values, one per second; a value that is missing for a moment stays what it was. */
function stretchesOf(seconds: Map<number, Values>, channels: readonly string[]): number[][][] {
  const stretches: number[][][] = [];
  let stretch: number[][] = [];
  let known: { value: number; at: number }[] = [];
  const end = (): void => {
    if (stretch.length > 0) stretches.push(stretch);
    stretch = [];
    known = [];
  };
  let last: number | undefined;
  for (const [at, record] of seconds) {
    if (last !== undefined && at - last > LONGEST_GAP_SECONDS) end();
    channels.forEach((channel, column) => {
      const value = record[channel];
      if (isMeasured(channel, value)) known[column] = { value, at };
    });
    const fresh = channels.every((_, column) => {
      const value = known[column];
      return value !== undefined && at - value.at <= LONGEST_GAP_SECONDS;
    });
    if (!fresh) {
      if (stretch.length > 0) end();
      last = at;
      continue;
    }
    const row = channels.map((_, column) => known[column]!.value);
    const missed = stretch.length === 0 ? 1 : at - last!;
    for (let second = 0; second < missed; second++) stretch.push(row);
    last = at;
  }
  end();
  return stretches;
}
