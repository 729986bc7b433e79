import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One window of motion and what its person says it was. */
export interface LabelledWindow {
  samples: Float32Array;
  label: string;
}

/**
 * The pod's sensor and its person, played by recordings: windows of `length` samples, half overlapping, over and over.
 * The label of most of a window's samples stands for what the person would say. Read in the runtime's own process; it
 * never leaves it.
 *
 * @param directory  holds a folder per person, with CSV files of `channels` columns, a timestamp and a label
 */
export function* motionOf(
  directory: string,
  person: string,
  length: number,
  channels: number,
): Generator<LabelledWindow> {
  const files = readdirSync(join(directory, person))
    .filter((name) => name.endsWith('_sw.csv'))
    .sort();
  const windows = files.flatMap((name) =>
    windowsOf(readFileSync(join(directory, person, name), 'utf8'), length, channels),
  );
  if (windows.length === 0)
    throw new Error(`No motion of ${person}: its folder has no recording (*_sw.csv) of ${length} samples or more.`);
  for (;;) yield* windows;
}

function windowsOf(csv: string, length: number, channels: number): LabelledWindow[] {
  const rows = csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const windows: LabelledWindow[] = [];
  for (let start = 0; start + length <= rows.length; start += length / 2) {
    const samples = new Float32Array(length * channels);
    const votes = new Map<string, number>();
    for (let row = 0; row < length; row += 1) {
      const cells = rows[start + row] as string[];
      for (let channel = 0; channel < channels; channel += 1)
        samples[row * channels + channel] = Number(cells[channel]);
      const label = (cells.at(-1) as string).trim();
      votes.set(label, (votes.get(label) ?? 0) + 1);
    }
    const [label] = [...votes].reduce((most, next) => (next[1] > most[1] ? next : most));
    windows.push({ samples, label });
  }
  return windows;
}
