import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, 'edges.json'), 'utf8')) as {
  packages: { folder: string; imports: string[] | 'anything' }[];
};

/** A copy of the sources as they are in the tree, where faults can be written. */
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'lint-'));
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  const tar = spawnSync('tar', ['--null', '--files-from=-', '--ignore-failed-read', '-cf', join(copy, 'all.tar')], {
    cwd: ROOT,
    input: files,
  });
  expect(tar.status).toBe(0);
  execFileSync('tar', ['-xf', 'all.tar'], { cwd: copy });
  rmSync(join(copy, 'all.tar'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  execFileSync('git', ['init', '--quiet'], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Files with one fault each, all written before the checks run, each of which runs once. */
const held = packages.filter(({ imports }) => imports !== 'anything').map(({ folder }) => folder);
const FAULTS: Record<string, string> = {
  'protocol/src/wide.ts': `// ${'word '.repeat(24)}\n`,
  'protocol/src/odd.ts': 'export const odd = "double";\n',
  'protocol/src/floating.ts':
    'async function act(): Promise<void> {}\n\nexport function start(): void {\n  act();\n}\n',
  'bench/src/ic/around.ts': "export * from '../../../infra/ic/src/certificates/index.js';\n",
  'infra/ic/src/subnet/plugged.ts': "export * from '../builtins/index.js';\n",
  'pod/src/heavy.ts': "export * from '@temporalio/client';\n",
  ...Object.fromEntries(held.map((folder) => [`${folder}/forbidden.ts`, "export * from '@livepod/bench';\n"])),
};

const said: Record<string, string> = {};
beforeAll(() => {
  for (const [file, content] of Object.entries(FAULTS)) writeFileSync(join(copy, file), content);
  const page = join(copy, 'docs/architecture.md');
  writeFileSync(page, readFileSync(page, 'utf8').replace('pod --> protocol', 'pod --> bench'));
  for (const check of ['width', 'prettier', 'oxlint', 'edges']) {
    const run = spawnSync(process.execPath, ['test/lint/main.mjs', check], { cwd: copy, encoding: 'utf8' });
    expect(run.status).toBe(1);
    said[check] = run.stdout + run.stderr;
  }
});

describe('npm run lint fails on', () => {
  it('a line over the width that no formatter breaks', () => {
    expect(said['width']).toContain('protocol/src/wide.ts:1: 123 characters');
  });

  it('a file that is not as the formatter writes it', () => {
    expect(said['prettier']).toContain('protocol/src/odd.ts');
  });

  it('a promise that floats', () => {
    expect(said['oxlint']).toContain('no-floating-promises');
    expect(said['oxlint']).toContain('protocol/src/floating.ts');
  });

  it.each(held)('a forbidden import from %s', (folder) => {
    expect(said['edges']).toContain(`${folder}/forbidden.ts:1: @livepod/bench: ${folder} may not import bench`);
  });

  it('an import that goes around the exports of a package', () => {
    expect(said['edges']).toMatch(/bench\/src\/ic\/around\.ts:1: .*import @livepod\/ic by its name/);
  });

  it('a service of the embedded IC that its core imports', () => {
    expect(said['oxlint']).toContain('infra/ic/src/subnet/plugged.ts');
    expect(said['oxlint']).toContain('The core knows its services by subnet/services.ts alone');
  });

  it('an npm package that a package may not have, as a pod Temporal', () => {
    expect(said['edges']).toContain('pod/src/heavy.ts:1: @temporalio/client: pod must not have it');
  });

  it('a picture of the edges that is not the table’s', () => {
    expect(said['edges']).toContain('docs/architecture.md: its picture is not that of test/lint/edges.json');
  });
});
