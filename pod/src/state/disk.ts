import { readFileSync, rmSync } from 'node:fs';

export { makeFolder, renameWhole as renameDurably, writeWhole as writeAtomically } from '@livepod/client/node';

/** A file's bytes, undefined where there is none; what may not be read is an error. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export const removeIfThere = (path: string): void => rmSync(path, { recursive: true, force: true });
