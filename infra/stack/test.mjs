/**
 * `npm test [-- SUITE…]`: what is missing is set up, then every suite runs, one after the other; ends with `N passed, N
 * failed`, and with status 1 when anything failed. Suites: lint, types, rust, quick, slow.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, installPackages, root } from './packages.mjs';

const cache = (...parts) => join(root, '.cache', ...parts);
const jest = join(root, 'node_modules/jest/bin/jest.js');

/** Each suite returns {passed, failed, skipped}. */
const suites = {
  lint: () => command('npm', ['run', '--silent', 'lint']),
  types: () => command('npm', ['run', '--silent', 'typecheck']),
  rust: cargo,
  quick: () => jestRun('quick', []),
  slow: () => jestRun('slow', ['--config', 'jest.slow.config.js', '--runInBand']),
};

/** Runs a command with its output shown; returns its status and what it wrote to standard output. */
function run(program, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece) => {
      text += piece;
      process.stdout.write(piece);
    });
    child.on('error', (error) => {
      console.error(error.message);
      resolve({ status: 1, text });
    });
    child.on('close', (status) => resolve({ status: status ?? 1, text }));
  });
}

/** A suite that is right or wrong as a whole. */
async function command(program, args) {
  const { status } = await run(program, args);
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** Rust's own tests on this machine's own target, with the Rust on PATH or Debian's. */
async function cargo() {
  const { status, text } = await run(
    existsSync('/usr/bin/cargo') && !onPath('cargo') ? '/usr/bin/cargo' : 'cargo',
    ['test', '--locked', '--no-fail-fast', '--manifest-path', 'canisters/Cargo.toml'],
    { CARGO_TARGET_DIR: cache('cargo-target'), CARGO_TERM_COLOR: 'never' },
  );
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of text.matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    count.passed += Number(passed);
    count.failed += Number(failed);
    count.skipped += Number(ignored);
  }
  if (status !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

const onPath = (program) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));

async function jestRun(name, args) {
  const file = cache(`jest-${name}.json`);
  rmSync(file, { force: true });
  const { status } = await run(process.execPath, [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    ...args,
    '--json',
    `--outputFile=${file}`,
  ]);
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(file, 'utf8'));
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

checkNode();
installPackages();
mkdirSync(cache(), { recursive: true });
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}.`);
  process.exit(2);
}
const needsSetUp = asked.length === 0 || asked.some((name) => name === 'quick' || name === 'slow');
if (needsSetUp) {
  const { status } = await run(process.execPath, [
    '--import',
    'tsx',
    'infra/stack/src/main.ts',
    'setup',
    '--for-tests',
  ]);
  if (status !== 0) {
    console.log('0 passed, 1 failed');
    process.exit(1);
  }
}

const total = { passed: 0, failed: 0 };
const rows = [];
for (const name of asked.length > 0 ? asked : Object.keys(suites)) {
  console.log(`\n── ${name}`);
  const since = Date.now();
  const { passed, failed, skipped } = await suites[name]();
  total.passed += passed;
  total.failed += failed;
  rows.push(
    `${name.padEnd(6)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed ` +
      `${String(skipped).padStart(4)} skipped ${String(Math.round((Date.now() - since) / 1000)).padStart(5)} s`,
  );
}
console.log(`\n${rows.join('\n')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
