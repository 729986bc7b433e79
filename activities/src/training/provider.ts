import { join } from 'node:path';
import { CanisterError, type Access, type Clients } from '@livepod/client';
import { contractOf, documentId, parseRecipe, type Approval, type DatasetManifest } from '@livepod/protocol';
import { bundledCode, bundleRecipe, modulesHere, recipeByName, recipeNames, requireSameSchema } from '@livepod/recipes';
import { downloadDataset, inFlight, openDataset, readManifest, type ObjectStore, type Signer } from '@livepod/transfer';
import { approvalOf, readJob } from '../access/canister.js';
import { ActivityError } from '../errors.js';
import { readCheckpoint, readCheckpointFile } from '../models/checkpointFiles.js';
import { cancellation, progress } from '../registration.js';
import { isOver, JobWatch, mustHaveTime } from './jobWatch.js';
import { DataKeys, type KeyRelease } from './keys.js';
import type { TrainingPort } from './port.js';
import { finishedFiles, finishedMetrics } from './outputs.js';
import { publishCheckpoint } from './publish.js';
import { runRecipeProcess, type Epoch, type Recording, type RecipeOrder } from './recipeProcess.js';
import { mustHold } from './room.js';
import type { Workspace } from './workspace.js';

export interface ProviderParts {
  clients: Clients;
  signer: Signer;
  objects?: ObjectStore;
  workspace: Workspace;
  /** The task queue that only this host polls. */
  host: string;
  /** By its operator's explicit word: recipes run with the provider's own rights. */
  withoutSandbox?: boolean;
  /** Whether recipes may use the machine's graphics processors. */
  gpu?: boolean;
  /** Told of each key that was asked for, in the step that asks. */
  keyReleased?: (release: KeyRelease) => void;
}

/** A provider's training session. Every step may be repeated, and finds what the one before it left on this host. */
export function providerTraining(parts: ProviderParts): TrainingPort {
  const host = new ProviderHost(parts);
  return {
    open: ({ job }) => host.open(job),
    fetch: ({ job }) => host.fetch(job),
    train: ({ job }) => host.train(job),
    publish: ({ job }) => host.publish(job),
    wipe: ({ job }) => host.wipe(job),
    giveUp: ({ job, reason }) => host.giveUp(job, reason),
  };
}

type Manifests = Map<string, DatasetManifest>;

/** One host of a provider, with the keys and files of the jobs that it is at. */
class ProviderHost {
  private readonly clients: Clients;
  private readonly workspace: Workspace;
  private readonly keys: DataKeys;

  constructor(private readonly parts: ProviderParts) {
    this.clients = parts.clients;
    this.workspace = parts.workspace;
    this.keys = new DataKeys(parts.clients, parts.workspace, parts.keyReleased);
  }

  async open(job: number): Promise<{ host: string; checkpoint: string | null }> {
    await this.clearOut(job);
    const { state } = await readJob(this.clients, job);
    return { host: this.parts.host, checkpoint: 'submitted' in state ? state.submitted : null };
  }

  async fetch(job: number): Promise<{ datasets: number; bytes: number }> {
    const { manifests, bytes } = await this.fetched(await readJob(this.clients, job));
    return { datasets: manifests.size, bytes };
  }

  async train(number: number): Promise<{ epochs: number; metrics: Record<string, string> }> {
    const finished = await finishedMetrics(this.workspace.outputs(number));
    const job = await readJob(this.clients, number);
    const approval = approvalOf(job);
    const epochs = Number(approval.arguments['epochs'] ?? 0);
    if (finished) return { epochs, metrics: finished };
    await mustHaveTime(this.clients, job);
    const { code, document } = await codeOf(this.clients, approval);
    const { manifests } = await this.fetched(job);
    mustHold(approval.resources, manifests.values());
    const watch = new JobWatch(this.clients, job);
    try {
      progress({ step: 'releasing keys', datasets: manifests.size });
      const recordings = await this.recordings(job, manifests);
      const { schema } = [...manifests.values()][0]!;
      const order = { code, recordings, schema, files: document.outputs };
      return { epochs, metrics: await this.runRecipe(number, approval, order, watch) };
    } catch (error) {
      throw watch.over ?? error;
    } finally {
      watch.close();
    }
  }

  async publish(number: number): ReturnType<typeof publishCheckpoint> {
    const outputs = this.workspace.outputs(number);
    const metrics = await finishedMetrics(outputs);
    if (!metrics)
      throw new ActivityError(
        'interrupted',
        { job: number },
        `Job ${number} has no trained files on this host; train it first.`,
      );
    const { clients, signer } = this.parts;
    const job = await readJob(clients, number);
    const approval = approvalOf(job);
    const { document } = await codeOf(clients, approval);
    const contract = await contractWith(clients, document.name, job);
    const files = await finishedFiles(outputs, document.outputs);
    return publishCheckpoint({ clients, signer, job, approval, model: document.name, metrics, ...contract, files });
  }

