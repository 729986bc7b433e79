import { ApplicationFailure } from '@temporalio/workflow';
import type { Decision } from '@livepod/activities/ports';

/** A vote did not give what the workflow cannot go on without. Never retried. */
export const votedDown = (what: string, decision: Decision): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${what} was ${decision.outcome} by proposal ${decision.proposal}: ${decision.why}`,
    'VotedDown',
    { proposal: decision.proposal, outcome: decision.outcome },
  );

/** The vote passed, but the canister could not carry it out. */
export const notExecuted = (what: string, decision: Decision): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${what}: proposal ${decision.proposal} passed, but failed to execute: ${decision.why}. Propose it again ` +
      'once the cause is gone.',
    'NotExecuted',
    { proposal: decision.proposal },
  );

/**
 * The failure that began it all, as its activity or workflow said it: its sentence is for people, its type for
 * programs.
 */
export function causeOf(error: unknown): ApplicationFailure {
  let deepest = error as Error & { cause?: unknown };
  while (deepest.cause instanceof Error && deepest.cause.message !== '') deepest = deepest.cause;
  return deepest instanceof ApplicationFailure
    ? deepest
    : ApplicationFailure.nonRetryable(deepest.message, deepest.name);
}

/** Whether a person could mend what failed: not what voters decided, and not what was asked for in a wrong way. */
export const mendable = (error: unknown): boolean => !['VotedDown', 'InvalidInput'].includes(causeOf(error).type ?? '');
