import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { released } from './changelog.js';
import { ReleaseError } from './errors.js';
import { pack } from './pack.js';
import { setVersion } from './versions.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const HELP = `Usage: npm run release -- VERSION [--tested]

Makes a release of the clone as it is committed: runs the tests, moves the changelog's Unreleased under the version,
sets the version in every package, packs what is published into dist/ with SHA256SUMS, commits and tags. Pushes nothing.

  --tested   the tests have passed on this commit already
  --help     this`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { tested: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help || positionals.length !== 1) return console.log(HELP);
  const version = positionals[0]!;
  const tag = `v${version}`;

  if (git('status', '--porcelain') !== '') {
    throw new ReleaseError('notClean', {}, 'The tree has changes that are not committed; commit or stash them first.');
  }
  if (git('tag', '--list', tag) !== '') {
    throw new ReleaseError('tagTaken', { tag }, `There is a tag ${tag} already; give a higher version.`);
  }
  const changelog = released(read('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10));
  const files = setVersion(ROOT, version);
  writeFileSync(join(ROOT, 'CHANGELOG.md'), changelog);
  run('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']);
  run('npm', ['run', '--silent', 'format']);
  if (!values.tested) test();

  const packed = await pack(ROOT, join(ROOT, 'dist'));
  git('add', 'CHANGELOG.md', 'package-lock.json', ...files);
  git('commit', '--quiet', '--message', `Release ${version}`);
  git('tag', '--annotate', tag, '--message', `Live Pod ${version}`);
  console.log(`${tag} is made; dist/ has\n${packed.map((name) => `  ${name}`).join('\n')}`);
  console.log(`Nothing was pushed: git push --follow-tags, then publish what is in dist/.`);
}

function test(): void {
  const { status } = spawnSync('npm', ['test'], { cwd: ROOT, stdio: 'inherit' });
  if (status === 0) return;
  throw new ReleaseError('testsFailed', {}, 'A test failed; git restore . undoes the new version in the tree.');
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

function run(program: string, args: string[]): void {
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit' });
  if (status === 0) return;
  throw new ReleaseError('commandFailed', { program }, `${program} ${args.join(' ')} failed; its output is above.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof ReleaseError ? error.message : error);
  process.exitCode = 1;
});
