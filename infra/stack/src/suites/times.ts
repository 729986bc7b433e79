import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cache, root } from '../paths.js';

const RUNS = ['jest-quick.json', 'jest-slow.json', 'jest-alone.json'];

/** Seconds of every test file in the last runs that left their results in a folder (`.cache`). */
export function timesIn(folder: string = cache(), top: string = root): Map<string, number> {
  const times = new Map<string, number>();
  for (const run of RUNS) {
    const file = join(folder, run);
    if (!existsSync(file)) continue;
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as {
      testResults: { name: string; startTime: number; endTime: number }[];
    };
    for (const { name, startTime, endTime } of testResults) {
      times.set(relative(top, name), (endTime - startTime) / 1000);
    }
  }
  return times;
}

/** The slowest files, one line each. */
export function slowest(times: Map<string, number>, howMany: number): string[] {
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, howMany)
    .map(([file, seconds]) => `${seconds.toFixed(1).padStart(7)} s  ${file}`);
}

/** Seconds from which on a file has a row of its own in a table. */
const OWN_ROW = 10;

/** Two runs as a Markdown table: slow files by name, the others summed by package, and all together. */
export function compared(before: Map<string, number>, after: Map<string, number>): string {
  const rows = new Map<string, { before: number; after: number }>();
  const add = (name: string, side: 'before' | 'after', seconds: number): void => {
    const row = rows.get(name) ?? { before: 0, after: 0 };
    row[side] += seconds;
    rows.set(name, row);
  };
  for (const [side, times] of [
    ['before', before],
    ['after', after],
  ] as const) {
    for (const [file, seconds] of times) {
      const slow = Math.max(before.get(file) ?? 0, after.get(file) ?? 0) >= OWN_ROW;
      add(slow ? file : `quick ones of ${packageOf(file)}`, side, seconds);
      add('all, one after the other', side, seconds);
    }
  }
  const lines = [...rows]
    .sort(([, a], [, b]) => Math.max(b.before, b.after) - Math.max(a.before, a.after))
    .map(([name, row]) => `| ${name} | ${shown(row.before)} | ${shown(row.after)} |`);
  return ['| test file | before, s | after, s |', '| --- | ---: | ---: |', ...lines].join('\n');
}

const packageOf = (file: string): string => /^(infra|apps|canisters)\/[\w-]+|^[\w-]+/.exec(file)![0];
const shown = (seconds: number): string => (seconds === 0 ? '–' : seconds.toFixed(1));
