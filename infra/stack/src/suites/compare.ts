/**
 * `node --import tsx infra/stack/src/suites/compare.ts BEFORE AFTER`: two runs of `npm test` as a table for
 * docs/numbers.md. Each is a clone's top, whose `.cache` has what Jest left there.
 */
import { join, resolve } from 'node:path';
import { compared, timesIn } from './times.js';

const [before, after] = process.argv.slice(2).map((top) => timesIn(join(resolve(top), '.cache'), resolve(top)));
if (before === undefined || after === undefined) {
  console.error('usage: compare.ts BEFORE AFTER, two clones in which npm test has run');
  process.exitCode = 2;
} else {
  console.log(compared(before, after));
}
