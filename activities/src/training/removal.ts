import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes a file or folder with all that is in it, folders that nobody may enter included. Follows no link. */
export async function removeAll(path: string): Promise<void> {
  await enterable(path);
  await rm(path, { recursive: true, force: true });
}

async function enterable(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory()) return;
  if ((found.mode & 0o700) !== 0o700) await chmod(path, 0o700);
  for (const name of await readdir(path)) await enterable(join(path, name));
}
