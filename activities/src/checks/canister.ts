import type { Clients } from '@livepod/client';
import { foundBesides } from '@livepod/protocol';
import { found } from './found.js';
import type { CheckedWorkflow, ChecksPort, Finding } from './port.js';
import {
  channelToAdoptOn,
  checkpointToReview,
  releaseToRollOut,
  rollback,
  type NamedRelease,
  type NamedReview,
  type NamedRollback,
} from './releases.js';
import {
  baseOf,
  datasetsOf,
  providerOf,
  recipeOf,
  roundUsedBefore,
  type NamedRound,
  type RecipeFound,
} from './rounds.js';
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

/** Rollouts that run, whoever started them. */
export interface Rollouts {
  /** The id of a workflow, other than the one that asks, that brings this release to its pods. */
  driving(release: number): Promise<string | undefined>;
}

export interface ChecksParts {
  clients: Clients;
  providers: Providers;
  /** Absent where no Temporal server is asked, such as before a start by the command line. */
  rollouts?: Rollouts;
}

/** What is compared with the world, for each workflow: its findings in the order of its fields. */
type Check = (parts: ChecksParts, input: never) => Promise<Finding[][]>;

const CHECKS: Record<CheckedWorkflow, Check> = {
  lifecycle: async (parts, round: NamedRound) => {
    const recipe = await recipeOf(parts.clients, round);
    return [
      await roundUsedBefore(parts.clients, { ...round, datasets: bothLists(round) }),
      await channelToAdoptOn(parts.clients, round, recipe),
      ...(await training(parts, round, recipe)),
    ];
  },
  datasetIntake: async ({ clients }, { datasets }: NamedRound) => [
    await datasetsOf(clients, 'datasets', datasets, ['submitted', 'accepted']),
  ],
  trainingRound: async (parts, round: NamedRound) => [
    await roundUsedBefore(parts.clients, round),
    ...(await training(
      parts,
      { ...round, trainOn: round.datasets ?? [], datasets: [] },
      await recipeOf(parts.clients, round),
      'datasets',
    )),
  ],
  checkpointReview: async ({ clients }, review: NamedReview) => [await checkpointToReview(clients, review)],
  modelRollout: async ({ clients, rollouts }, rollout: NamedRelease) => [
    await releaseToRollOut(clients, rollout),
    await drivenElsewhere(rollouts, rollout),
  ],
  modelRollback: async ({ clients }, input: NamedRollback) => [await rollback(clients, input)],
  recurringRound: async (parts, round: NamedRound) => {
    const recipe = await recipeOf(parts.clients, round);
    return [
      await channelToAdoptOn(parts.clients, round, recipe, 'later'),
      recipe.findings,
      await providerOf(parts.clients, parts.providers, round.provider),
    ];
  },
};

/** A second rollout of a release would begin the waves that the first one waits for an approval of. */
async function drivenElsewhere(rollouts: Rollouts | undefined, { release }: NamedRelease): Promise<Finding[]> {
  const driver = release === undefined ? undefined : await rollouts?.driving(release);
  if (driver === undefined) return [];
  return [
    found('release', `is ${release}, which ${driver} brings to its pods`, {
      expected: 'a release that no rollout drives',
      remedy: 'Steer that one by its updates (`approve`, `pause`, `resume`), or end it first',
    }),
  ];
}

/** What a job of the round could be on; undefined where one of the lists cannot be read. */
const bothLists = ({ datasets, trainOn }: NamedRound): NamedRound['datasets'] =>
  datasets && trainOn && [...datasets, ...trainOn];

/** @param trainOn  what the list of accepted datasets is called in this input */
async function training(
  { clients, providers }: ChecksParts,
  round: NamedRound,
  recipe: RecipeFound,
  trainOn = 'trainOn',
) {
  const datasets = await datasetsOf(clients, 'datasets', round.datasets, ['submitted', 'accepted']);
  const accepted = await datasetsOf(clients, trainOn, round.trainOn, ['accepted']);
  const named = [
    // What is accepted comes first: the others are compared with it.
    ...(round.trainOn ?? []).map((id, index) => ({ id, path: `${trainOn}[${index}]` })),
    ...(round.datasets ?? []).map((id, index) => ({ id, path: `datasets[${index}]` })),
  ];
  const missing = new Set([...datasets, ...accepted].map(({ path }) => path));
  const there = named.filter(({ path }) => !missing.has(path));
  return [
    recipe.findings,
    await providerOf(clients, providers, round.provider),
    datasets,
    accepted,
    await schemasOf(clients, there, recipe.document),
    await baseOf(clients, round.base, recipe.document, there.flatMap(({ id }) => id ?? [])[0]),
  ];
}

/** Reads canisters and the list of providers; changes nothing. */
export function canisterChecks(parts: ChecksParts): ChecksPort {
  return {
    async input({ workflow, input }) {
      const { ids, named, findings } = await titlesOf(parts.clients, workflow, input);
      const checked = await CHECKS[workflow](parts, named as never);
      return { findings: foundBesides(findings, checked.flat()), ids };
    },
  };
}
