import { MAX_JOB_DATASETS } from '@livepod/protocol/limits';
import { DEFAULT_PLAN } from '@livepod/protocol/plan';
import type { IntakeDecision } from './datasetIntake.js';
import {
  amount,
  contentId,
  datasetName,
  distinct,
  finding,
  flag,
  hyperparameters,
  integer,
  list,
  name,
  nullable,
  optional,
  plan,
  providerName,
  record,
  sentence,
  together,
  type Guard,
  type Guarded,
} from './guards.js';

const fields = record({
  round: name,
  channel: optional(name, 'stable'),
  recipe: contentId,
  provider: providerName,
  datasets: optional(distinct(list(datasetName, 0, MAX_JOB_DATASETS)), []),
  trainOn: optional(distinct(list(datasetName, 0, MAX_JOB_DATASETS)), []),
  base: optional(nullable(contentId), null),
  arguments: optional(hyperparameters, {}),
  seed: optional(integer(0, 2 ** 32 - 1), 1),
  reward: optional(amount, '500000000'),
  deadlineSeconds: optional(integer(30, 30 * 24 * 3600), 3600),
  plan: optional(plan, DEFAULT_PLAN),
  requireBetterThanParent: optional(flag, false),
  /** Why a checkpoint that is worse than its parent may be put to the vote all the same. */
  acceptWorse: optional(nullable(sentence), null),
  /** Whether bonds are put up for slashing when the release stops itself: a person's word, never a counter's. */
  proposeSlashing: optional(flag, false),
  approveWaves: optional(flag, false),
  holdSeconds: optional(integer(0, 30 * 24 * 3600), 24 * 3600),
});
/** What a round is asked to be: every field that was left out has its default. */
export type Round = Guarded<typeof fields>;

export const input: Guard<Round> = together(fields, ({ datasets, trainOn }) => {
  if (datasets === undefined || trainOn === undefined) return [];
  const all = new Set([...datasets, ...trainOn]).size;
  if (all === 0)
    return [
      finding(
        'datasets',
        'names no dataset, and "trainOn" neither',
        'Give datasets to take in, or accepted ones to train on',
      ),
    ];
  if (all <= MAX_JOB_DATASETS) return [];
  const split = `A job takes at most ${MAX_JOB_DATASETS}; split the round`;
  return [finding('datasets', `and "trainOn" name ${all} datasets`, split)];
});

/** Only round, recipe, provider and datasets (or trainOn) are needed. */
export type LifecycleInput = Pick<Round, 'round' | 'recipe' | 'provider'> & Partial<Round>;

export interface LifecycleResult {
  round: string;
  datasets: IntakeDecision[];
  job: number | null;
  escrow: number | null;
  checkpoint: string | null;
  version: number | null;
  /** Values by the names of the task's figures. */
  evaluation: Record<string, string> | null;
  /** By how much it is worse than its parent, in words; null where it is not. */
  worse: string | null;
  decision: 'adopted' | 'rejected' | null;
  release: number | null;
  outcome: 'completed' | 'stopped' | 'superseded' | 'rejected' | 'nothingAccepted' | 'aborted';
  why: string;
  /** Proposals to slash bonds, when the release stopped itself. */
  slashing: number[];
}

export const nothingYet = ({ round }: Round): LifecycleResult => ({
  round,
  datasets: [],
  job: null,
  escrow: null,
  checkpoint: null,
  version: null,
  evaluation: null,
  worse: null,
  decision: null,
  release: null,
  outcome: 'completed',
  why: '',
  slashing: [],
});

/** How it ended, in one sentence. */
export function ending(result: LifecycleResult): string {
  const worse = result.worse === null ? '' : `, *worse* than its parent (${result.worse}),`;
  switch (result.outcome) {
    case 'completed':
      return `Version ${result.version}${worse} reached the whole channel`;
    case 'aborted':
      return `Aborted: ${result.why}`;
    case 'stopped':
      return `Release ${result.release}${worse} was stopped: ${result.why}`;
    default:
      return `Ended without a release: ${result.why}`;
  }
}

/** From its second attempt on a stage says which one it is: its references are then new ones. */
export const again = (attempt: number): { attempt?: number } => (attempt === 1 ? {} : { attempt });
