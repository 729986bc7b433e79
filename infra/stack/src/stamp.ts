import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/**
 * SHA-256 (hex) over names and contents of every file below the given files and folders, in a fixed order.
 * `target`, `node_modules`, `dist` and dot folders are no sources.
 */
export async function hashOf(paths: string[], ...more: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of (await filesBelow(path)).sort()) {
      hash
        .update(`${relative(path, file)}\0`)
        .update(await readFile(file))
        .update('\0');
    }
  }
  for (const text of more) hash.update(text).update('\0');
  return hash.digest('hex');
}

async function filesBelow(path: string): Promise<string[]> {
  const about = await stat(path).catch(() => null);
  if (about === null) return [];
  if (about.isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const nested = await Promise.all(
    entries
      .filter((entry) => !['target', 'node_modules', 'dist'].includes(entry.name) && !entry.name.startsWith('.'))
      .map((entry) => filesBelow(join(path, entry.name))),
  );
  return nested.flat();
}

/** SHA-256 of one file, hex, streamed. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Whether a step's stamp file says that its outputs were made from these very inputs. */
export async function stamped(stamp: string, inputs: string): Promise<boolean> {
  return (await readFile(stamp, 'utf8').catch(() => '')) === inputs;
}

/** Written last, so that an interrupted step is run again. */
export async function writeStamp(stamp: string, inputs: string): Promise<void> {
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, inputs);
}
