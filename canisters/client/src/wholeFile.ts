import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Writes a file, by default for its owner's eyes only, so that after a power cut or on a full disk it is the old one or
 * the new one, whole: temporary file, fsync, rename, fsync of the folder. What could not be written leaves nothing
 * behind, and the error names the file.
 */
export function writeWhole(path: string, content: Uint8Array | string, mode = 0o600): void {
  place(path, `${path}.new`, (temporary) => {
    write(temporary, content, mode);
    renameSync(temporary, path);
  });
}

/** The same, for a file that is never overwritten. @throws `EEXIST` when it is there, whoever was faster */
export function writeNew(path: string, content: Uint8Array | string): void {
  place(path, `${path}.${process.pid}.new`, (temporary) => {
    write(temporary, content, 0o600);
    try {
      linkSync(temporary, path);
    } catch (error) {
      // A file system without hard links: an SD card's.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error)) || existsSync(path)) throw error;
      renameSync(temporary, path);
    }
  });
}

/**
 * Makes a folder and those above it, so that after a power cut it is there, and what is synced into it: a folder's name
 * stands in the one above, which has to be synced, too.
 */
export function makeFolder(path: string, mode = 0o700): void {
  const first = mkdirSync(path, { recursive: true, mode });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    syncFolder(folder);
    if (folder === top) return;
  }
}

/** Gives a file or folder another name in its folder, for good. */
export function renameWhole(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

function place(path: string, temporary: string, work: (temporary: string) => void): void {
  try {
    makeFolder(dirname(path));
    work(temporary);
    syncFolder(dirname(path));
  } catch (error) {
    throw named(error, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function write(path: string, content: Uint8Array | string, mode: number): void {
  const data = typeof content === 'string' ? Buffer.from(content) : content;
  const file = openSync(path, 'w', mode);
  try {
    for (let at = 0; at < data.length;) at += writeSync(file, data, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Node.js names no file in the errors of write and fsync, and the temporary one in the others. */
function named(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const { syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const [what] = error.message.split(`, ${syscall}`);
  return Object.assign(new Error(`${what}, ${syscall} '${path}'`), {
    code: codeOf(error),
    syscall,
    path,
  });
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');
