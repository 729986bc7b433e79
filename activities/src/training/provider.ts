import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CanisterError, networkTime, type Access, type Clients } from '@livepod/client';
import { documentId, parseApproval, parseRecipe, type Approval, type DatasetManifest } from '@livepod/protocol';
import { bundledCode, bundleRecipe, modulesHere, recipeNames, requireSameSchema } from '@livepod/recipes';
import { downloadDataset, inFlight, openDataset, readManifest, type ObjectStore, type Signer } from '@livepod/transfer';
import { readJob } from '../access/canister.js';
import { ActivityError } from '../errors.js';
import { readCheckpoint, readCheckpointFile } from '../models/checkpointFiles.js';
import { cancellation, progress } from '../registration.js';
import { isOver, JobWatch } from './jobWatch.js';
import { DataKeys, type KeyRelease } from './keys.js';
import type { TrainingPort } from './port.js';
import { publishCheckpoint } from './publish.js';
import { runRecipeProcess } from './recipeProcess.js';
import type { Workspace } from './workspace.js';

export interface ProviderParts {
  clients: Clients;
  signer: Signer;
  objects?: ObjectStore;
  workspace: Workspace;
  /** The task queue that only this host polls. */
  host: string;
  /** Folders with secrets, which a recipe must not see. */
  hidden?: string[];
  /** Told of each key that was asked for, in the step that asks. */
  keyReleased?: (release: KeyRelease) => void;
}

interface Result {
  metrics: Record<string, string>;
  backend: string;
}

/** A provider's training session. Every step may be repeated, and finds what the one before it left on this host. */
export function providerTraining({
  clients,
  signer,
  objects,
  workspace,
  host,
  hidden = [],
  keyReleased,
}: ProviderParts): TrainingPort {
  const keys = new DataKeys(clients, workspace, keyReleased);

  const manifestsOf = async (job: Access.Job): Promise<Map<string, DatasetManifest>> => {
    const manifests = await inFlight(job.datasets, 8, ({ dataset }) => readManifest(clients, dataset));
    for (const [index, manifest] of manifests.entries())
      requireSameSchema(manifests[0]!.schema, manifest.schema, job.datasets[index]!.dataset);
    return new Map(job.datasets.map(({ dataset }, index) => [dataset, manifests[index]!]));
  };

  const fetched = async (job: Access.Job) => {
    const manifests = await manifestsOf(job);
    let done = 0;
    const downloads = await inFlight([...manifests], 3, async ([id, manifest]) => {
      const download = await downloadDataset(manifest, join(workspace.sealed(Number(job.id)), folderOf(id)), {
        clients,
        objects,
        signal: cancellation(),
      });
      progress({ step: 'fetched', datasets: ++done, of: manifests.size });
      return download;
    });
    return { manifests, bytes: downloads.reduce((sum, download) => sum + download.bytes, 0) };
  };

  const decrypted = async (job: Access.Job, manifests: Map<string, DatasetManifest>) => {
    const released = await keys.release(
      job,
      new Map([...manifests].map(([id, manifest]) => [id, manifest.wrappedKey])),
    );
    const recordings: { name: string; person: string; path: string }[] = [];
    for (const { dataset, uid } of job.datasets) {
      const person = folderOf(dataset);
      const opened = await openDataset(
        manifests.get(dataset)!,
        join(workspace.sealed(Number(job.id)), person),
        join(workspace.plain(Number(job.id)), person),
        { uid: new Uint8Array(uid), dataKey: released.get(dataset)!, signal: cancellation() },
      );
      recordings.push(...opened.map((file) => ({ ...file, person })));
    }
    return recordings;
  };

  /** Removes what sessions left that were terminated, and so could not wipe: everything of jobs that are over. */
  const clearOut = async (but: number): Promise<void> => {
    for (const other of await workspace.jobs()) {
      const known = other === but ? null : await clients.access.get_job(BigInt(other));
      if (!known || !isOver(known)) continue;
      keys.forget(other);
      await workspace.wipe(other);
    }
  };

  return {
    async open({ job }) {
      await clearOut(job);
      const { state } = await readJob(clients, job);
      return { host, checkpoint: 'submitted' in state ? state.submitted : null };
    },

    async fetch({ job }) {
      const { manifests, bytes } = await fetched(await readJob(clients, job));
      return { datasets: manifests.size, bytes };
    },

    async train({ job: number }) {
      const finished = await resultOf(workspace.outputs(number));
      const job = await readJob(clients, number);
      const approval = approvalOf(job);
      const epochs = Number(approval.arguments['epochs'] ?? 0);
      if (finished) return { epochs, metrics: finished.metrics };
      if (BigInt(Math.floor(await networkTime(clients))) * 1_000_000n > job.deadline)
        throw new ActivityError(
          'jobClosed',
          { job: number },
          `Job ${number} is past its deadline; ask for a new one with more time.`,
        );
      const recipe = await codeOf(clients, approval);
      const { manifests } = await fetched(job);
      const watch = new JobWatch(clients, number);
      try {
        progress({ step: 'releasing keys', datasets: manifests.size });
        const recordings = await decrypted(job, manifests);
        const base = approval.base === null ? null : await baseModel(clients, approval.base, workspace.plain(number));
        const { metrics } = await runRecipeProcess(
          {
            code: recipe.code,
            recordings,
            schema: [...manifests.values()][0]!.schema,
            hyperparameters: approval.arguments,
            seed: approval.seed,
            base,
            epochs: workspace.epochs(number),
            outputs: workspace.outputs(number),
          },
          {
            modules: modulesHere,
            hidden,
            onEpoch: ({ epoch, epochs, loss, windowsPerSecond }) =>
              progress({
                step: 'training',
                epoch,
                epochs,
                loss: loss.toFixed(4),
                windowsPerSecond: Math.round(windowsPerSecond),
              }),
            signal: watch.signal(cancellation()),
          },
        );
        return { epochs, metrics };
      } catch (error) {
        throw watch.over ?? error;
      } finally {
        watch.close();
        await workspace.removePlain(number);
      }
    },

    async publish({ job: number }) {
      const outputs = workspace.outputs(number);
      const result = await resultOf(outputs);
      if (!result)
        throw new ActivityError(
          'interrupted',
          { job: number },
          `Job ${number} has no trained files on this host; train it first.`,
        );
      const job = await readJob(clients, number);
      const approval = approvalOf(job);
      const { document } = await codeOf(clients, approval);
      const { schema } = await readManifest(clients, job.datasets[0]!.dataset);
      const files = await Promise.all(
        document.outputs.map(async (name) => ({ name, bytes: new Uint8Array(await readFile(join(outputs, name))) })),
      );
      return publishCheckpoint({
        clients,
        signer,
        job,
        approval,
        model: document.name,
        metrics: result.metrics,
        schema,
        files,
      });
    },

    async wipe({ job }) {
      keys.forget(job);
      await workspace.wipe(job);
    },

    async giveUp({ job, reason }) {
      keys.forget(job);
      const { state } = await readJob(clients, job);
      if ('requested' in state || 'granted' in state) {
        await clients.access.fail_job({ job: BigInt(job), reason }).catch((error: unknown) => {
          if (!(error instanceof CanisterError) || error.code !== 'notYet') throw error;
        });
      }
    },
  };
}

