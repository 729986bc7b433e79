import {
  parseApproval,
  parseRecipe,
  documentId,
  canonicalJson,
  type Approval,
  type RecipeManifest,
} from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, Json, JsonObject } from '../format.js';
import { after, agree, inTheFile, mark, markOrNull, needed, textOf, type Facts, type Mark } from './facts.js';
import type { DatasetAccount, Datasets } from './datasets.js';
import type { Proposals } from './proposals.js';
import { Rights, type GrantAccount, type KeyRelease } from './rights.js';
import { placeOfDocument, readDocument } from './source.js';

export interface JobAccount {
  job: number;
  provider: string;
  /** Id of the approval document: everything that was to run. */
  approval: string;
  recipe: string;
  base: string | null;
  datasets: string[];
  arguments: JsonObject;
  seed: number;
  fees: string;
  reward: string;
  /** Nanoseconds since 1970. */
  deadline: string;
  requested: Mark;
  /** By whom and how far its deadline was moved since. */
  extensions: { from: string; to: string; authority: Json; said: Mark }[];
  paid: { escrow: number; payer: string | null; said: Mark } | null;
  grants: GrantAccount[];
  keyReleases: KeyRelease[];
  submitted: { checkpoint: string; said: Mark } | null;
  failed: { why: string; said: Mark } | null;
  closed: { outcome: string; said: Mark } | null;
}

export interface ProviderAccount {
  provider: string;
  class: string;
  registered: Mark | null;
  approved: Mark | null;
  proposal: number | null;
}
export interface RecipeAccount {
  recipe: string;
  name: string;
  version: string;
  bundle: string;
  submitted: Mark | null;
  approved: Mark | null;
  proposal: number | null;
}

export interface JobOfRound {
  account: JobAccount;
  approval: Approval;
  datasets: DatasetAccount[];
}

/** Entries of the access log that tell what became of a job. */
type Told = Record<'paid' | 'submitted' | 'failed' | 'closed', Entry | undefined>;

/** What ran: jobs with their approval documents, the rights they were given, and every use of them. */
export class Jobs {
  private readonly recipes = new Map<string, { account: RecipeAccount; document: RecipeManifest }>();
  private readonly providers = new Map<string, ProviderAccount>();

  constructor(
    private readonly facts: Facts,
    private readonly proposals: Proposals,
    private readonly datasets: Datasets,
  ) {}

  usedRecipes = (): RecipeAccount[] =>
    [...this.recipes.values()].map(({ account }) => account).sort((a, b) => (a.recipe < b.recipe ? -1 : 1));
  usedProviders = (): ProviderAccount[] =>
    [...this.providers.values()].sort((a, b) => (a.provider < b.provider ? -1 : 1));

  /** Every job that was asked for in the name of the round. */
  async ofRound(): Promise<JobOfRound[]> {
    const { logs, round } = this.facts;
    const asked = logs.access.all('accessRequested').filter(({ event }) => {
      const [kind, of] = typeof event['reference'] === 'string' ? event['reference'].split('/') : [];
      return kind === 'round' && of === round;
    });
    return Promise.all(asked.map((entry) => this.drawUp(entry)));
  }

  private async drawUp(requested: Entry): Promise<JobOfRound> {
    const { access } = this.facts.logs;
    const path = access.place(requested);
    const job = Number(requested.event['job']);
    const { digest, approval } = await this.approval(job, requested);
    await this.inForce(job, approval, requested);
    const datasets = await this.accepted(job, approval, requested);

    const told = this.told(job);
    const rights = new Rights(this.facts, this.proposals, { job, approval, requested });
    const grants = await rights.grants(datasets, told.paid);
    const account: JobAccount = {
      job,
      provider: approval.provider,
      approval: digest,
      recipe: approval.recipe,
      base: approval.base,
      datasets: approval.datasets.map(({ id }) => id),
      arguments: approval.arguments as JsonObject,
      seed: approval.seed,
      fees: String(datasets.reduce((sum, { licence }) => sum + BigInt(licence.fee), 0n)),
      reward: approval.reward,
      deadline: approval.deadline,
      requested: mark('access', requested),
      extensions: rights.extensions().map((entry) => ({
        from: textOf(entry.event['from'], path),
        to: textOf(entry.event['to'], path),
        authority: entry.event['authority'] ?? null,
        said: mark('access', entry),
      })),
      paid: paymentIn(told.paid),
      grants,
      keyReleases: grants
        .flatMap((grant) => rights.keyReleases(grant))
        .sort((a, b) => a.requested.entry - b.requested.entry),
      ...endsIn(told, path),
    };
    trainedOnKeys(account, datasets);
    return { account, approval, datasets };
  }

