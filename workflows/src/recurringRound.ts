import { DEFAULT_PLAN } from '@livepod/protocol/plan';
import { executeChild, ParentClosePolicy, patched, workflowInfo } from '@temporalio/workflow';
import { undoingOnFailure } from './compensations.js';
import {
  amount,
  contentId,
  flag,
  hyperparameters,
  integer,
  matching,
  name,
  nullable,
  optional,
  plan,
  providerName,
  reading,
  record,
  sentence,
  type Guarded,
} from './guards.js';
import { comparedWithTheWorld, refusal } from './inputs.js';
import { lifecycle } from './lifecycle.js';
import { narrate, workflowPage, type Tell } from './narration.js';
import { datasets, models } from './ports.js';
import type { LifecycleResult } from './round.js';
import { mark } from './searchAttributes.js';

export const input = record({
  recipe: contentId,
  provider: providerName,
  channel: optional(name, 'stable'),
  /** The round is named by this and the minute it begins in. */
  prefix: optional(
    matching(
      /^[a-z][a-z0-9]{0,7}$/,
      'Give 1 to 8 lower-case letters and digits, beginning with a letter, such as "daily"',
    ),
    'daily',
  ),
  /** It begins only when so many new datasets wait. */
  atLeast: optional(integer(1, 1000), 1),
  /** Whether it trains on what was accepted before, too. */
  trainOnAccepted: optional(flag, true),
  /** Whether it goes on from the channel's stable version. */
  fromStable: optional(flag, true),
  arguments: optional(hyperparameters, {}),
  reward: optional(amount, '500000000'),
  deadlineSeconds: optional(integer(30, 30 * 24 * 3600), 3600),
  plan: optional(plan, DEFAULT_PLAN),
  requireBetterThanParent: optional(flag, true),
  acceptWorse: optional(nullable(sentence), null),
  holdSeconds: optional(integer(0, 30 * 24 * 3600), 24 * 3600),
});
type Recurring = Guarded<typeof input>;
export type RecurringRoundInput = Pick<Recurring, 'recipe' | 'provider'> & Partial<Recurring>;

export interface RecurringRoundResult {
  /** Null when too few new datasets waited. */
  round: string | null;
  waiting: number;
  outcome: LifecycleResult['outcome'] | null;
}

/**
 * A round of whatever is new, for a schedule: takes the datasets that wait, names the round by the date, and sees it
 * through.
 */
export async function recurringRound(request: RecurringRoundInput): Promise<RecurringRoundResult> {
  const read = reading(input, request);
  if ('findings' in read) throw await refusal('recurringRound', read);
  const asked = read.value;
  const tell = narrate('recurring', { provider: asked.provider, channel: asked.channel }, ['look', 'round']);
  mark({ stage: 'recurring', provider: asked.provider });
  return undoingOnFailure(tell, () => seenThrough(asked, tell));
}

async function seenThrough(asked: Recurring, tell: Tell): Promise<RecurringRoundResult> {
  const { prefix, atLeast, trainOnAccepted, fromStable, ...order } = asked;
  tell('Comparing the input with what is there');
  await comparedWithTheWorld('recurringRound', asked);
  tell('Looking for datasets that wait to be proposed', {}, { step: 'look' });
  const { submitted, accepted } = await datasets.standing({ limit: 500, recipe: order.recipe });
  if (submitted.length < atLeast) {
    tell(
      `${submitted.length} new datasets wait, and ${atLeast} make a round: nothing begins`,
      { waiting: submitted.length },
      { over: true },
    );
    mark({ outcome: 'nothingNew' });
    return { round: null, waiting: submitted.length, outcome: null };
  }
  const oneAtATime = patched('one-release-at-a-time');
  const channel = fromStable || oneAtATime ? await models.current({ channel: order.channel }) : null;
  const stable = fromStable ? (channel?.stable ?? null) : null;
  if (oneAtATime && channel?.candidate) {
    tell(
      `Release ${channel.candidate.release} is open on channel ${order.channel}: nothing begins`,
      { waiting: submitted.length, release: channel.candidate.release },
      { over: true },
    );
    mark({ outcome: 'releaseOpen' });
    return { round: null, waiting: submitted.length, outcome: null };
  }

  const round = nameOf(prefix, workflowInfo().startTime);
  const workflowId = `lifecycle-${round}`;
  mark({ round });
  tell(
    `Round ${round} takes in ${submitted.length} datasets`,
    { round, waiting: submitted.length },
    { step: 'round', waitsFor: `round ${round}`, links: { [`round ${round}`]: workflowPage(workflowId) } },
  );
  const result = await executeChild(lifecycle, {
    workflowId,
    staticSummary: `Round ${round}: ${submitted.length} new datasets`,
    // A round that began is not this schedule's to end.
    parentClosePolicy: ParentClosePolicy.ABANDON,
    args: [
      {
        ...order,
        round,
        datasets: submitted.slice(0, MOST),
        trainOn: trainOnAccepted ? accepted.slice(0, Math.max(0, MOST - submitted.length)) : [],
        base: stable?.checkpoint ?? null,
      },
    ],
  });
  tell(`Round ${round} ended: ${result.outcome}`, { outcome: result.outcome }, { over: true });
  mark({ outcome: result.outcome });
  return { round, waiting: submitted.length, outcome: result.outcome };
}

/** A job's datasets, at most: what is new goes first, and the rest waits for the next round. */
const MOST = 100;

/** `daily-20261102-0600`: the minute of its beginning in UTC; the schedule never has two at once. */
const nameOf = (prefix: string, at: Date): string =>
  `${prefix}-${at.toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}`;
