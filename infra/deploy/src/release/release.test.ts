import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { released } from './changelog.js';
import { setVersion } from './versions.js';

const CHANGELOG = '# Changelog\n\n## Unreleased\n\n- Faster.\n\n## 0.1.0\n\nThe first.\n';

describe('a release', () => {
  it('puts what was unreleased under its version and its day', () => {
    expect(released(CHANGELOG, '0.2.0', '2026-11-28')).toBe(
      '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-11-28)\n\n- Faster.\n\n## 0.1.0\n\nThe first.\n',
    );
  });

  it('is not made while the changelog says nothing', () => {
    const empty = '# Changelog\n\n## Unreleased\n\n## 0.1.0\n\nThe first.\n';
    expect(() => released(empty, '0.2.0', '2026-11-28')).toThrow(expect.objectContaining({ code: 'changelogEmpty' }));
  });

  it('sets the version of every package, and what they ask of each other', () => {
    const root = project();
    expect(setVersion(root, '0.2.0')).toEqual(['package.json', 'a/package.json', 'b/package.json']);
    expect(manifest(root, 'a')).toEqual({ name: '@livepod/a', version: '0.2.0', dependencies: { ms: '2.1.3' } });
    expect(manifest(root, 'b')).toEqual({
      name: '@livepod/b',
      version: '0.2.0',
      devDependencies: { '@livepod/a': '0.2.0' },
    });
  });

  it.each([
    ['the same version', '0.1.0', 'notNewer'],
    ['an older one', '0.0.9', 'notNewer'],
    ['a word', 'next', 'badVersion'],
    ['a pre-release', '0.2.0-rc.1', 'badVersion'],
  ])('refuses %s', (_, version, code) => {
    const root = project();
    expect(() => setVersion(root, version)).toThrow(expect.objectContaining({ code }));
    expect(manifest(root, 'a').version).toBe('0.1.0');
  });
});

function project(): string {
  const root = mkdtempSync(join(tmpdir(), 'release-'));
  const write = (folder: string, content: object) => {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'package.json'), JSON.stringify(content));
  };
  write('.', { name: 'project', version: '0.1.0', workspaces: ['a', 'b'] });
  write('a', { name: '@livepod/a', version: '0.1.0', dependencies: { ms: '2.1.3' } });
  write('b', { name: '@livepod/b', version: '0.1.0', devDependencies: { '@livepod/a': '0.1.0' } });
  return root;
}

const manifest = (root: string, folder: string): { version: string } =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { version: string };
