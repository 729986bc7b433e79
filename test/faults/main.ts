import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cache, root, setUp } from '@livepod/stack';
import { Lab } from './lab.js';
import { fresh, Matrix, resumed, type Only } from './matrix.js';
import { FAULTS, type Fault } from './orders.js';
import { counted, page } from './report.js';
import { scenarios } from './scenarios/index.js';

const HELP = `Usage: npm run faults [-- OPTIONS]

Runs every activity of every workflow under every fault on a stack of its own and compares what became of the world
with the undisturbed run. Without
--only, docs/faults.md is written anew. The exit status is 1 when any cell is different.

  --only W[.ACTIVITY][:FAULT]  one workflow, one of its activities, one fault
  --seed N       chooses moments and occurrences (default 1); a run with the same seed chooses the same
  --json FILE    also write [{workflow, activity, fault, outcome, why, seed}]
  --resume       go on after the last phase that was done; what was different in those is tried again
  --state DIR    keep the stack's state and logs there
  --list         the ways of the workflows that are tried, and the faults
  --help         this

Faults: ${FAULTS.join(', ')}.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      resume: { type: 'boolean', default: false },
      state: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  if (values.list) return console.log([...scenarios.map(({ name }) => name), '', ...FAULTS].join('\n'));
  const only = onlyOf(values.only);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed takes a whole number, not "${values.seed}".`);

  const began = Date.now();
  const tell = (line: string): void =>
    console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  await setUp();
  mkdirSync(cache('faults'), { recursive: true });
  const file = values.only === undefined ? cache('faults', 'progress.json') : undefined;
  const progress = values.resume && file && existsSync(file) ? resumed(file) : fresh(seed);
  console.log(`seed ${progress.seed} (npm run faults -- --seed ${progress.seed} repeats it)`);
  const lab = await Lab.open({ state: values.state, tell });
  const stop = (): void => {
    tell('stopping; --resume goes on after the last phase that was done');
    // calls in flight, whose connections close
    for (const late of ['uncaughtException', 'unhandledRejection']) process.on(late, () => {});
    void lab.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const matrix = new Matrix(lab, scenarios, only, progress, file);
  try {
    await matrix.run();
  } finally {
    await lab.close();
  }

  const cells = matrix.cells();
  const minutes = progress.minutes ?? 0;
  for (const { workflow, activity, fault, outcome, why } of cells)
    console.log(`${outcome.padEnd(13)} ${workflow}.${activity}:${fault}${outcome === 'same' ? '' : `  ${why}`}`);
  const count = counted(cells);
  console.log(
    `\n${cells.length} cells: ${count.same} same, ${count.different} different, ${count.notApplicable} not ` +
      `applicable; seed ${progress.seed}, ${minutes.toFixed(0)} minutes`,
  );
  if (values.json) writeFileSync(values.json, `${JSON.stringify(cells, null, 1)}\n`);
  if (values.only === undefined)
    writeFileSync(
      join(root, 'docs', 'faults.md'),
      page(cells, { seed: progress.seed, minutes, command: `npm run faults -- --seed ${progress.seed}` }),
    );
  if (count.different > 0) process.exitCode = 1;
}

function onlyOf(text: string | undefined): Only {
  if (text === undefined) return {};
  const [what, fault] = text.split(':') as [string, string | undefined];
  const [workflow, ...activity] = what.split('.');
  if (fault !== undefined && !FAULTS.includes(fault as Fault))
    throw new Error(`There is no fault "${fault}"; there are ${FAULTS.join(', ')}.`);
  return {
    workflow,
    activity: activity.length > 0 ? activity.join('.') : undefined,
    fault: fault as Fault | undefined,
  };
}

main().then(
  () => process.exit(process.exitCode ?? 0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.stack : String(error));
    process.exit(1);
  },
);
