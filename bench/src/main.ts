import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BenchError, met, type BenchRow } from './benchmark.js';
import { load, NAMES } from './registry.js';
import { asText, writeIntoPage } from './table.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HELP = `Usage: npm run bench -- [NAME …] [options]

Measures what Live Pod costs against what one would otherwise use, both in the same run. Without a name: all of them.

  --list           the benchmarks and what each compares
  --json FILE      also write the rows: [{name, value, unit, peer, peerValue, ratio, target, bound, met}]
  --markdown       also put the tables into docs/numbers.md, each between its markers
  --state DIR      state of a running or stopped stack, for "orchestration" (default .state)
  --data DIR       recordings, for "quality" and "training" (default LIVEPOD_DATA, else what set-up fetched)
  --help           this

A missed target is shown as MISSED and is no error; the exit status is 1 only when a benchmark could not run.`;

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(HELP);
  for (const name of positionals) {
    if (!NAMES.includes(name))
      throw new BenchError(
        'unknownBenchmark',
        { name },
        `There is no benchmark "${name}"; there are ${NAMES.join(', ')}.`,
      );
  }
  if (values.list) {
    for (const name of NAMES) console.log(`${name.padEnd(14)} ${(await load(name)).what}`);
    return;
  }

  const all: BenchRow[] = [];
  for (const name of positionals.length > 0 ? positionals : NAMES) {
    const benchmark = await load(name);
    console.log(`\n${name}: ${benchmark.what}`);
    const notes: string[] = [];
    try {
      const rows = await benchmark.run({
        note: (line) => void notes.push(line),
        progress: (line) => console.error(`  ${line}`),
        state: values.state ?? join(ROOT, '.state'),
        data: values.data ?? process.env['LIVEPOD_DATA'],
      });
      all.push(...rows);
      if (rows.length > 0) console.log(`\n${asText(rows)}`);
      for (const note of notes) console.log(`  ${note}`);
      if (values.markdown && rows.length > 0) writeIntoPage(join(ROOT, 'docs/numbers.md'), name, rows, notes);
    } catch (error) {
      process.exitCode = 1;
      console.error(
        `  ${name} could not run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify(
        all.map((row) => ({ ...row, bound: row.target === null ? null : (row.bound ?? 'least'), met: met(row) })),
        null,
        2,
      )}\n`,
    );
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        markdown: { type: 'boolean' },
        state: { type: 'string' },
        data: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new BenchError('invalidArguments', {}, `${(cause as Error).message} See npm run bench -- --help.`, { cause });
  }
}

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

main().then(
  () => process.exit(), // a backend may keep threads that would hold the process
  (error: unknown) => {
    console.error(error instanceof BenchError ? error.message : error);
    process.exit(1);
  },
);