const folderOf = (dataset: string): string => dataset.replace('sha256:', '').slice(0, 16);

/** The approval that the job's digest names: what was paid and granted is what runs. */
function approvalOf(job: Access.Job): Approval {
  const document = new Uint8Array(job.approval);
  if (documentId(document) !== job.approval_digest)
    throw new ActivityError(
      'wrongHash',
      { job: Number(job.id) },
      `Job ${job.id} has another digest than its approval document; do not run it.`,
    );
  return parseApproval(document);
}

/**
 * The approved recipe's code, from this provider's own copy, if it is the very bundle that was approved. @throws
 * ActivityError `recipeMismatch`
 */
async function codeOf(clients: Clients, { recipe }: Approval) {
  const known = await clients.access.get_recipe(recipe);
  if (!known)
    throw new ActivityError(
      'notFound',
      { recipe },
      `The access canister knows no recipe ${recipe}; check the approval.`,
    );
  const bytes = new Uint8Array(known.document);
  const document = parseRecipe(bytes);
  const mismatch = (why: string): ActivityError =>
    new ActivityError(
      'recipeMismatch',
      { recipe, name: document.name, version: document.version },
      `This provider cannot run recipe ${document.name} ${document.version}: ${why}. Install the version that ` +
        'was approved.',
    );
  if (documentId(bytes) !== recipe) throw mismatch('the document served is another one');
  if (!recipeNames.includes(document.name)) throw mismatch('it has no recipe of that name');
  const bundle = await bundleRecipe(document.name);
  if (`sha256:${bundle.sha256}` !== document.bundle) throw mismatch('its own copy of the code has another hash');
  return { document, code: bundledCode(bundle.bytes) };
}

async function baseModel(clients: Clients, checkpoint: string, folder: string): Promise<string> {
  const path = join(folder, 'base.onnx');
  await writeFile(path, await readCheckpointFile(clients, await readCheckpoint(clients, checkpoint), 'model.onnx'));
  return path;
}

async function resultOf(outputs: string): Promise<Result | undefined> {
  const text = await readFile(join(outputs, 'result.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Result);
}
