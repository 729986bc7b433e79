import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cache, root } from '../paths.js';
import { setUp } from '../setup.js';
import { changedSince, impactOf, treeAt, type Impact } from './impact.js';
import type { Count, Output } from './command.js';
import { ROWS, suites, type SuiteName } from './suites.js';
import { slowest, timesIn } from './times.js';

const HELP = `Usage: npm test [-- [SUITE…] [--since REF]]

Sets up what is missing, runs the suites (${ROWS.flat().join(', ')}; all where none is named), and ends with one line,
"N passed, N failed". The status is 1 when anything failed.

  --since REF   only tests that can come out differently since this branch left REF (a branch, tag or commit),
                by what imports, starts or reads the changed files; lint and types always run
  --help        this
`;

interface Ended {
  name: SuiteName;
  count: Count;
  seconds: number;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { since: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = positionals.filter((name) => !(name in suites));
  if (unknown.length > 0) {
    console.error(`There is no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}.`);
    return 2;
  }
  const asked = (name: SuiteName): boolean => positionals.length === 0 || positionals.includes(name);
  const impact = values.since === undefined ? undefined : since(values.since);
  mkdirSync(cache(), { recursive: true });
  const testsRun = impact === undefined || impact.everything || impact.tests.length > 0;
  if (testsRun && (asked('quick') || asked('slow'))) await setUp({ forTests: true });

  forgetResults();
  const ended: Ended[] = [];
  for (const row of ROWS) ended.push(...(await together(row.filter(asked), impact)));
  const times = timesIn();
  if (times.size > 10) console.log(`\nThe slowest of ${times.size} files:\n${slowest(times, 12).join('\n')}`);
  writeFileSync(cache('test-times.json'), `${JSON.stringify(Object.fromEntries(times), null, 1)}\n`);
  console.log(`\n${ended.map(line).join('\n')}`);
  const passed = ended.reduce((sum, { count }) => sum + count.passed, 0);
  const failed = ended.reduce((sum, { count }) => sum + count.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function since(ref: string): Impact {
  const changed = changedSince(root, ref);
  const impact = impactOf(changed, treeAt(root));
  const reach = impact.everything ? 'every test' : `${impact.tests.length} test files`;
  console.log(`${changed.length} files differ from ${ref}; ${reach} can come out differently.`);
  return impact;
}

function forgetResults(): void {
  for (const name of ['quick', 'slow', 'alone']) rmSync(cache(`jest-${name}.json`), { force: true });
}

/** Runs suites beside each other; what one of several prints is shown when it has ended. */
async function together(names: readonly SuiteName[], impact: Impact | undefined): Promise<Ended[]> {
  return Promise.all(
    names.map(async (name) => {
      const began = Date.now();
      const live = names.length === 1;
      let kept = '';
      const output: Output = { live, write: (text) => void (live ? process.stdout.write(text) : (kept += text)) };
      if (live) console.log(`\n── ${name}`);
      const count = await suites[name](output, impact);
      if (!live) console.log(`\n── ${name}\n${kept}`);
      return { name, count, seconds: (Date.now() - began) / 1000 };
    }),
  );
}

const line = ({ name, count: { passed, failed, skipped }, seconds }: Ended): string =>
  `${name.padEnd(6)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ` +
  `${String(skipped).padStart(4)} skipped ${String(Math.round(seconds)).padStart(5)} s`;

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(`\n${error.message}`);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);
