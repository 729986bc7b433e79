/**
 * `npm run mutants -- ROOM…`: changes the sources of a room bit by bit, and looks whether its tests notice each change
 * (Stryker: a mutant meets the tests that pass over it, no others). Ends with status 1 when fewer are caught than the
 * room wants, or when one survives that `harmless.json` does not name. Writes the rooms' rows in `docs/security.md`.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeRows } from './page.js';
import { mutantsIn, type Mutant } from './report.js';
import { ROOMS, type Room } from './rooms.js';

const HELP = `Usage: npm run mutants -- [OPTIONS] ROOM…

Rooms: ${Object.keys(ROOMS).join(', ')}.

  --fresh        forget what was found before
  --jobs N       mutants at a time (default 2)
  --json FILE    also write [{room, mutants, caught, harmless, survived: [{file, line, from, to}]}]
  --help         this`;

const root = join(import.meta.dirname, '../..');
const HARMLESS = join(import.meta.dirname, 'harmless.json');
/** What checks is changed: conditions, comparisons, calls, blocks. Words and tables of data are held by vectors. */
const DATA = ['StringLiteral', 'ObjectLiteral', 'ArrayDeclaration'];
/** How many of very many cases a test tries here: a mutant is noticed by few of them. */
const ROUNDS = '400';
const SOURCES = ['!**/*.test.ts', '!**/*.fixture.ts', '!**/generated/**'];

