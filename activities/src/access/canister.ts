import { CanisterError, pageOf, type Access, type Canisters, type Clients, type IcNetwork } from '@livepod/client';
import {
  canonicalJson,
  documentId,
  findingsInWords,
  parseApproval,
  parseRecipe,
  type Approval,
  type RecipeManifest,
} from '@livepod/protocol';
import { inFlight, readManifest } from '@livepod/transfer';
import type { Providers } from '../checks/canister.js';
import { providerOf } from '../checks/rounds.js';
import { ActivityError } from '../errors.js';
import { authorityOf } from '../operators/canister.js';
import { later } from '../registration.js';
import { mustHold } from '../training/room.js';
import type { AccessPort, JobTerms, JobView, RequestingPort } from './port.js';

const GRANT_DELAY_MS = 1_500;
const DATASETS_IN_FLIGHT = 8;

/** @param providers  who can be called; every one where it cannot be known */
export function canisterAccess(clients: Clients, providers?: Providers): AccessPort {
  const view = async (job: number): Promise<JobView> => viewOf(clients.network, await readJob(clients, job));
  return {
    async preflight({ provider, recipe, arguments: given, base }) {
      const findings = providers ? await providerOf(clients, providers, provider) : [];
      if (findings.length > 0) throw new ActivityError('notFound', { provider }, findingsInWords(findings));
      mustFit(await approvedRecipe(clients, recipe), given);
      if (base !== null) await mustBeOfficial(clients, base);
    },
    job: ({ job }) => termsOf(clients, job),
    async granted({ job }) {
      const now = viewOf(clients.network, await lookAtJob(clients, job, ({ state }) => !('requested' in state)));
      if (now.state === 'granted' || now.state === 'submitted' || now.state === 'completed') return now;
      if (now.state !== 'requested')
        throw new ActivityError(
          'jobClosed',
          { job, state: now.state },
          `Job ${job} is ${now.state}: ${now.why}. Start a round with another name.`,
        );
      throw later('notYet', { job }, `Job ${job} waits for its grants.`, GRANT_DELAY_MS);
    },
    async extend({ job, until, token }) {
      const deadline = BigInt(Date.parse(until)) * 1_000_000n;
      const authority = authorityOf(token);
      return viewOf(clients.network, await clients.access.extend_deadline({ job: BigInt(job), deadline, authority }));
    },
    async fail({ job, reason }) {
      const { state } = await view(job);
      if (state === 'failed' || state === 'refunded' || state === 'completed') return;
      try {
        await clients.access.fail_job({ job: BigInt(job), reason: reason.slice(0, 400) });
      } catch (error) {
        // Only its provider and its payer may; before it is paid nothing was granted, and after it is submitted its
        // checkpoint decides.
        const code = error instanceof CanisterError ? error.code : '';
        if (!['notAuthorized', 'wrongPrincipal', 'notYet', 'invalid'].includes(code)) throw error;
      }
    },
  };
}

/** @throws ActivityError `outOfRange` for a hyper-parameter that the recipe does not have, or not with that value */
function mustFit(recipe: RecipeManifest, given: Record<string, number | string>): void {
  for (const [name, value] of Object.entries(given)) {
    const range = recipe.hyperparameters[name];
    if (!range)
      throw new ActivityError(
        'outOfRange',
        { name },
        `Recipe ${recipe.name} has no hyper-parameter ${name}; it has ` +
          `${Object.keys(recipe.hyperparameters).join(', ')}.`,
      );
    const { kind, min, max } = range;
    const rightKind = (kind === 'integer') === (typeof value === 'number');
    if (rightKind && Number(value) >= Number(min) && Number(value) <= Number(max)) continue;
    throw new ActivityError(
      'outOfRange',
      { name, value },
      `${name} is ${JSON.stringify(value)}; give ` +
        `${kind === 'integer' ? 'a whole number' : 'a decimal as text'} from ${min} to ${max}.`,
    );
  }
}

/** @throws ActivityError `notAccepted` */
async function mustBeOfficial(clients: Clients, base: string): Promise<void> {
  const checkpoint = await clients.models.get_checkpoint(base);
  if (!checkpoint || !('official' in checkpoint.state))
    throw new ActivityError(
      'notAccepted',
      { base },
      `The base checkpoint ${base} is not official; train from one that was voted in, or from null.`,
    );
}

/** What a provider takes on. */
export interface Terms {
  /** The least reward for a job, in e8s. */
  price: bigint;
  /** Ids of the recipes it runs; without them every approved one. */
  recipes?: readonly string[];
}

/** The provider's side. */
export function canisterRequesting(clients: Clients, terms: Terms = { price: 0n }): RequestingPort {
  return {
    async request({ recipe, arguments: given, seed, datasets, base, reward, deadline, clientRef, payer, ceiling }) {
      mustSuit(terms, recipe, reward);
      const approved = await approvedRecipe(clients, recipe);
      // Of a dataset that cannot be read, the canister says what is wrong with it.
      const manifests = await inFlight(datasets, DATASETS_IN_FLIGHT, ({ id }) =>
        readManifest(clients, id).catch(() => undefined),
      );
      mustHold(
        approved.resources,
        manifests.filter((manifest) => manifest !== undefined),
      );
      const approval = canonicalJson({
        ...(payer === undefined || ceiling === undefined
          ? { type: 'livepod.approval/v1' }
          : { type: 'livepod.approval/v2', payer, ceiling }),
        recipe,
        arguments: { ...defaultsOf(approved), ...given },
        seed,
        datasets: [...datasets].sort((a, b) => (a.id < b.id ? -1 : 1)),
        base,
        resources: approved.resources,
        egress: 'none',
        privacy: null,
        provider: clients.principal.toText(),
        reward,
        deadline,
      });
      const job = await clients.access.request_access({ client_ref: clientRef, approval });
      approvalOf(job);
      return { job: Number(job.id), approvalDigest: job.approval_digest };
    },
    async giveUp({ clientRef, reason }) {
      const job = await clients.certified.access.find_job({ provider: clients.principal, client_ref: clientRef });
      if (!job || !('requested' in job.state || 'granted' in job.state)) return { job: null };
      try {
        await clients.access.fail_job({ job: job.id, reason: reason.slice(0, 400) });
        return { job: Number(job.id) };
      } catch (error) {
        // Its checkpoint was submitted, or it was closed, since it was read.
        if (error instanceof CanisterError && error.code === 'notYet') return { job: null };
        throw error;
      }
    },
  };
}

