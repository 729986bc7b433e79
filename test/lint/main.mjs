/**
 * `npm run lint [-- CHECK…]` and `npm run format`: every check of how the sources look and what they may import, or the
 * named ones alone. `--write` lets the formatters write instead of complain. Runs all of them, says what failed, and
 * ends with status 1 if any did.
 *
 * Node's checks and Cargo's run beside each other; a check's output is shown when it has ended, so that none is mixed
 * with another's. Cargo's wait for each other anyway, since they share a target folder.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean' } } });
const write = values.write ?? false;
const root = join(import.meta.dirname, '../..');
const bin = (name) => join(root, 'node_modules/.bin', name);
const own = (name) => join(import.meta.dirname, name);
const workspaces = ['canisters', 'infra/ic/instrument', 'infra/ic/pocket-suite', 'infra/ic/test-canister'];
const cargo = rust();
/** What was right stays right until its bytes change. */
const CACHED = ['--cache', '--cache-strategy', 'content', '--cache-location', join(root, '.cache/prettier')];

/** Each: its name, a program, its arguments. */
const ofNode = [
  ['edges', process.execPath, [own('edges.mjs'), ...(write ? ['--draw'] : [])]],
  ['prettier', bin('prettier'), ['--log-level', 'warn', ...CACHED, write ? '--write' : '--check', '.']],
  ['width', process.execPath, [own('width.mjs')]],
  ['oxlint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
];
const ofCargo = [
  ...workspaces.map((folder) => ['rustfmt', cargo, rustfmt(folder)]),
  ...(write ? [] : workspaces.map((folder) => ['clippy', cargo, clippy(folder)])),
];

const known = [...new Set([...ofNode, ...ofCargo].map(([name]) => name))];
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no check ${unknown.join(', ')}; there are ${known.join(', ')}.\n`);
  process.exit(2);
}
const wanted = ([name]) => positionals.length === 0 || positionals.includes(name);

const failed = (await Promise.all([ofNode, ofCargo].map((checks) => inTurn(checks.filter(wanted))))).flat();
if (failed.length > 0) {
  const names = [...new Set(failed)].join(', ');
  process.stderr.write(`Failed: ${names}. npm run format writes what can be written.\n`);
  process.exitCode = 1;
}

/** @returns the names of those that failed */
async function inTurn(checks) {
  const failures = [];
  for (const [name, program, args] of checks) {
    const { status, output } = await run(program, args);
    process.stderr.write(output);
    if (status === 0) continue;
    process.stderr.write(`${name}: failed\n`);
    failures.push(name);
  }
  return failures;
}

function run(program, args) {
  const env = { ...process.env, CARGO_TARGET_DIR: join(root, '.cache/cargo-target'), CARGO_TERM_COLOR: 'never' };
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.on('error', (error) => resolve({ status: 1, output: `${error.message}\n` }));
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

function rustfmt(folder) {
  return ['fmt', '--all', ...manifest(folder), ...(write ? [] : ['--check'])];
}

function clippy(folder) {
  return ['clippy', '--locked', '--quiet', '--all-targets', ...manifest(folder), '--', '-D', 'warnings'];
}

function manifest(folder) {
  return ['--manifest-path', join(folder, 'Cargo.toml')];
}

/** The Rust on PATH, or Debian's. */
function rust() {
  const found = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'cargo')));
  return found ? 'cargo' : '/usr/bin/cargo';
}
