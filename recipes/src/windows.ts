import { RecipeError } from './errors.js';
import { personOf, type MotionSchema, type Recording } from './schema.js';
import { lengthOf, plain, show, startsOf, type View } from './view.js';

/** A parsed recording: samples row by row, and the number of a label per sample (-1 where the file gives none). */
export interface Track {
  name: string;
  person: string;
  length: number;
  channels: number;
  samples: Float32Array;
  labels: Int16Array;
}

/** Windows cut from tracks, as a model takes them: `samples` is [count, size, channels], context included. */
export interface Windows {
  count: number;
  size: number;
  channels: number;
  samples: Float32Array;
  /** The label most samples carry; the earlier one in the window where two are equal. */
  label: Int16Array;
  /** 1 where every sample carries the same label. */
  pure: Uint8Array;
  person: string[];
}

/**
 * Reads a CSV with one column per schema channel and a `label` column, in any order; other columns are ignored.
 * @throws RecipeError `badRecording` (missing column, a value that is no finite number, no rows) · `unknownLabel`
 */
export function parseRecording(recording: Recording, schema: MotionSchema): Track {
  const text =
    typeof recording.csv === 'string'
      ? recording.csv
      : new TextDecoder('utf-8', { fatal: false }).decode(recording.csv);
  const lines = text.split(/\r?\n/);
  const header = lines[0]!
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((name) => name.trim());
  const columns = schema.channels.map(({ name }) => requireColumn(recording.name, header, name));
  const labelColumn = requireColumn(recording.name, header, 'label');
  const numbers = new Map(schema.labels.map((label, at) => [label, at]));

  const rows = lines.length - 1 - (lines.at(-1) === '' ? 1 : 0);
  if (rows < 1)
    throw new RecipeError(
      'badRecording',
      { recording: recording.name },
      `Recording ${recording.name} has no rows; leave it out of the dataset.`,
    );
  const samples = new Float32Array(rows * columns.length);
  const labels = new Int16Array(rows);
  for (let row = 0; row < rows; row++) {
    const fields = lines[row + 1]!.split(',');
    for (let c = 0; c < columns.length; c++) {
      const field = fields[columns[c]!];
      const value = field === undefined || field.trim() === '' ? NaN : Number(field);
      if (!Number.isFinite(value)) {
        throw new RecipeError(
          'badRecording',
          { recording: recording.name, row: row + 2, column: schema.channels[c]!.name },
          `Recording ${recording.name}, line ${row + 2}: ${schema.channels[c]!.name} is not a number; repair ` +
            'the file and upload it again.',
        );
      }
      samples[row * columns.length + c] = value;
    }
    const label = fields[labelColumn]?.trim() ?? '';
    const number = label === '' ? -1 : numbers.get(label);
    if (number === undefined) {
      throw new RecipeError(
        'unknownLabel',
        { recording: recording.name, row: row + 2, label },
        `Recording ${recording.name}, line ${row + 2}: label ${label} is not in the schema ` +
          `(${schema.labels.join(', ')}).`,
      );
    }
    labels[row] = number;
  }
  return { name: recording.name, person: personOf(recording), length: rows, channels: columns.length, samples, labels };
}

function requireColumn(recording: string, header: string[], name: string): number {
  const at = header.indexOf(name);
  if (at >= 0) return at;
  throw new RecipeError(
    'badRecording',
    { recording, column: name },
    `Recording ${recording} has no column ${name}; its header says ${header.slice(0, 12).join(', ')}.`,
  );
}

/**
 * Cuts tracks into windows from their first sample on, `step` samples apart; a rest shorter than a window is left out,
 * and so is a window most of whose samples carry no label. Which windows there are, and their labels, depends on the
 * view's `size` alone: models with and without context answer for the same ones.
 */
export function cutWindows(
  tracks: Track[],
  schema: MotionSchema,
  view: View = plain(100),
  step = view.size / 2,
): Windows {
  const cuts: { track: Track; start: number; label: number; pure: boolean }[] = [];
  for (const track of tracks) {
    for (const start of startsOf(track.length, view, step)) {
      const { label, pure } = labelWindow(track.labels, start, view.size, schema.labels.length);
      if (label >= 0) cuts.push({ track, start, label, pure });
    }
  }
  const size = lengthOf(view);
  const channels = schema.channels.length;
  const samples = new Float32Array(cuts.length * size * channels);
  cuts.forEach(({ track, start }, at) =>
    show(track.samples, channels, start, view, samples.subarray(at * size * channels, (at + 1) * size * channels)),
  );
  return {
    count: cuts.length,
    size,
    channels,
    samples,
    label: Int16Array.from(cuts, (cut) => cut.label),
    pure: Uint8Array.from(cuts, (cut) => Number(cut.pure)),
    person: cuts.map((cut) => cut.track.person),
  };
}

/** @returns the majority's label, -1 when most samples carry none */
export function labelWindow(
  of: Int16Array,
  start: number,
  size: number,
  labels: number,
): { label: number; pure: boolean } {
  const counts = new Int32Array(labels + 1);
  let best = of[start]!;
  for (let at = start; at < start + size; at++) counts[of[at]! + 1]!++;
  for (let at = start; at < start + size; at++) {
    if (counts[of[at]! + 1]! > counts[best + 1]!) best = of[at]!;
  }
  return { label: best, pure: best >= 0 && counts[best + 1] === size };
}