  async wipe(job: number): Promise<void> {
    this.keys.forget(job);
    await this.workspace.wipe(job);
  }

  async giveUp(job: number, reason: string): Promise<void> {
    this.keys.forget(job);
    const { state } = await readJob(this.clients, job);
    if (!('requested' in state || 'granted' in state)) return;
    await this.clients.access.fail_job({ job: BigInt(job), reason }).catch((error: unknown) => {
      if (!(error instanceof CanisterError) || error.code !== 'notYet') throw error;
    });
  }

  /** Removes what sessions left that were terminated, and so could not wipe: everything of jobs that are over. */
  private async clearOut(but: number): Promise<void> {
    for (const other of await this.workspace.jobs()) {
      const known = other === but ? null : await this.clients.certified.access.get_job(BigInt(other));
      if (known && isOver(known)) await this.wipe(other);
    }
  }

  private async fetched(job: Access.Job): Promise<{ manifests: Manifests; bytes: number }> {
    const { clients, objects } = this.parts;
    const manifests = await manifestsOf(clients, job);
    const sealed = this.workspace.sealed(Number(job.id));
    let done = 0;
    const downloads = await inFlight([...manifests], 3, async ([id, manifest]) => {
      const sources = { clients, objects, signal: cancellation() };
      const download = await downloadDataset(manifest, join(sealed, folderOf(id)), sources);
      progress({ step: 'fetched', datasets: ++done, of: manifests.size });
      return download;
    });
    return { manifests, bytes: downloads.reduce((sum, download) => sum + download.bytes, 0) };
  }

  /** Asks for the keys; what they open is opened later, while the sandbox takes it in. */
  private async recordings(job: Access.Job, manifests: Manifests): Promise<Recording[]> {
    const wrapped = new Map([...manifests].map(([id, manifest]) => [id, manifest.wrappedKey]));
    const released = await this.keys.release(job, wrapped);
    return job.datasets.flatMap(({ dataset, uid }) => {
      const person = folderOf(dataset);
      const sealedIn = join(this.workspace.sealed(Number(job.id)), person);
      const opening = { uid: new Uint8Array(uid), dataKey: released.get(dataset)!, signal: cancellation() };
      return openDataset(manifests.get(dataset)!, sealedIn, opening).map((file) => ({ ...file, person }));
    });
  }

  private async runRecipe(
    job: number,
    approval: Approval,
    given: Pick<RecipeOrder, 'code' | 'recordings' | 'schema' | 'files'>,
    watch: JobWatch,
  ): ReturnType<typeof runRecipeProcess> {
    const { workspace, parts } = this;
    await workspace.begin(job);
    return runRecipeProcess(
      {
        ...given,
        hyperparameters: approval.arguments,
        seed: approval.seed,
        base: approval.base === null ? null : await baseModel(this.clients, approval.base),
        resources: approval.resources,
        resume: workspace.resume(job),
        outputs: workspace.outputs(job),
      },
      {
        modules: modulesHere,
        withoutSandbox: parts.withoutSandbox ? workspace.scratch : undefined,
        gpu: parts.gpu,
        onEpoch: tellEpoch,
        signal: watch.signal(cancellation()),
      },
    );
  }
}

async function manifestsOf(clients: Clients, job: Access.Job): Promise<Manifests> {
  const manifests = await inFlight(job.datasets, 8, ({ dataset }) => readManifest(clients, dataset));
  for (const [index, manifest] of manifests.entries())
    requireSameSchema(manifests[0]!.schema, manifest.schema, job.datasets[index]!.dataset);
  return new Map(job.datasets.map(({ dataset }, index) => [dataset, manifests[index]!]));
}

/** The recipe's task and input on the schema of the job's datasets. @throws ActivityError `trainingFailed` */
async function contractWith(clients: Clients, recipe: string, job: Access.Job) {
  const { schema } = await readManifest(clients, job.datasets[0]!.dataset);
  const contract = contractOf(recipeByName(recipe).declaration, schema);
  if (contract) return contract;
  throw new ActivityError(
    'trainingFailed',
    { job: Number(job.id) },
    `Recipe ${recipe} does not fit the schema of job ${job.id}'s datasets; train it on others.`,
  );
}

function tellEpoch({ epoch, epochs, loss, windowsPerSecond }: Epoch): void {
  progress({
    step: 'training',
    epoch,
    epochs,
    loss: loss.toFixed(4),
    windowsPerSecond: Math.round(windowsPerSecond),
  });
}

const folderOf = (dataset: string): string => dataset.replace('sha256:', '').slice(0, 16);

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

const baseModel = async (clients: Clients, checkpoint: string): Promise<Uint8Array> =>
  readCheckpointFile(clients, await readCheckpoint(clients, checkpoint), 'model.onnx');
