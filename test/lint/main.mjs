/**
 * `npm run lint [-- CHECK…]` and `npm run format`: every check of how the sources look and what they may import, or the
 * named ones alone. `--write` lets the formatters write instead of complain. Runs all of them, says what failed, and
 * ends with status 1 if any did.
 */
import { spawnSync } from 'node:child_process';
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
const checks = [
  ['edges', process.execPath, [own('edges.mjs'), ...(write ? ['--draw'] : [])]],
  ['prettier', bin('prettier'), ['--log-level', 'warn', ...CACHED, write ? '--write' : '--check', '.']],
  ['width', process.execPath, [own('width.mjs')]],
  ['oxlint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ...workspaces.map((folder) => ['rustfmt', cargo, rustfmt(folder)]),
  ...(write ? [] : workspaces.map((folder) => ['clippy', cargo, clippy(folder)])),
];

const unknown = positionals.filter((name) => !checks.some(([known]) => known === name));
if (unknown.length > 0) {
  const known = [...new Set(checks.map(([name]) => name))].join(', ');
  process.stderr.write(`There is no check ${unknown.join(', ')}; there are ${known}.\n`);
  process.exit(2);
}
const wanted = checks.filter(([name]) => positionals.length === 0 || positionals.includes(name));

const failed = wanted.filter(([name, program, args]) => {
  const env = { ...process.env, CARGO_TARGET_DIR: join(root, '.cache/cargo-target'), CARGO_TERM_COLOR: 'never' };
  const { status, error } = spawnSync(program, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.stderr.write(`${name}: failed${error ? ` (${error.message})` : ''}\n`);
  return status !== 0;
});
if (failed.length > 0) {
  const names = [...new Set(failed.map(([name]) => name))].join(', ');
  process.stderr.write(`Failed: ${names}. npm run format writes what can be written.\n`);
  process.exitCode = 1;
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
