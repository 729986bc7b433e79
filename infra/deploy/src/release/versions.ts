import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReleaseError } from './errors.js';

interface Manifest {
  version: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/**
 * Sets the version of the project and of each of its packages, and what they ask of each other.
 *
 * @returns the files that were written, relative to `root`
 * @throws ReleaseError `badVersion` · `notNewer`
 */
export function setVersion(root: string, version: string): string[] {
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
  const project = read('package.json');
  checkNewer(project.version, version);
  const files = ['package.json', ...(project.workspaces ?? []).map((folder) => join(folder, 'package.json'))];
  for (const file of files) {
    const manifest = read(file);
    manifest.version = version;
    for (const kind of KINDS) {
      for (const name of Object.keys(manifest[kind] ?? {})) {
        if (name.startsWith('@livepod/')) manifest[kind]![name] = version;
      }
    }
    writeFileSync(join(root, file), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  return files;
}

function checkNewer(present: string, wanted: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(wanted)) {
    throw new ReleaseError('badVersion', { wanted }, `"${wanted}" is no version; give one such as 0.2.0 (semver.org).`);
  }
  const parts = (version: string) => version.split('.').map(Number);
  const was = parts(present);
  const differing = parts(wanted).findIndex((part, at) => part !== was[at]);
  if (differing < 0 || parts(wanted)[differing]! < was[differing]!) {
    throw new ReleaseError(
      'notNewer',
      { present, wanted },
      `${wanted} is not newer than ${present}; give a higher one.`,
    );
  }
}
