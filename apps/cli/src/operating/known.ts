import { planOfCandid, type Clients } from '@livepod/client';
import { PAGE_LIMIT, parseRecipe, wavesOf, type Plan } from '@livepod/protocol';
import type { Temporal, TemporalClient } from '@livepod/workers/temporal';

/** What an installation has that inputs can name. Ids in the canisters' order, the newest last where that is known. */
export interface Known {
  /** A round's name that is free. */
  round: string;
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
  /** The newest one that was submitted. */
  checkpoint: string | null;
  /** Official ones, and which of them is stable. */
  versions: number[];
  stable: number | null;
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
  const [submitted, accepted, recipes, checkpoints, channel, releases, { count }] = await Promise.all([
    datasets({ submitted: null }),
    datasets({ accepted: null }),
    clients.access.list_recipes({ after: [], limit: PAGE_LIMIT }),
    clients.models.list_checkpoints({ after: [], limit: PAGE_LIMIT, state: [] }),
    clients.models.get_channel(CHANNEL),
    clients.fleet.list_releases({ after: [], limit: PAGE_LIMIT }),
    client.workflow.count('WorkflowType = "lifecycle" AND LivepodRound STARTS_WITH "by-hand-"'),
  ]);
  const recipe = recipes.find(({ status }) => 'approved' in status);
  const newest = [...checkpoints].sort((a, b) => Number(a.submitted_at - b.submitted_at)).at(-1);
  const release = releases.at(-1);
  return {
    round: `by-hand-${count + 1}`,
    channel: CHANNEL,
    provider: temporal.nexusEndpoint,
    recipe: recipe?.id ?? null,
    few: recipe ? await short(clients, recipe.id) : {},
    submitted,
    accepted,
    base: channel?.stable[0]?.checkpoint ?? null,
    checkpoint: newest?.id ?? null,
    stable: channel?.stable[0]?.version ?? null,
    versions: checkpoints.flatMap(({ version }) => version).sort((a, b) => a - b),
    release: release
      ? { id: Number(release.id), channel: release.channel, waves: wavesOf(planOfCandid(release.plan)) }
      : null,
  };
}

async function short(clients: Clients, recipe: string): Promise<Record<string, number>> {
  const known = await clients.access.get_recipe(recipe);
  const epochs = known && parseRecipe(new Uint8Array(known.document)).hyperparameters['epochs'];
  return epochs?.kind === 'integer' ? { epochs: Math.max(epochs.min, Math.min(3, epochs.max)) } : {};
}
