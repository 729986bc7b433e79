import { RuntimeError } from '../errors.js';
import { personOf, type Modality, type Recording, type Track, type Wanted } from './recording.js';

/** CSV files with one row per sample. Where there are those of several devices, the watch's (`_sw`) are meant. */
export const motion: Modality = {
  files(names) {
    const csv = names.filter((name) => name.endsWith('.csv'));
    const watch = csv.filter((name) => name.includes('_sw'));
    return (watch.length > 0 ? watch : csv).sort();
  },
  read: async (recording, wanted) => [parseMotion(recording, wanted)],
};

/**
 * Reads a CSV with one column per channel and a `label` column, in any order; other columns are ignored.
 * @throws RuntimeError `badRecording` (missing column, a value that is no finite number, no rows) · `unknownLabel`
 */
export function parseMotion(recording: Recording, wanted: Wanted): Track {
  const text =
    typeof recording.bytes === 'string'
      ? recording.bytes
      : new TextDecoder('utf-8', { fatal: false }).decode(recording.bytes);
  const lines = text.split(/\r?\n/);
  const header = lines[0]!
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((name) => name.trim());
  const names = wanted.channels ?? header.filter((name) => name !== 'timestamp' && name !== 'label');
  const columns = names.map((name) => requireColumn(recording.name, header, name));
  const labelColumn = requireColumn(recording.name, header, 'label');
  const numbers = new Map(wanted.labels.map((label, at) => [label, at]));

  const rows = lines.length - 1 - (lines.at(-1) === '' ? 1 : 0);
  if (rows < 1)
    throw new RuntimeError(
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
        throw new RuntimeError(
          'badRecording',
          { recording: recording.name, row: row + 2, column: names[c]! },
          `Recording ${recording.name}, line ${row + 2}: ${names[c]!} is not a number; repair ` +
            'the file and upload it again.',
        );
      }
      samples[row * columns.length + c] = value;
    }
    const label = fields[labelColumn]?.trim() ?? '';
    const other = wanted.otherLabels === 'count' ? wanted.labels.length : undefined;
    const number = label === '' ? -1 : (numbers.get(label) ?? other);
    if (number === undefined) {
      throw new RuntimeError(
        'unknownLabel',
        { recording: recording.name, row: row + 2, label },
        `Recording ${recording.name}, line ${row + 2}: label ${label} is not in the schema ` +
          `(${wanted.labels.join(', ')}).`,
      );
    }
    labels[row] = number;
  }
  const channels = columns.length;
  return { name: recording.name, person: personOf(recording), length: rows, columns: names, channels, samples, labels };
}

function requireColumn(recording: string, header: string[], name: string): number {
  const at = header.indexOf(name);
  if (at >= 0) return at;
  throw new RuntimeError(
    'badRecording',
    { recording, column: name },
    `Recording ${recording} has no column ${name}; its header says ${header.slice(0, 12).join(', ')}.`,
  );
}
