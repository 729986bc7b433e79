import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileEarly } from './early.mjs';

/** Plain Node, because it runs before anything is installed. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
const stamp = join(root, 'node_modules/.livepod-lock');

/** Ends the process with a sentence when this Node is too old to run any of it. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  console.error(
    `Node ${process.versions.node} is too old; Live Pod needs Node 20.19 or later, or 22.12 or later ` +
      '(https://nodejs.org).',
  );
  process.exit(1);
}

export const installed = () => existsSync(join(root, 'node_modules/.package-lock.json'));

/**
 * Installs the npm packages of the lock file, unless that was done. No install script runs (.npmrc).
 *
 * `npm ci` would ask for more: that the lock names the binaries of every platform, also of those that a registry may
 * not carry. `--no-save` keeps the lock as it is committed.
 */
export async function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (installed() && existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('npm install: the packages of package-lock.json');
  const stopCompiling = compileEarly(root);
  const npm = spawn('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [status] = await once(npm, 'exit').catch(() => [1]);
  stopCompiling();
  if (status !== 0) {
    console.error(
      'npm install failed (its output is above). It needs a package registry; see "npm config get registry".',
    );
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
