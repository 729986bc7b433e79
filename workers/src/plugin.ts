import { pathToFileURL } from 'node:url';
import type { WorkerPlugin } from '@temporalio/worker';

/**
 * What LIVEPOD_WORKER_PLUGIN names: a module whose default export is a plugin of Temporal's SDK, for every worker of
 * this process. The fault matrix uses it to make real workers fail at chosen moments; others may watch or meter
 * activities with it.
 */
export async function workerPlugins(): Promise<WorkerPlugin[]> {
  const module = process.env['LIVEPOD_WORKER_PLUGIN'];
  if (!module) return [];
  return [((await import(pathToFileURL(module).href)) as { default: WorkerPlugin }).default];
}
