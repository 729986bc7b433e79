import type { Asked, OperatorAction } from '@livepod/protocol';

export type { OperatorAction };

/** Whose decision an update is. */
export interface Authority {
  /** The person's principal. */
  operator: string;
  /** Until when the token holds, as ISO 8601 text. */
  until: string;
}

/** What an update asks for. Runs that began before tokens named an object say neither that nor their own state. */
export type Authorisation = Pick<Asked, 'action' | 'workflow'> & Partial<Asked> & { token: string };

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
  authorise(request: Authorisation): Promise<Authority>;
}
