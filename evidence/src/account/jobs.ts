import {
  parseApproval,
  parseRecipe,
  documentId,
  canonicalJson,
  type Approval,
  type RecipeDocument,
} from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, Json, JsonObject } from '../format.js';
import { after, agree, mark, markOrNull, needed, textOf, whole, type Facts, type Mark } from './facts.js';
import type { DatasetAccount, Datasets } from './datasets.js';
import type { Proposals } from './proposals.js';
import { placeOfDocument, readDocument } from './source.js';

export interface KeyRelease {
  grant: number;
  dataset: string;
  epoch: number;
  /** SHA-256 of the transport key that the dataset's key was encrypted to. */
  transportKey: string;
  requested: Mark;
  /** How often a key may still be released under the grant. */
  usesLeft: number;
  released: Mark | null;
  notReleased: { why: string; said: Mark } | null;
}

export interface GrantAccount {
  grant: number;
  dataset: string;
  epoch: number;
  /** The payment or the vote that it rests on. */
  why: string;
  proposal: number | null;
  granted: Mark;
  /** Nanoseconds since 1970. */
  expires: string;
  uses: number;
  revoked: Mark | null;
}

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

/** What ran: jobs with their approval documents, the rights they were given, and every use of them. */
export class Jobs {
  private readonly recipes = new Map<string, { account: RecipeAccount; document: RecipeDocument }>();
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
  async ofRound(): Promise<{ account: JobAccount; approval: Approval; datasets: DatasetAccount[] }[]> {
    const { logs, round } = this.facts;
    const asked = logs.access.all('accessRequested').filter(({ event }) => {
      const [kind, of] = typeof event['reference'] === 'string' ? event['reference'].split('/') : [];
      return kind === 'round' && of === round;
    });
    return Promise.all(asked.map((entry) => this.drawUp(entry)));
  }

