/**
 * `npm run lint` and `npm run format`: every check of how the sources look and what they may import. `--write` lets the
 * formatters write instead of complain. Runs all of them, says what failed, and ends with status 1 if any did.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const write = process.argv.includes('--write');
const root = join(import.meta.dirname, '../..');
const bin = (name) => join(root, 'node_modules/.bin', name);
const workspaces = ['canisters', 'infra/ic/instrument', 'infra/ic/pocket-suite', 'infra/ic/test-canister'];
const cargo = rust();

const checks = [
  ['prettier', bin('prettier'), ['--log-level', 'warn', write ? '--write' : '--check', '.']],
  ['width', process.execPath, [join(import.meta.dirname, 'width.mjs')]],
  ['oxlint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ...workspaces.map((folder) => [
    `rustfmt ${folder}`,
    cargo,
    ['fmt', '--all', ...manifest(folder), ...(write ? [] : ['--check'])],
  ]),
  ...(write ? [] : workspaces.map((folder) => [`clippy ${folder}`, cargo, clippy(folder)])),
];

const failed = checks.filter(([name, program, args]) => {
  const env = { ...process.env, CARGO_TARGET_DIR: join(root, '.cache/cargo-target'), CARGO_TERM_COLOR: 'never' };
  const { status, error } = spawnSync(program, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.stderr.write(`${name}: failed${error ? ` (${error.message})` : ''}\n`);
  return status !== 0;
});
if (failed.length > 0) {
  process.stderr.write(
    `Failed: ${failed.map(([name]) => name).join(', ')}. npm run format writes what can be written.\n`,
  );
  process.exitCode = 1;
}

function manifest(folder) {
  return ['--manifest-path', join(folder, 'Cargo.toml')];
}

function clippy(folder) {
  return ['clippy', '--locked', '--quiet', '--all-targets', ...manifest(folder), '--', '-D', 'warnings'];
}

/** The Rust on PATH, or Debian's. */
function rust() {
  const found = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'cargo')));
  return found ? 'cargo' : '/usr/bin/cargo';
}
