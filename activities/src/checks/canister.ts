import type { Clients } from '@livepod/client';
import type { CheckedWorkflow, ChecksPort, Finding } from './port.js';
import { channelToAdoptOn, checkpointToReview, releaseToRollOut, rollback, type Named } from './releases.js';
import { baseOf, datasetsOf, providerOf, recipeOf, roundUsedBefore, type RecipeFound } from './rounds.js';
import { schemasOf } from './schemas.js';
import { titlesOf } from './titles.js';

export { ofOneSchema } from './schemas.js';

/** Whom rounds can be given to. */
export interface Providers {
  /** Names of Nexus endpoints; undefined where the server keeps its list to itself. */
  names(): Promise<string[] | undefined>;
  /** Whether we hold a key in common with that namespace. */
  shareKey(name: string): boolean;
}

export interface ChecksParts {
  clients: Clients;
  providers: Providers;
}

interface Round extends Named {
  round: string;
  provider: string;
  recipe: string;
  arguments: Record<string, number | string>;
  datasets: string[];
  trainOn: string[];
  base: string | null;
}

/** What is compared with the world, for each workflow: its findings in the order of its fields. */
type Check = (parts: ChecksParts, input: never) => Promise<Finding[][]>;

const CHECKS: Record<CheckedWorkflow, Check> = {
  lifecycle: async (parts, round: Round) => {
    const recipe = await recipeOf(parts.clients, round);
    return [
      await roundUsedBefore(parts.clients, { ...round, datasets: [...round.datasets, ...round.trainOn] }),
      await channelToAdoptOn(parts.clients, round, recipe),
      ...(await training(parts, round, recipe)),
    ];
  },
  datasetIntake: async ({ clients }, { datasets }: Pick<Round, 'datasets'>) => [
    await datasetsOf(clients, 'datasets', datasets, ['submitted', 'accepted']),
  ],
  trainingRound: async (parts, round: Omit<Round, 'trainOn'>) => [
    await roundUsedBefore(parts.clients, round),
    ...(await training(
      parts,
      { ...round, trainOn: round.datasets, datasets: [] },
      await recipeOf(parts.clients, round),
      'datasets',
    )),
  ],
  checkpointReview: async ({ clients }, review: Named & { round: string; checkpoint: string }) => [
    await checkpointToReview(clients, review),
  ],
  modelRollout: async ({ clients }, rollout: Named & { release: number; waves: number }) => [
    await releaseToRollOut(clients, rollout),
  ],
  modelRollback: async ({ clients }, input: Named & { version: number; reason: string; ref: string }) => [
    await rollback(clients, input),
  ],
  recurringRound: async (parts, round: Omit<Round, 'datasets' | 'trainOn' | 'base' | 'round'>) => {
    const recipe = await recipeOf(parts.clients, round);
    return [
      await channelToAdoptOn(parts.clients, round, recipe, 'later'),
      recipe.findings,
      await providerOf(parts.clients, parts.providers, round.provider),
    ];
  },
};

/** @param trainOn  what the list of accepted datasets is called in this input */
async function training(
  { clients, providers }: ChecksParts,
  round: Omit<Round, 'channel' | 'round'>,
  recipe: RecipeFound,
  trainOn = 'trainOn',
) {
  const datasets = await datasetsOf(clients, 'datasets', round.datasets, ['submitted', 'accepted']);
  const accepted = await datasetsOf(clients, trainOn, round.trainOn, ['accepted']);
  const named = [
    // What is accepted comes first: the others are compared with it.
    ...round.trainOn.map((id, index) => ({ id, path: `${trainOn}[${index}]` })),
    ...round.datasets.map((id, index) => ({ id, path: `datasets[${index}]` })),
  ];
  const missing = new Set([...datasets, ...accepted].map(({ path }) => path));
  const there = named.filter(({ path }) => !missing.has(path));
  return [
    recipe.findings,
    await providerOf(clients, providers, round.provider),
    datasets,
    accepted,
    await schemasOf(clients, there, recipe.document),
    await baseOf(clients, round.base, recipe.document, there[0]?.id),
  ];
}

/** Reads canisters and the list of providers; changes nothing. */
export function canisterChecks(parts: ChecksParts): ChecksPort {
  return {
    async input({ workflow, input }) {
      const { ids, named, findings } = await titlesOf(parts.clients, workflow, input);
      const checked = await CHECKS[workflow](parts, named as never);
      const unknown = new Set(findings.map(({ path }) => path));
      return { findings: [...findings, ...checked.flat().filter(({ path }) => !unknown.has(path))], ids };
    },
  };
}