  /** What was to run, as the document says that the log has the digest of. */
  private async approval(job: number, requested: Entry): Promise<{ digest: string; approval: Approval }> {
    const path = this.facts.logs.access.place(requested);
    const digest = textOf(requested.event['approval'], path);
    const document = await this.facts.source.approval(digest, job);
    if (documentId(canonicalJson(document)) !== digest)
      refuse('wrongDocument', placeOfDocument(document), `it is not the approval of job ${job}`);
    const approval = readDocument(document, parseApproval);
    const named = approval.datasets.map(({ id }) => id);
    agree(path, `the provider of job ${job}`, requested.caller, approval.provider);
    agree(path, `the datasets of job ${job}`, requested.event['datasets'], named);
    if (BigInt(approval.deadline) <= BigInt(requested.at))
      refuse('contradiction', path, `job ${job} was asked for after its deadline`);

    const recipe = await this.recipe(approval.recipe);
    inRange(placeOfDocument(document), recipe.document, approval.arguments);
    return { digest, approval };
  }

  /** Recipe, provider and base had been voted in when the job was asked for. */
  private async inForce(job: number, approval: Approval, requested: Entry): Promise<void> {
    const { access, models } = this.facts.logs;
    const path = access.place(requested);
    const { recipe, provider, base } = approval;
    after(path, `job ${job} before its recipe was approved`, requested, access.only('recipeApproved', { recipe }));
    await this.provider(provider, requested);
    if (base === null) return;
    const adopted = models.all('checkpointAdopted', { checkpoint: base })[0];
    const brought = inTheFile(models.only('checkpointSubmitted', { checkpoint: base }));
    needed(this.facts, 'models', adopted, `that base checkpoint ${base} is official`, brought);
    after(path, `job ${job} before its base was official`, requested, adopted);
  }

  /** The datasets of a job, each of them accepted when it was asked for. */
  private async accepted(job: number, approval: Approval, requested: Entry): Promise<DatasetAccount[]> {
    const { logs } = this.facts;
    const path = logs.access.place(requested);
    const datasets: DatasetAccount[] = [];
    for (const { id } of approval.datasets) {
      const dataset = await this.datasets.get(id);
      const before = dataset.status === 'submitted' && logs.datasets.mayLack(inTheFile(dataset.registered));
      agree(path, `the status of dataset ${id}`, before ? 'accepted' : dataset.status, 'accepted');
      const accepted = logs.datasets.only('accepted', { dataset: id });
      after(path, `job ${job} before dataset ${id} was accepted`, requested, accepted);
      datasets.push(dataset);
    }
    return datasets;
  }

  /** What became of a job, each told by the canister that knows. */
  private told(job: number): Told {
    const { access, models, treasury } = this.facts.logs;
    const told: Told = {
      paid: access.only('paid', { job }),
      submitted: access.only('checkpointSubmitted', { job }),
      failed: access.only('jobFailed', { job }),
      closed: access.only('jobClosed', { job }),
    };
    const { paid, submitted, closed } = told;
    if (paid) agree(access.place(paid), 'who confirmed the payment', paid.caller, treasury.canister);
    if (submitted) agree(access.place(submitted), 'who told of the checkpoint', submitted.caller, models.canister);
    if (closed) agree(access.place(closed), 'who closed the job', closed.caller, treasury.canister);
    return told;
  }

