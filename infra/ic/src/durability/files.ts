import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What to do about a damaged state. */
export function restoreIt(folder: string): string {
  return `restore ${folder} from a copy, or start with an empty --state.`;
}

/** Numbers of the files `kind-N.bin` in a folder, ascending. */
export function numbered(folder: string, kind: string): number[] {
  const pattern = new RegExp(`^${kind}-(\\d+)\\.bin$`);
  return readdirSync(folder)
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Writes a file so that after a crash there is the old content or the new one. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const half = `${path}.half`;
  const file = openSync(half, 'w', 0o600);
  try {
    writeAll(file, bytes, null);
    fsyncSync(file);
  } catch (failure) {
    rmSync(half, { force: true });
    throw failure;
  } finally {
    closeSync(file);
  }
  renameSync(half, path);
  syncFolder(join(path, '..'));
}

export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  fsyncSync(file);
  closeSync(file);
}

/** @param position  null for where the file stands */
export function writeAll(file: number, bytes: Uint8Array, position: number | null): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, position === null ? null : position + done);
}
