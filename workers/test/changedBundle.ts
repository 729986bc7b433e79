import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, type Entry } from '../src/bundle.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The workflow code as it would be after a change of its sources.
 *
 * @param edits  per file of workflows/src, the text that is there and the text in its place
 */
export async function changedBundle(
  entry: Entry,
  edits: { file: string; from: string; to: string }[],
): Promise<string> {
  const scratch = join(root, '.cache', 'scratch');
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'workflows-'));
  try {
    await cp(join(root, 'workflows', 'src'), folder, { recursive: true });
    for (const { file, from, to } of edits) {
      const text = await readFile(join(folder, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no "${from}": adapt the change that this test makes`);
      await writeFile(join(folder, file), text.replace(from, to));
    }
    return await bundle(join(folder, `${entry}.ts`));
  } finally {
    await rm(folder, { recursive: true });
  }
}
