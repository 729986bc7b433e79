import { RuntimeError } from '../errors.js';
import { personOf, type Modality, type Recording, type Track, type Wanted } from './recording.js';

/** A value that is missing for longer than this ends a stretch of records. */
const LONGEST_GAP_SECONDS = 10;
/** Height is measured in steps of 0.2 m or more; over this long a change of it says something. */
const CLIMB_SECONDS = 10;

/**
 * FIT files of sports watches and bike computers, one row per second. Channels are the fields of FIT's record message
 * (`speed` m/s, `cadence` rpm, `power` W, `heart_rate` bpm, `altitude` m, …), and `climb`, metres of height per second.
 */
export const activity: Modality = {
  files: (names) => names.filter((name) => name.toLowerCase().endsWith('.fit')).sort(),
  read: readActivity,
};

type Values = Record<string, unknown>;

async function readActivity(recording: Recording, wanted: Wanted): Promise<Track[]> {
  const { name } = recording;
  const channels = wanted.channels ?? ['speed', 'cadence', 'climb', 'heart_rate'];
  const seconds = secondsOf(await recordsOf(recording));
  if (channels.includes('climb')) addClimb(seconds);
  const stretches = stretchesOf(seconds, channels);
  if (stretches.length === 0)
    throw new RuntimeError(
      'badRecording',
      { recording: name, channels },
      `Recording ${name} has no stretch with ${channels.join(', ')}; leave it out of the dataset.`,
    );
  return stretches.map((rows) => ({
    name,
    person: personOf(recording),
    length: rows.length,
    columns: channels,
    channels: channels.length,
    samples: Float32Array.from(rows.flat()),
    labels: new Int16Array(rows.length).fill(-1),
  }));
}

async function recordsOf({ name, bytes }: Recording): Promise<Values[]> {
  const { default: FitParser } = await import('fit-file-parser');
  const file = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  try {
    const parser = new FitParser({ force: true, mode: 'list', speedUnit: 'm/s', lengthUnit: 'm' });
    const { records } = await parser.parseAsync(Uint8Array.from(file).buffer);
    return (records ?? []) as unknown as Values[];
  } catch (cause) {
    throw new RuntimeError(
      'badRecording',
      { recording: name, why: String((cause as Error).message ?? cause) },
      `Recording ${name} is no whole FIT file; copy it from the device again, or leave it out.`,
      { cause },
    );
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
