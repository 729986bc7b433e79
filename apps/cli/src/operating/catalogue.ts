import type { RecurringRoundInput } from '@livepod/workflows';
import type { StartableType } from './check.js';
import type { Known } from './known.js';

/** A workflow that a person may start. */
export interface Startable {
  type: StartableType;
  queue: 'orchestrator' | 'rollback';
  what: string;
  /** The usual workflow id for an input. */
  id: (input: Record<string, unknown>) => string;
  /** An input with what this installation knows; undefined while something for it is missing, which `needs` names. */
  sample: (known: Known) => Record<string, unknown> | undefined;
  needs: string;
}

/** Everything that can be started from the UI's form, in the order in which an operator meets it. */
export const STARTABLE: readonly Startable[] = [
  {
    type: 'lifecycle',
    queue: 'orchestrator',
    what: 'one model round: datasets voted in, trained, measured, voted, paid, rolled out',
    id: ({ round }) => `lifecycle-${round}`,
    needs: 'an approved recipe and a dataset',
    sample: ({ round, recipe, provider, submitted, accepted, base, few, plan }) =>
      recipe && submitted.length + accepted.length > 0
        ? {
            round,
            recipe,
            provider,
            datasets: submitted.slice(0, 3),
            trainOn: accepted.slice(0, 8),
            base,
            arguments: few,
            plan,
            approveWaves: false,
          }
        : undefined,
  },
  {
    type: 'datasetIntake',
    queue: 'orchestrator',
    what: 'checks datasets and puts each to the vote, without a round',
    id: ({ round }) => `intake-${round}`,
    needs: 'a registered dataset',
    sample: ({ round, submitted, accepted }) =>
      submitted.length + accepted.length > 0 ? { round, datasets: [...submitted, ...accepted].slice(0, 1) } : undefined,
  },
  {
    type: 'trainingRound',
    queue: 'orchestrator',
    what: 'one checkpoint trained by a provider; the escrow stays until its review',
    id: ({ round }) => `training-${round}`,
    needs: 'an approved recipe and an accepted dataset',
    sample: ({ round, recipe, provider, accepted, base, few }) =>
      recipe && accepted.length > 0
        ? {
            round,
            provider,
            recipe,
            arguments: few,
            seed: 1,
            datasets: accepted.slice(0, 4),
            base,
            reward: '500000000',
            deadlineSeconds: 3600,
          }
        : undefined,
  },
  {
    type: 'checkpointReview',
    queue: 'orchestrator',
    what: 'has a submitted checkpoint measured, and puts it to the vote',
    id: ({ round }) => `review-${round}`,
    needs: 'a checkpoint that is not stable yet',
    sample: ({ round, channel, checkpoint, plan }) => (checkpoint ? { round, checkpoint, channel, plan } : undefined),
  },
  {
    type: 'modelRollout',
    queue: 'orchestrator',
    what: 'brings an open release to its pods, wave by wave',
    id: ({ release }) => `rollout-${String(release)}`,
    needs: 'an open release',
    sample: ({ release }) =>
      release ? { release: release.id, channel: release.channel, waves: release.waves } : undefined,
  },
  {
    type: 'modelRollback',
    queue: 'rollback',
    what: 'sets a channel to any official version by a vote; on a queue of its own',
    id: ({ channel, ref }) => `rollback-${channel}-${ref}`,
    needs: 'a version before the stable one',
    sample: ({ drill, channel, versions, stable }) =>
      stable !== null && versions.some((version) => version < stable)
        ? {
            channel,
            version: versions.findLast((version) => version < stable)!,
            reason: 'A drill: back to an earlier version',
            ref: drill.slice(0, 16),
          }
        : undefined,
  },
  {
    type: 'recurringRound',
    queue: 'orchestrator',
    what: 'a round of whatever is new; for a schedule, and ends at once when nothing is',
    id: () => 'rounds-by-hand',
    needs: 'an approved recipe',
    sample: ({ recipe, provider, channel, plan }) =>
      recipe ? ({ recipe, provider, channel, atLeast: 1, plan } satisfies RecurringRoundInput) : undefined,
  },
  {
    type: 'treasuryWatch',
    queue: 'orchestrator',
    what: 'settles what nobody settled and collects what was left behind; on a schedule',
    id: () => 'treasury-watch-by-hand',
    needs: 'nothing',
    sample: () => ({}),
  },
];

export const startable = (type: string): Startable | undefined => STARTABLE.find((one) => one.type === type);
