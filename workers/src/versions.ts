import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConnectionLike } from '@temporalio/client';
import { Runtime, type WorkerOptions } from '@temporalio/worker';
import { buildIdOf, type Bundle } from './bundle.js';
import { Deployment } from './deployments.js';
import type { Staff } from './process.js';

/** A bundle that nothing has needed for so long is not kept. */
const KEPT_DAYS = 60;
const OLDER_CACHED = 25;

/** Beside network.json, in the state of the stack, unless LIVEPOD_BUNDLES names another folder. */
export const bundlesFolder = (): string =>
  process.env['LIVEPOD_BUNDLES'] ?? join(dirname(process.env['LIVEPOD_NETWORK']!), 'bundles');

export interface Versioned {
  connection: ConnectionLike;
  namespace: string;
  /** One of DEPLOYMENTS. */
  deployment: string;
  /** This process's own build. */
  bundle: Bundle;
  /** Where bundles are kept by build id, for the builds to come. */
  folder: string;
  /**
   * One worker per task queue, without workflow code. Builds differ in it alone: activities are always this process's.
   */
  queues: WorkerOptions[];
}

/**
 * The workers of one deployment. Its own build's are there as long as the process; every other build's, as long as new
 * runs begin on it or open runs are pinned to it. So a lifecycle that began last week ends on the code that it began
 * on, and an upgrade can be taken back.
 *
 * Runs begin on this process's build from its start, unless LIVEPOD_DEPLOY is `manual`: then when `livepod ops deploy
 * current` says so.
 */
export async function versioned({
  connection,
  namespace,
  deployment: name,
  bundle,
  folder,
  queues,
}: Versioned): Promise<Staff> {
  const deployment = new Deployment(connection, namespace, name);
  const kept = new Bundles(join(folder, name));
  await kept.keep(bundle);
  const crew = ({ code, buildId }: Bundle): WorkerOptions[] =>
    queues.map((queue) => ({
      ...queue,
      namespace,
      workflowBundle: { code },
      // What is open on an older build mostly waits: a small cache keeps several builds within one process's memory.
      ...(buildId === bundle.buildId
        ? {}
        : { maxCachedWorkflows: Math.min(queue.maxCachedWorkflows ?? OLDER_CACHED, OLDER_CACHED) }),
      workerDeploymentOptions: {
        useWorkerVersioning: true,
        version: { deploymentName: name, buildId },
        defaultVersioningBehavior: 'PINNED',
      },
    }));
  const missing = new Set<string>();

  return {
    workers: crew(bundle),
    ready: async () => {
      if (process.env['LIVEPOD_DEPLOY'] !== 'manual') await deployment.makeCurrent(bundle.buildId, 60_000);
    },
    more: async () => {
      const crews = new Map<string, WorkerOptions[]>();
      for (const { buildId, state } of await deployment.builds()) {
        if (
          buildId === bundle.buildId ||
          (state !== 'current' && state !== 'ramping' && (await deployment.openRuns(buildId)) === 0)
        )
          continue;
        const code = await kept.read(buildId);
        if (code !== undefined) crews.set(buildId, crew({ code, buildId }));
        else if (!missing.has(buildId)) {
          missing.add(buildId);
          Runtime.instance().logger.error(
            `Runs of ${name} need build ${buildId}, whose bundle is not kept here. They stand still until a ` +
              'worker of that build runs, or until they are moved with "temporal workflow update-options".',
            { deployment: name, buildId, folder },
          );
        }
      }
      return crews;
    },
  };
}

/** Workflow bundles by build id, in a folder that outlives the process. */
export class Bundles {
  constructor(private readonly folder: string) {}

  async keep({ code, buildId }: Bundle): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const path = join(this.folder, `${buildId}.js`);
    if ((await this.read(buildId)) !== undefined) return;
    await writeFile(`${path}.${process.pid}`, code);
    await rename(`${path}.${process.pid}`, path);
    await this.forget();
  }

  /** @returns undefined where it is not kept, or is not what its name says */
  async read(buildId: string): Promise<string | undefined> {
    const path = join(this.folder, `${buildId}.js`);
    const code = await readFile(path, 'utf8').catch(() => undefined);
    if (code === undefined || buildIdOf(code) !== buildId) return undefined;
    await utimes(path, new Date(), new Date()).catch(goneMeanwhile);
    return code;
  }

  /** Reading counts as needing. */
  private async forget(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const found = await stat(path).catch(goneMeanwhile);
      if (found && Date.now() - found.mtimeMs > KEPT_DAYS * 86_400_000) await rm(path, { force: true });
    }
  }
}

/** Other workers that start at the same time keep and forget bundles in the same folder. */
function goneMeanwhile(failure: NodeJS.ErrnoException): undefined {
  if (failure.code !== 'ENOENT') throw failure;
}
