import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changedSince, impactOf, type Tree } from './impact.js';

/** Two packages, canisters, and a story that starts the second package's program. */
const FILES: Record<string, string> = {
  'package.json':
    '{"workspaces": ["protocol", "pod", "infra/story"], "scripts": {"tell": "exec node infra/story/src/main.ts"}}',
  'protocol/package.json': '{"name": "@livepod/protocol", "exports": {".": "./src/index.ts"}}',
  'protocol/src/index.ts': "export * from './ids.js';",
  'protocol/src/ids.ts': 'export const id = 1;',
  'protocol/src/ids.test.ts': "import { id } from './ids.js';",
  'protocol/vectors/ids.json': '{}',
  'protocol/src/vectors.test.ts': "readFileSync(new URL('../vectors/ids.json', import.meta.url));",
  'protocol/README.md': '# protocol',
  'pod/package.json': '{"name": "@livepod/pod"}',
  'pod/src/main.ts': "import { play } from './play.js';",
  'pod/src/play.ts': "import { id } from '@livepod/protocol';",
  'pod/src/play.test.ts': "import { play } from './play.js';",
  'pod/data/labels.csv': 'WALKING',
  'pod/src/alone.test.ts': '// nothing but pod/src/play.ts in a comment',
  'infra/story/package.json': '{"name": "@livepod/story"}',
  'infra/story/src/pods.ts': "spawn(process.execPath, [join(root, 'pod', 'src', `${name}.ts`)]);",
  'infra/story/src/story.slow.test.ts': "import { start } from './pods.js';",
  'infra/story/src/main.ts': "tell('all');",
  'infra/story/src/told.test.ts': "spawn('npm', ['run', '-s', 'tell', '--', '--once']);",
  'infra/story/src/money.test.ts': "install({ wasmDir: join(root, '.cache', 'wasm') });",
  'canisters/ledger/src/lib.rs': 'fn main() {}',
};
const tree: Tree = { files: Object.keys(FILES), read: (file) => FILES[file]! };
const testsOf = (...changed: string[]): string[] => impactOf(changed, tree).tests;

describe('what a change can affect', () => {
  it('is everything that imports the file, however indirectly', () => {
    expect(testsOf('protocol/src/ids.ts')).toEqual([
      'infra/story/src/story.slow.test.ts',
      'pod/src/play.test.ts',
      'protocol/src/ids.test.ts',
    ]);
  });

  it('is everything that starts the program, by a path that is only known at run time', () => {
    expect(testsOf('pod/src/main.ts')).toEqual(['infra/story/src/story.slow.test.ts']);
  });

  it('is everything that starts it as a script of npm', () => {
    expect(testsOf('infra/story/src/main.ts')).toEqual(['infra/story/src/told.test.ts']);
  });

  it('is the test alone that was changed itself', () => {
    expect(testsOf('pod/src/play.test.ts')).toEqual(['pod/src/play.test.ts']);
  });

  it('is what reads a file that is no source', () => {
    expect(testsOf('protocol/vectors/ids.json')).toEqual(['protocol/src/vectors.test.ts']);
  });

  it('is the whole package of such a file that nobody mentions, and what uses that', () => {
    expect(testsOf('pod/data/labels.csv')).toEqual([
      'infra/story/src/story.slow.test.ts',
      'pod/src/alone.test.ts',
      'pod/src/play.test.ts',
    ]);
  });

  it('is what installs the canisters, and Rust’s own tests, when a canister changes', () => {
    expect(impactOf(['canisters/ledger/src/lib.rs'], tree)).toEqual({
      everything: false,
      rust: true,
      tests: ['infra/story/src/money.test.ts'],
    });
  });

  it('is everything when packages or the way of testing change', () => {
    for (const file of ['package-lock.json', 'jest.config.js', 'test/jest/environment.cjs', 'tsconfig.json'])
      expect([file, impactOf([file], tree).everything]).toEqual([file, true]);
  });

  it('is no test for prose', () => {
    expect(impactOf(['protocol/README.md', 'CHANGELOG.md'], tree)).toEqual({
      everything: false,
      rust: false,
      tests: [],
    });
  });

  it('includes what used a file that is gone', () => {
    const without: Tree = { ...tree, files: tree.files.filter((file) => file !== 'protocol/vectors/ids.json') };
    expect(impactOf(['protocol/vectors/ids.json'], without).tests).toContain('protocol/src/ids.test.ts');
  });
});

describe('what changed since', () => {
  const clone = mkdtempSync(join(tmpdir(), 'livepod-since-'));
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd: clone,
      stdio: 'ignore',
    });
  const write = (file: string, text: string): void => writeFileSync(join(clone, file), text);
  afterAll(() => rmSync(clone, { recursive: true }));

  it('is counted from where the branch left, with what is not committed, and without what the other side did', () => {
    git('init', '-b', 'main');
    mkdirSync(join(clone, 'pod'));
    for (const file of ['pod/kept.ts', 'pod/gone.ts', 'pod/edited.ts']) write(file, '1');
    git('add', '.');
    git('commit', '-m', 'one');
    git('checkout', '-b', 'work');
    rmSync(join(clone, 'pod/gone.ts'));
    git('commit', '-am', 'two');
    git('checkout', 'main');
    write('pod/kept.ts', '2');
    git('commit', '-am', 'three');
    git('checkout', 'work');
    write('pod/edited.ts', '2');
    write('pod/new.ts', '1');
    expect(changedSince(clone, 'main')).toEqual(['pod/edited.ts', 'pod/gone.ts', 'pod/new.ts']);
  });

  it('needs a commit that there is', () => {
    expect(() => changedSince(clone, 'nowhere')).toThrow(/not "nowhere"/);
  });
});
