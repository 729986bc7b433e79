import { availableParallelism } from 'node:os';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, root } from '../paths.js';
import { which } from '../run.js';
import { command, type Count, type Output } from './command.js';
import type { Impact } from './impact.js';

export type Suite = (output: Output, impact: Impact | undefined) => Promise<Count>;

/** What `npm test` runs: a row's suites beside each other, since each leaves processors idle; rows in turn. */
export const ROWS = [['lint', 'types', 'rust'], ['quick'], ['slow']] as const;
export type SuiteName = (typeof ROWS)[number][number];

export const suites: Record<SuiteName, Suite> = {
  lint: (output) => whole('npm', ['run', '--silent', 'lint'], output),
  types: (output) => whole('npm', ['run', '--silent', 'typecheck'], output),
  rust: (output, impact) => (impact && !impact.rust ? Promise.resolve(NOTHING) : cargo(output)),
  // one more than there are processors: a test waits for servers and processes about half of its time
  quick: (output, impact) => jest('quick', [`--maxWorkers=${availableParallelism() + 1}`], output, impact),
  slow,
};

const NOTHING: Count = { passed: 0, failed: 0, skipped: 0 };
const sum = (a: Count, b: Count): Count => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** What measures time or memory runs alone; all else at least three at a time, since most of it waits for servers. */
async function slow(output: Output, impact: Impact | undefined): Promise<Count> {
  const config = ['--config', 'jest.slow.config.js'];
  const workers = Math.max(3, Math.min(4, availableParallelism()));
  const together = await jest('slow', [...config, `--maxWorkers=${workers}`], output, impact, 'together');
  return sum(together, await jest('alone', [...config, '--runInBand'], output, impact, 'alone'));
}

/** A suite that is right or wrong as a whole. */
async function whole(program: string, args: string[], output: Output): Promise<Count> {
  const { status } = await command(program, args, output);
  return status === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

/** Rust's own tests on this machine's own target, with the Rust on PATH or Debian's. */
async function cargo(output: Output): Promise<Count> {
  const { status, text } = await command(
    which('cargo') === null && existsSync('/usr/bin/cargo') ? '/usr/bin/cargo' : 'cargo',
    ['test', '--locked', '--no-fail-fast', '--manifest-path', 'canisters/Cargo.toml'],
    output,
    { CARGO_TARGET_DIR: cache('cargo-target'), CARGO_TERM_COLOR: 'never' },
  );
  const results = text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm);
  const counts = [...results].map(([, passed, failed, skipped]) => ({
    passed: Number(passed),
    failed: Number(failed),
    skipped: Number(skipped),
  }));
  const all = counts.reduce(sum, NOTHING);
  return status !== 0 && all.failed === 0 ? { ...all, failed: 1 } : all;
}

/** One run of Jest, whose results it also leaves in `.cache/jest-<name>.json`. */
async function jest(
  name: string,
  args: string[],
  output: Output,
  impact: Impact | undefined,
  part = '',
): Promise<Count> {
  const file = cache(`jest-${name}.json`);
  rmSync(file, { force: true });
  const chosen = impact ? choice(impact) : [];
  if (chosen === null) return NOTHING;
  const { status } = await command(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      join(root, 'node_modules/jest/bin/jest.js'),
      ...args,
      ...chosen,
      '--json',
      `--outputFile=${file}`,
    ],
    output,
    part === '' ? {} : { LIVEPOD_SUITE: part },
  );
  if (!existsSync(file)) return { ...NOTHING, failed: 1 };
  const result = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  const failed = result['numFailedTests']! + result['numRuntimeErrorTestSuites']!;
  return {
    passed: result['numPassedTests']!,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: result['numPendingTests']! + result['numTodoTests']!,
  };
}

/** Jest's arguments for the tests that a change can affect; null when there are none. */
function choice({ everything, tests }: Impact): string[] | null {
  if (everything) return [];
  if (tests.length === 0) return null;
  const patterns = tests.map((test) => `^${join(root, test).replace(/[.+()[\]]/g, String.raw`\$&`)}$`);
  return ['--passWithNoTests', '--testPathPatterns', patterns.join('|')];
}