  private async recipe(id: string): Promise<{ account: RecipeAccount; document: RecipeManifest }> {
    const known = this.recipes.get(id);
    if (known) return known;
    const { access } = this.facts.logs;
    const document = readDocument(await this.facts.source.recipe(id), parseRecipe);
    const submitted = needed(
      this.facts,
      'access',
      access.only('recipeSubmitted', { recipe: id }),
      `that recipe ${id} was submitted`,
    );
    const approved = needed(
      this.facts,
      'access',
      access.only('recipeApproved', { recipe: id }),
      `that recipe ${id} was approved`,
      inTheFile(submitted),
    );
    const vote = approved ? await this.proposals.behind(approved, 'approve_recipe') : null;
    const account = {
      recipe: id,
      name: document.name,
      version: document.version,
      bundle: document.bundle,
      submitted: markOrNull('access', submitted),
      approved: markOrNull('access', approved),
      proposal: vote?.proposal ?? null,
    };
    const recipe = { account, document };
    this.recipes.set(id, recipe);
    return recipe;
  }

  private async provider(id: string, asked: Entry): Promise<void> {
    if (this.providers.has(id)) return;
    const { access } = this.facts.logs;
    const registered = needed(
      this.facts,
      'access',
      access.only('providerRegistered', { provider: id }),
      `that provider ${id} registered`,
    );
    const approved = needed(
      this.facts,
      'access',
      access.only('providerApproved', { provider: id }),
      `that provider ${id} was approved`,
      inTheFile(registered),
    );
    after(access.place(asked), `a job of provider ${id} before it was approved`, asked, approved);
    const vote = approved ? await this.proposals.behind(approved, 'approve_provider') : null;
    this.providers.set(id, {
      provider: id,
      class: registered ? textOf(registered.event['class'], access.place(registered)) : '',
      registered: markOrNull('access', registered),
      approved: markOrNull('access', approved),
      proposal: vote?.proposal ?? null,
    });
  }
}

function paymentIn(paid: Entry | undefined): JobAccount['paid'] {
  if (!paid) return null;
  return {
    escrow: Number(paid.event['escrow']),
    payer: (paid.event['payer'] as string | null) ?? null,
    said: mark('access', paid),
  };
}

function endsIn(
  { submitted, failed, closed }: Told,
  path: string,
): Pick<JobAccount, 'submitted' | 'failed' | 'closed'> {
  return {
    submitted: submitted
      ? { checkpoint: textOf(submitted.event['checkpoint'], path), said: mark('access', submitted) }
      : null,
    failed: failed ? { why: textOf(failed.event['reason'], path), said: mark('access', failed) } : null,
    closed: closed ? { outcome: textOf(closed.event['outcome'], path), said: mark('access', closed) } : null,
  };
}

/** A checkpoint comes from all the datasets of its job: the key of each was released. */
function trainedOnKeys({ job, submitted, keyReleases }: JobAccount, datasets: DatasetAccount[]): void {
  const used = new Set(keyReleases.filter(({ released }) => released).map(({ dataset }) => dataset));
  const without = submitted && datasets.find(({ dataset }) => !used.has(dataset));
  if (without)
    refuse(
      'missing',
      'canisters.access.log',
      `job ${job} has a checkpoint, and no release of the key of ${without.dataset} is recorded`,
    );
}

/** The arguments are those of the recipe, each within its range. */
function inRange(path: string, recipe: RecipeManifest, given: Record<string, Json>): void {
  const names = Object.keys(recipe.hyperparameters);
  agree(path, 'the list of its arguments', Object.keys(given).sort(), names.sort());
  for (const [name, range] of Object.entries(recipe.hyperparameters)) {
    const value = Number(given[name]);
    if (!(value >= Number(range.min) && value <= Number(range.max)))
      refuse(
        'contradiction',
        `${path}.document.arguments.${name}`,
        `it is outside the recipe's range ${range.min} to ${range.max}`,
      );
  }
}
