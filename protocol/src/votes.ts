/**
 * The outcome of a vote: SNS's rule, for whoever reads a proposal. The Rust of it is `protocol::votes`; both are held
 * to `vectors/votes.json`.
 */

/** Power that voted, and the quorum: how much of all power must say yes at the deadline, in 1/10000. */
export interface VoteCount {
  yes: bigint;
  no: bigint;
  total: bigint;
  /** SNS's default when it is not given. */
  quorumBasisPoints?: bigint | undefined;
}

/** SNS's default quorum, 3 %. */
export const QUORUM_BASIS_POINTS = 300n;
/** The error type by which a proposal says that its proposer took it back; SNS has none above 19. */
export const WITHDRAWN_ERROR = 20;

/** More than half of all power says yes; or at the deadline more yes than no, and yes reaches the quorum. */
export const isCarried = ({ yes, no, total, quorumBasisPoints = QUORUM_BASIS_POINTS }: VoteCount): boolean =>
  2n * yes > total || (yes > no && 10_000n * yes >= quorumBasisPoints * total);

/** True when no vote that may still come changes the outcome: it may be decided before its deadline. */
export const isSettled = ({ yes, no, total }: VoteCount): boolean => 2n * yes > total || 2n * no >= total;

/** `adopted` lasts only until the execution has ended as `executed` or `failed`. */
export type VoteOutcome = 'open' | 'rejected' | 'adopted' | 'executed' | 'failed' | 'withdrawn';

/** How far a proposal has come. */
export interface VoteStanding extends VoteCount {
  decided: boolean;
  executed: boolean;
  failed: boolean;
  /** Taken back by its proposer, which governance records as a failure of its own kind. */
  withdrawn: boolean;
}

export function outcomeOfVote(standing: VoteStanding): VoteOutcome {
  if (standing.withdrawn) return 'withdrawn';
  if (!standing.decided) return 'open';
  if (standing.failed) return 'failed';
  if (standing.executed) return 'executed';
  return isCarried(standing) ? 'adopted' : 'rejected';
}
