import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The workflow code of one entry (`orchestrator`, `provider`) as one script. Made once per state of the sources and of the SDK and kept in
 * .cache, so that a restarted worker polls in a second.
 */
export async function workflowBundle(entry: 'orchestrator' | 'provider'): Promise<WorkflowBundle> {
  const source = fileURLToPath(import.meta.resolve(`@livepod/workflows/${entry}`));
  const hash = createHash('sha256').update((require('@temporalio/worker/package.json') as { version: string }).version);
  for (const name of (await readdir(dirname(source))).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort()) {
    hash.update(name).update(await readFile(join(dirname(source), name)));
  }
  const cache = join(root, '.cache', 'workflows');
  const name = `${entry}-${hash.digest('hex').slice(0, 24)}.js`;
  const kept = await readFile(join(cache, name), 'utf8').catch(() => undefined);
  if (kept !== undefined) return { code: kept };

  const { code } = await bundleWorkflowCode({ workflowsPath: source, logger: new DefaultLogger('WARN') });
  await mkdir(cache, { recursive: true });
  for (const old of (await readdir(cache)).filter((file) => file.startsWith(`${entry}-`) && file.endsWith('.js'))) await rm(join(cache, old), { force: true });
  await writeFile(join(cache, `${name}.${process.pid}`), code);
  await rename(join(cache, `${name}.${process.pid}`), join(cache, name));
  return { code };
}
