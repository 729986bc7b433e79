import type { Plan } from '@livepod/protocol';

export type { Plan };

/**
 * What a vote may change: the governed functions of the canisters, with their payloads (amounts in e8s as text, times
 * in the plan in seconds).
 */
export type GovernedCall =
  | { call: 'acceptDataset'; dataset: string }
  | { call: 'grantAccess'; job: number }
  | { call: 'adoptCheckpoint'; checkpoint: string; channel: string; plan: Plan }
  | { call: 'rollbackChannel'; channel: string; version: number; reason: string }
  | {
      call: 'slashBond';
      holder: string;
      purpose: 'provider' | 'contributor';
      amount: string;
      reason: string;
      evidence: string;
    }
  | { call: 'stopRelease'; release: number; reason: string };

export interface ProposalRequest {
  action: GovernedCall;
  /** Chosen by the workflow, at most 50 bytes; the same reference is the same proposal. */
  clientRef: string;
  title: string;
  summary: string;
}

export interface ProposalReceipt {
  id: number;
  /** When voting ends at the latest, as ISO 8601 text. */
  deadline: string;
  /** Its page, where there is one. */
  link?: string;
}

export interface Decision {
  proposal: number;
  /**
   * `failed`: adopted, but the canister could not carry it out; `why` says so in its words. `withdrawn` by its
   * proposer.
   */
  outcome: 'adopted' | 'rejected' | 'failed' | 'withdrawn';
  why: string;
  /** Shares of all voting power, in tenths of a percent. */
  yesPermille: number;
  noPermille: number;
}

/** Proposals and their outcome. */
export interface GovernancePort {
  /** Submits one proposal. A repeat with the same `clientRef` returns the first one's receipt. */
  propose(request: ProposalRequest): Promise<ProposalReceipt>;
  /** Submits several, in the order given; safe to repeat after any of them. */
  proposeAll(request: { proposals: ProposalRequest[] }): Promise<ProposalReceipt[]>;
  /** Waits for the vote and its execution; not decided yet is a retry at the server's cost, not an event in history. */
  decision(request: { proposal: number }): Promise<Decision>;
  /** The same for several proposals at once: returns when the last one is decided. */
  decisions(request: { proposals: number[] }): Promise<Decision[]>;
  /** Takes back what is still open of the proposals submitted under these references. */
  withdraw(request: { clientRefs: string[] }): Promise<{ withdrawn: number[] }>;
}
