import { ofOneSchema } from '@livepod/activities/checks';
import { planOfCandid, type Clients, type Fleet, type Models } from '@livepod/client';
import { PAGE_LIMIT, parseRecipe, wavesOf, type Plan } from '@livepod/protocol';
import type { Temporal, TemporalClient } from '@livepod/workers/temporal';

/** What an installation has that inputs can name. Ids in the canisters' order, the newest last where that is known. */
export interface Known {
  /** A round's name that is free, and a rollback's reference. */
  round: string;
  drill: string;
  channel: string;
  provider: string;
  recipe: string | null;
  /** Arguments that make a training short, where the recipe has them. */
  few: Record<string, number>;
  /** How its releases reach their pods. */
  plan: Plan;
  submitted: string[];
  accepted: string[];
  /** The channel's stable checkpoint. */
  base: string | null;
  /** The newest one that a review could be about. */
  checkpoint: string | null;
  /** Those that were stable and no release of which was stopped, and which of them is stable. */
  versions: number[];
  stable: number | null;
  /** One that is open. */
  release: { id: number; channel: string; waves: number } | null;
}

const CHANNEL = 'stable';

/** Asks canisters and Temporal; changes nothing. */
export async function whatIsKnown(
  clients: Clients,
  temporal: Temporal,
  client: TemporalClient,
): Promise<Omit<Known, 'plan'>> {
  const datasets = async (status: { submitted: null } | { accepted: null }): Promise<string[]> =>
    (await clients.datasets.list_datasets({ after: [], limit: PAGE_LIMIT, status: [status] })).map(({ id }) => id);
  const [submitted, accepted, recipes, checkpoints, channel, releases, rounds, drills] = await Promise.all([
    datasets({ submitted: null }),
    datasets({ accepted: null }),
    clients.access.list_recipes({ after: [], limit: PAGE_LIMIT }),
    clients.models.list_checkpoints({ after: [], limit: PAGE_LIMIT, state: [] }),
    clients.models.get_channel(CHANNEL),
    clients.fleet.list_releases({ after: [], limit: PAGE_LIMIT }),
    client.workflow.count('WorkflowType = "lifecycle" AND LivepodRound STARTS_WITH "by-hand-"'),
    client.workflow.count('WorkflowType = "modelRollback"'),
  ]);
  const recipe = recipes.find(({ status }) => 'approved' in status);
  const bad = spoilt(checkpoints, releases);
  const stable = channel?.stable[0];
  const reviewable = checkpoints.filter(
    ({ id, state }) => !('rejected' in state) && !bad.checkpoints.has(id) && id !== stable?.checkpoint,
  );
  const newest = reviewable.sort((a, b) => Number(a.submitted_at - b.submitted_at)).at(-1);
  const open = releases.find(({ id }) => id === channel?.candidate[0]?.release);
  const good = recipe ? await ofOneSchema(clients, [...submitted, ...accepted], recipe.id) : new Set(submitted);
  const fit = (ids: string[]): string[] => ids.filter((id) => good.has(id) && !bad.datasets.has(id));
  return {
    round: `by-hand-${rounds.count + 1}`,
    drill: `drill-${drills.count + 1}`,
    channel: CHANNEL,
    provider: temporal.nexusEndpoint,
    recipe: recipe?.id ?? null,
    few: recipe ? await short(clients, recipe.id) : {},
    submitted: fit(submitted),
    accepted: fit(accepted),
    base: stable?.checkpoint ?? null,
    checkpoint: newest?.id ?? null,
    stable: stable?.version ?? null,
    versions: checkpoints
      .filter(({ id }) => !bad.checkpoints.has(id))
      .flatMap(({ version }) => version)
      .sort((a, b) => a - b),
    release: open ? { id: Number(open.id), channel: open.channel, waves: wavesOf(planOfCandid(open.plan)) } : null,
  };
}

/** Checkpoints whose release was stopped, and datasets that only those learnt from: no example is made of them. */
function spoilt(
  checkpoints: Models.Checkpoint[],
  releases: Fleet.Release[],
): { checkpoints: Set<string>; datasets: Set<string> } {
  const stopped = new Set(releases.filter(({ state }) => 'stopped' in state).map(({ checkpoint }) => checkpoint));
  const datasetsOf = (wanted: boolean): string[] =>
    checkpoints.filter(({ id }) => stopped.has(id) === wanted).flatMap(({ datasets }) => datasets);
  const proven = new Set(datasetsOf(false));
  return { checkpoints: stopped, datasets: new Set(datasetsOf(true).filter((id) => !proven.has(id))) };
}

async function short(clients: Clients, recipe: string): Promise<Record<string, number>> {
  const known = await clients.access.get_recipe(recipe);
  const epochs = known && parseRecipe(new Uint8Array(known.document)).hyperparameters['epochs'];
  return epochs?.kind === 'integer' ? { epochs: Math.max(epochs.min, Math.min(3, epochs.max)) } : {};
}
