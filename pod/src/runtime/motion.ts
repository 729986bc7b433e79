import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { lengthOf, show, startsOf, type View } from '@livepod/recipes/view';

/** One window of motion as the model sees it, and what its person says it was. */
export interface LabelledWindow {
  samples: Float32Array;
  label: string;
}

/**
 * The pod's sensor and its person, played by recordings: windows half overlapping, each with the context that the model
 * wants to see, over and over. The label of most of a window's samples stands for what the person would say. A real
 * sensor's window is shown when `view.after` more samples have come. Read in the runtime's own process; it never leaves
 * it.
 *
 * @param directory  holds a folder per person, with CSV files of `channels` columns, a timestamp and a label
 */
export function* motionOf(directory: string, person: string, view: View, channels: number): Generator<LabelledWindow> {
  const files = readdirSync(join(directory, person))
    .filter((name) => name.endsWith('_sw.csv'))
    .sort();
  const windows = files.flatMap((name) =>
    windowsOf(readFileSync(join(directory, person, name), 'utf8'), view, channels),
  );
  if (windows.length === 0)
    throw new Error(`No motion of ${person}: its folder has no recording (*_sw.csv) of ${view.size} samples or more.`);
  for (;;) yield* windows;
}

function windowsOf(csv: string, view: View, channels: number): LabelledWindow[] {
  const rows = csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const samples = Float32Array.from(rows.flatMap((cells) => cells.slice(0, channels).map(Number)));
  return Array.from(startsOf(rows.length, view), (start) => {
    const window = { samples: new Float32Array(lengthOf(view) * channels), label: labelOf(rows, start, view.size) };
    show(samples, channels, start, view, window.samples);
    return window;
  });
}

function labelOf(rows: string[][], start: number, size: number): string {
  const votes = new Map<string, number>();
  for (const cells of rows.slice(start, start + size)) {
    const label = (cells.at(-1) as string).trim();
    votes.set(label, (votes.get(label) ?? 0) + 1);
  }
  const [label] = [...votes].reduce((most, next) => (next[1] > most[1] ? next : most));
  return label;
}
