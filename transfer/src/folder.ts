import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from './errors.js';

/** A file below a contributor's folder, read, or with the reason why it cannot be. */
export interface FolderFile {
  /** As voters see it: the path below the folder, with `_` for `/`, so that a person's own folder names the person. */
  name: string;
  bytes: Uint8Array;
  unreadable?: string;
}

/** What operating systems and programs leave in folders. */
const LEFT_BY_PROGRAMS = /^(\.|Thumbs\.db$|desktop\.ini$)/i;

/**
 * Every file below a folder, but for hidden ones. Links are followed to files, never to folders, which could lead in a
 * circle or anywhere.
 *
 * @throws TransferError `unsuitableRecordings` when it is no folder that can be read
 */
export async function readFolder(folder: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((cause: unknown) => {
    const why = (cause as { code?: string }).code ?? 'unknown';
    throw new TransferError(
      'unsuitableRecordings',
      { folder },
      `${folder} cannot be read as a folder (${why}); name the folder that ` + 'holds the recordings.',
      { cause },
    );
  });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const parts = path.slice(join(folder, '/').length).split(/[/\\]/);
    if (entry.isDirectory() || parts.some((part) => LEFT_BY_PROGRAMS.test(part))) continue;
    files.push({ name: parts.join('_'), ...(await contentOf(path)) });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function contentOf(path: string): Promise<Omit<FolderFile, 'name'>> {
  try {
    if (!(await stat(path)).isFile()) return { bytes: new Uint8Array(), unreadable: 'not a file' };
    return { bytes: await readFile(path) };
  } catch (error) {
    return { bytes: new Uint8Array(), unreadable: (error as { code?: string }).code ?? 'unknown' };
  }
}
