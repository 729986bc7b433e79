import type { OperatorAction } from '@livepod/protocol';

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
   * Checks form, signature, time, action and workflow of a token, and asks the fleet canister whether its signer is an
   * operator.
   *
   * @throws ActivityError `notAuthorized` (never retried), with a sentence for the operator
   */
  authorise(request: { token: string; action: OperatorAction; workflow: string }): Promise<Authority>;
}
