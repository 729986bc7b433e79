import type { Asked, OperatorAction } from '@livepod/protocol';

export type { OperatorAction };

/** Whose decision an update is. */
export interface Authority {
  /** The person's principal. */
  operator: string;
  /** Until when the token holds, as ISO 8601 text. */
  until: string;
}

/**
 * Who may do what is a signed token's to say, and the fleet canister's; never the identity string that Temporal shows.
 */
export interface OperatorsPort {
  /**
   * Checks form, signature, time, action, workflow, object and state of a token, and asks the fleet canister whether
   * its signer is an operator. `state` is the workflow's own; where a release or a job stands is asked of its canister.
   *
   * @throws ActivityError `notAuthorized` (never retried), with a sentence for the operator
   */
  authorise(request: Asked & { token: string }): Promise<Authority>;
}