/** @throws ActivityError `refused`, before anything is asked for or paid */
function mustSuit({ price, recipes }: Terms, recipe: string, reward: string): void {
  if (BigInt(reward) < price)
    throw new ActivityError(
      'refused',
      { reward, price: String(price) },
      `The provider asks for ${price} e8s a job, and the round offers ${reward}; raise its "reward", or name another ` +
        'provider.',
    );
  if (recipes && !recipes.includes(recipe))
    throw new ActivityError(
      'refused',
      { recipe },
      `The provider does not run recipe ${recipe}; name another provider, or ask it to take the recipe on.`,
    );
}

/** @throws ActivityError `notFound` · `notAccepted` · `wrongHash` */
async function approvedRecipe(clients: Clients, recipe: string): Promise<RecipeManifest> {
  const known = await clients.access.get_recipe(recipe);
  if (!known)
    throw new ActivityError(
      'notFound',
      { recipe },
      `The access canister knows no recipe ${recipe}; have it submitted and approved first.`,
    );
  if (!('approved' in known.recipe.status))
    throw new ActivityError(
      'notAccepted',
      { recipe },
      `Recipe ${known.recipe.name} ${known.recipe.version} is not approved yet; have it voted in first.`,
    );
  const document = new Uint8Array(known.document);
  if (documentId(document) !== recipe)
    throw new ActivityError(
      'wrongHash',
      { recipe },
      `The document served for recipe ${recipe} is another one; do not trust this network.`,
    );
  return parseRecipe(document);
}

const defaultsOf = ({ hyperparameters }: RecipeManifest): Record<string, number | string> =>
  Object.fromEntries(Object.entries(hyperparameters).map(([name, range]) => [name, range.default]));

/**
 * A job, on the whole subnet's word: what follows from it is paid, released and wiped. @throws ActivityError `notFound`
 */
export const readJob = (clients: Clients, job: number): Promise<Access.Job> => known(clients.certified, job);

/** The same for looking often: by one node's word, until that says what something follows from. */
export async function lookAtJob(
  clients: Clients,
  job: number,
  matters: (job: Access.Job) => boolean,
): Promise<Access.Job> {
  const glanced = await known(clients, job);
  return matters(glanced) ? readJob(clients, job) : glanced;
}

async function known({ access }: Pick<Canisters, 'access'>, job: number): Promise<Access.Job> {
  const known = await access.get_job(BigInt(job));
  if (!known)
    throw new ActivityError('notFound', { job }, `The access canister knows no job ${job}; check the number.`);
  return known;
}

/**
 * The approval that the job's digest names: what was paid and granted is what runs. @throws ActivityError `wrongHash`
 */
export function approvalOf(job: Access.Job): Approval {
  const document = new Uint8Array(job.approval);
  if (documentId(document) !== job.approval_digest)
    throw new ActivityError(
      'wrongHash',
      { job: Number(job.id) },
      `Job ${job.id} has another digest than its approval document; do not run it.`,
    );
  return parseApproval(document);
}

/** @throws ActivityError `notFound` · `notAccepted` · `wrongHash` */
async function termsOf(clients: Clients, number: number): Promise<JobTerms> {
  const job = await readJob(clients, number);
  const { recipe, arguments: given, seed, base } = approvalOf(job);
  const registered = await clients.certified.access.get_provider(job.provider);
  return {
    ...viewOf(clients.network, job),
    providerName: registered && 'approved' in registered.status ? registered.name : null,
    clientRef: job.client_ref,
    recipe,
    arguments: given,
    defaults: defaultsOf(await approvedRecipe(clients, recipe)),
    payer: job.named_payer[0]?.toText() ?? null,
    seed,
    base,
    datasets: job.datasets.map(({ dataset, epoch }) => ({ id: dataset, epoch })),
  };
}

function viewOf(network: IcNetwork, job: Access.Job): JobView {
  const [state, detail] = Object.entries(job.state)[0] as [JobView['state'], string | null];
  return {
    job: Number(job.id),
    provider: job.provider.toText(),
    state,
    why: state === 'failed' ? (detail ?? '') : '',
    checkpoint: state === 'submitted' ? detail : null,
    approvalDigest: job.approval_digest,
    fees: job.fees.toString(),
    reward: job.reward.toString(),
    contributors: [...new Set(job.datasets.map((dataset) => dataset.contributor.toText()))],
    needVote: job.datasets.filter((dataset) => 'vote' in dataset.access).map((dataset) => dataset.dataset),
    deadline: new Date(Number(job.deadline / 1_000_000n)).toISOString(),
    link: pageOf(network, 'jobs', job.id),
  };
}
