import { ApplicationFailure } from '@temporalio/workflow';
import type { Decision } from '@livepod/activities/ports';

/** A vote did not give what the workflow cannot go on without. Never retried. */
export const votedDown = (what: string, decision: Decision): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`${what} was ${decision.outcome} by proposal ${decision.proposal}: ${decision.why}`, 'VotedDown', { proposal: decision.proposal, outcome: decision.outcome });

/** The vote passed, but the canister could not carry it out. */
export const notExecuted = (what: string, decision: Decision): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`${what}: proposal ${decision.proposal} passed, but failed to execute: ${decision.why}. Propose it again once the cause is gone.`, 'NotExecuted', { proposal: decision.proposal });