  private async drawUp(
    requested: Entry,
  ): Promise<{ account: JobAccount; approval: Approval; datasets: DatasetAccount[] }> {
    const { access } = this.facts.logs;
    const path = access.place(requested);
    const job = Number(requested.event['job']);
    const digest = textOf(requested.event['approval'], path);
    const document = await this.facts.source.approval(digest, job);
    if (documentId(canonicalJson(document)) !== digest)
      refuse('wrongDocument', placeOfDocument(document), `it is not the approval of job ${job}`);
    const approval = readDocument(document, parseApproval);
    agree(path, `the provider of job ${job}`, requested.caller, approval.provider);
    agree(
      path,
      `the datasets of job ${job}`,
      requested.event['datasets'],
      approval.datasets.map(({ id }) => id),
    );
    if (BigInt(approval.deadline) <= BigInt(requested.at))
      refuse('contradiction', path, `job ${job} was asked for after its deadline`);

    const recipe = await this.recipe(approval.recipe);
    inRange(placeOfDocument(document), recipe.document, approval.arguments);
    after(
      path,
      `job ${job} before its recipe was approved`,
      requested,
      this.facts.logs.access.only('recipeApproved', { recipe: approval.recipe }),
    );
    await this.provider(approval.provider, requested);
    if (approval.base !== null) {
      const adopted = this.facts.logs.models.all('checkpointAdopted', { checkpoint: approval.base })[0];
      needed(this.facts, 'models', adopted, `that base checkpoint ${approval.base} is official`);
      after(path, `job ${job} before its base was official`, requested, adopted);
    }
    const datasets: DatasetAccount[] = [];
    for (const { id } of approval.datasets) {
      const dataset = await this.datasets.get(id);
      agree(
        path,
        `the status of dataset ${id}`,
        dataset.status === 'submitted' && this.facts.logs.datasets.first > 0 ? 'accepted' : dataset.status,
        'accepted',
      );
      after(
        path,
        `job ${job} before dataset ${id} was accepted`,
        requested,
        this.facts.logs.datasets.only('accepted', { dataset: id }),
      );
      datasets.push(dataset);
    }

    const paid = access.only('paid', { job });
    if (paid) agree(access.place(paid), 'who confirmed the payment', paid.caller, this.facts.logs.treasury.canister);
    const failed = access.only('jobFailed', { job });
    const closed = access.only('jobClosed', { job });
    const submitted = access.only('checkpointSubmitted', { job });
    if (submitted)
      agree(access.place(submitted), 'who told of the checkpoint', submitted.caller, this.facts.logs.models.canister);
    if (closed) agree(access.place(closed), 'who closed the job', closed.caller, this.facts.logs.treasury.canister);
    const grants = await this.grants(job, approval, datasets, paid);
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
      extensions: this.extensions(job, approval).map((entry) => ({
        from: textOf(entry.event['from'], path),
        to: textOf(entry.event['to'], path),
        authority: entry.event['authority'] ?? null,
        said: mark('access', entry),
      })),
      paid: paid
        ? {
            escrow: Number(paid.event['escrow']),
            payer: (paid.event['payer'] as string | null) ?? null,
            said: mark('access', paid),
          }
        : null,
      grants,
      keyReleases: grants
        .flatMap((grant) => this.keyReleases(grant, job, approval))
        .sort((a, b) => a.requested.entry - b.requested.entry),
      submitted: submitted
        ? { checkpoint: textOf(submitted.event['checkpoint'], path), said: mark('access', submitted) }
        : null,
      failed: failed ? { why: textOf(failed.event['reason'], path), said: mark('access', failed) } : null,
      closed: closed ? { outcome: textOf(closed.event['outcome'], path), said: mark('access', closed) } : null,
    };
    const used = new Set(account.keyReleases.filter(({ released }) => released).map(({ dataset }) => dataset));
    const without = account.submitted && datasets.find(({ dataset }) => !used.has(dataset));
    if (without)
      refuse(
        'missing',
        'canisters.access.log',
        `job ${job} has a checkpoint, and no release of the key of ${without.dataset} is recorded`,
      );
    return { account, approval, datasets };
  }

  /** Each extension goes on from the deadline before it. */
  private extensions(job: number, approval: Approval): Entry[] {
    const { access } = this.facts.logs;
    const extensions = access.all('deadlineExtended', { job });
    let deadline = approval.deadline;
    for (const entry of extensions) {
      agree(access.place(entry), `the deadline of job ${job} before`, entry.event['from'], deadline);
      deadline = textOf(entry.event['to'], access.place(entry));
    }
    return extensions;
  }

  /** The deadline that was in force when an entry was written. */
  private deadlineAt(entry: Entry, job: number, approval: Approval): string {
    const before = this.extensions(job, approval)
      .filter(({ index }) => index < entry.index)
      .at(-1);
    return before ? String(before.event['to']) : approval.deadline;
  }

  private async grants(
    job: number,
    approval: Approval,
    datasets: DatasetAccount[],
    paid: Entry | undefined,
  ): Promise<GrantAccount[]> {
    const { access } = this.facts.logs;
    const granted = access.all('granted', { job });
    const seen = new Set(granted.map(({ event }) => event['dataset']));
    if (seen.size !== granted.length)
      refuse('contradiction', access.place(granted.at(-1)!), `a dataset was granted twice to job ${job}`);
    return Promise.all(
      granted.map(async (entry): Promise<GrantAccount> => {
        const path = access.place(entry);
        const { grant, dataset, epoch, why, expires, uses } = entry.event;
        const licence = datasets.find((one) => one.dataset === dataset)?.licence;
        if (!licence) return refuse('contradiction', path, `dataset ${String(dataset)} is not one of job ${job}`);
        agree(path, 'the provider of the grant', entry.caller, approval.provider);
        agree(path, 'the key epoch of the grant', epoch, approval.datasets.find(({ id }) => id === dataset)!.epoch);
        agree(path, 'the end of the grant', textOf(expires, path), this.deadlineAt(entry, job, approval));
        if (!paid) return refuse('missing', path, `job ${job} was granted a dataset before it was paid`);
        after(path, 'a grant before the payment', entry, paid);
        agree(
          path,
          'what the grant rests on',
          why,
          licence.access === 'fee' ? `payment of escrow ${Number(paid.event['escrow'])}` : 'vote',
        );
        const vote = licence.access === 'vote' ? await this.proposals.behind(entry, 'grant_access') : null;
        const opened = this.facts.logs.datasets.all('readsOpened', { dataset: dataset!, reader: approval.provider });
        needed(
          this.facts,
          'datasets',
          opened.length > 0 ? opened[0] : undefined,
          `that the chunks of ${String(dataset)} were opened to ${approval.provider}`,
        );
        return {
          grant: Number(grant),
          dataset: String(dataset),
          epoch: Number(epoch),
          why: String(why),
          proposal: vote?.proposal ?? null,
          granted: mark('access', entry),
          expires: String(expires),
          uses: Number(whole(uses, path)),
          revoked: markOrNull('access', access.only('revoked', { grant: grant! })),
        };
      }),
    );
  }

  /** Every use of a grant: each counted before the key is derived, so that the counts leave no gap. */
  private keyReleases(grant: GrantAccount, job: number, approval: Approval): KeyRelease[] {
    const { access } = this.facts.logs;
    const requests = access.all('keyRequested', { grant: grant.grant });
    const answers = access.all('keyReleased', { grant: grant.grant });
    const refusals = access.all('keyNotReleased', { grant: grant.grant });
    if (answers.length + refusals.length > requests.length)
      refuse(
        'missing',
        access.place((answers.at(-1) ?? refusals.at(-1))!),
        'a key was released that nobody asked for: its request is missing',
      );
    return requests.map((request, index) => {
      const path = access.place(request);
      const next = requests[index + 1];
      const between = (entry: Entry): boolean => entry.index > request.index && (!next || entry.index < next.index);
      const released = answers.find(between);
      const notReleased = refusals.find(between);
      agree(path, 'who asked for the key', request.caller, approval.provider);
      agree(path, 'the dataset of the key', request.event['dataset'], grant.dataset);
      agree(path, 'the epoch of the key', request.event['epoch'], grant.epoch);
      agree(path, 'how many uses are left', request.event['usesLeft'], grant.uses - 1 - index);
      if (index >= grant.uses) refuse('contradiction', path, `grant ${grant.grant} was used more often than it allows`);
      if (BigInt(request.at) >= BigInt(this.deadlineAt(request, job, approval)))
        refuse('contradiction', path, `grant ${grant.grant} had expired`);
      if (request.index < grant.granted.entry || (grant.revoked && request.index > grant.revoked.entry))
        refuse('contradiction', path, `grant ${grant.grant} was not in force`);
      return {
        grant: grant.grant,
        dataset: grant.dataset,
        epoch: grant.epoch,
        transportKey: textOf(request.event['transportKey'], path),
        requested: mark('access', request),
        usesLeft: Number(request.event['usesLeft']),
        released: markOrNull('access', released),
        notReleased: notReleased
          ? { why: textOf(notReleased.event['reason'], path), said: mark('access', notReleased) }
          : null,
      };
    });
  }

  private async recipe(id: string): Promise<{ account: RecipeAccount; document: RecipeDocument }> {
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

/** The arguments are those of the recipe, each within its range. */
function inRange(path: string, recipe: RecipeDocument, given: Record<string, Json>): void {
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
