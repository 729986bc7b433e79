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