/** A change that no test can notice, and why. */
interface Harmless {
  file: string;
  from: string;
  to: string;
  why: string;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fresh: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '2' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(ROOMS, name));
  if (values.help || positionals.length === 0 || unknown.length > 0) {
    console.log(unknown.length > 0 ? `There is no room ${unknown.join(', ')}.\n\n${HELP}` : HELP);
    return values.help ? 0 : 2;
  }
  const harmless = JSON.parse(readFileSync(HARMLESS, 'utf8')) as Harmless[];
  const found = [];
  for (const name of positionals) {
    const mutants = await tried(name, ROOMS[name]!, values);
    found.push(judged(name, mutants, harmless));
  }
  console.log(['room', 'mutants', 'caught', 'harmless', 'survived', 'per cent'].join('\t'));
  for (const { room, mutants, caught, harmless: named, survived, perCent } of found)
    console.log([room, mutants, caught, named, survived.length, perCent.toFixed(1)].join('\t'));
  for (const { room, survived } of found)
    for (const { file, line, from, to } of survived) console.log(`${room}: ${file}:${line}\n  ${from}\n  ${to}`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(found, null, 1)}\n`);
  writeRows(found);
  return found.every(({ room, survived, perCent }) => survived.length === 0 && perCent >= ROOMS[room]!.wanted) ? 0 : 1;
}

/** Of those that a test could notice, how many were noticed. */
function judged(room: string, mutants: readonly Mutant[], harmless: readonly Harmless[]) {
  const isHarmless = ({ file, from, to }: Mutant): boolean =>
    harmless.some((one) => one.file === file && one.from === from && one.to === to);
  const alive = mutants.filter(({ caught }) => !caught);
  const survived = alive.filter((one) => !isHarmless(one));
  const caught = mutants.length - alive.length;
  const named = alive.length - survived.length;
  const perCent = (100 * caught) / Math.max(1, mutants.length - named);
  return { room, mutants: mutants.length, caught, harmless: named, survived, perCent };
}

/** Every mutant of a room. What was found of the same sources and tests is not tried again. */
async function tried(name: string, room: Room, { fresh, jobs }: { fresh: boolean; jobs: string }): Promise<Mutant[]> {
  const folder = join(root, '.cache/mutants', name);
  if (fresh) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const report = join(folder, `${stateOf(room)}.json`);
  if (!existsSync(report)) {
    forgetAtLoad(join(folder, 'incremental.json'));
    const config = join(folder, 'stryker.json');
    writeFileSync(config, JSON.stringify(configOf(name, room, { jobs, report: `${report}.new` }), null, 1));
    await stryker(config);
    writeFileSync(report, readFileSync(`${report}.new`));
    rmSync(`${report}.new`);
  }
  return mutantsIn(JSON.parse(readFileSync(report, 'utf8')) as Parameters<typeof mutantsIn>[0]);
}

/**
 * What changes at load and survived is tried again: which tests pass over it nobody knows, and so not that there are
 * new ones.
 */
function forgetAtLoad(file: string): void {
  if (!existsSync(file)) return;
  const before = JSON.parse(readFileSync(file, 'utf8')) as {
    files: Record<string, { mutants: { static?: boolean; status: string }[] }>;
  };
  for (const each of Object.values(before.files))
    each.mutants = each.mutants.filter((mutant) => !(mutant.static && mutant.status === 'Survived'));
  writeFileSync(file, JSON.stringify(before));
}

function configOf(name: string, room: Room, { jobs, report }: { jobs: string; report: string }): object {
  return {
    mutate: [...room.mutate, ...SOURCES],
    mutator: { excludedMutations: DATA },
    ...runnerOf(room),
    coverageAnalysis: 'perTest',
    incremental: true,
    incrementalFile: join(dirname(report), 'incremental.json'),
    plugins: [...['sentences.mjs', 'oneProcess.mjs'].map(here), '@stryker-mutator/jest-runner'],
    ignorers: ['sentences'],
    buildCommand: `ln -s ${join(root, '.cache')} .cache`, // what set-up has built, which the tests run
    tempDirName: `.cache/stryker/${name}`,
    cleanTempDir: 'always',
    ignorePatterns: [
      '/.cache',
      '/.state',
      '**/target/**',
      '**/dist/**',
      '/docs/*',
      '!/docs/sample-evidence.json',
      '/bench',
      '/workflows/test/histories',
    ],
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    concurrency: Number(jobs),
    dryRunTimeoutMinutes: 30,
    timeoutMS: room.inOneProcess ? 20_000 : 90_000, // a machine that does much else may take five times as long
    tsconfigFile: 'no-tsconfig.json', // the tests are compiled without types
    disableTypeChecks: false,
    allowConsoleColors: false,
  };
}

function runnerOf({ tests, inOneProcess }: Room): object {
  if (inOneProcess) return { testRunner: 'one-process', testRunnerNodeArgs: ['--import', 'tsx'], oneProcess: tests };
  return {
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules'],
    jest: { configFile: 'jest.config.js', enableFindRelatedTests: false, config: jestConfig(tests) },
  };
}

const here = (name: string): string => join(import.meta.dirname, name);

/** Stryker's copy of the tree is the root; a path from there is the only one that it finds our environment by. */
function jestConfig(tests: readonly string[]): object {
  return {
    testEnvironment: './test/jest/environment.cjs',
    testMatch: tests.map((path) => `**/${path}${path.endsWith('/') ? '**/*.test.ts' : ''}`),
  };
}

/** What the outcome follows from: everything in the folders of the sources and of the tests, and this. */
function stateOf({ mutate, tests }: Room): string {
  const folders = [...mutate, ...tests].map((path) => dirname(path.replace(/[*{].*/, 'x').replace(/\/$/, '/x')));
  const files = [...folders, 'test/mutants'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .map((name) => join(folder, name)),
  );
  const hash = createHash('sha256');
  for (const file of [...new Set(files)].toSorted()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}

function stryker(config: string): Promise<void> {
  const bin = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const env = {
    ...process.env,
    LIVEPOD_ROUNDS: ROUNDS,
    // What the tests write is synced each time: in memory that takes nothing.
    ...(existsSync('/dev/shm') ? { TMPDIR: '/dev/shm' } : {}),
  };
  const child = spawn(process.execPath, [bin, 'run', config], { cwd: root, env, stdio: ['ignore', 2, 2] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) =>
      status === 0 ? resolve() : reject(new Error(`Stryker ended with status ${status}; its output is above.`)),
    );
  });
}

process.exitCode = await main();
