/** What a round asks a provider to run. Amounts in e8s as text. */
export interface RequestAccess {
  round: string;
  recipe: string;
  arguments: Record<string, number | string>;
  seed: number;
  datasets: { id: string; epoch: number }[];
  base: string | null;
  reward: string;
  deadlineSeconds: number;
  /** Who pays, and the most that fees and reward may come to: the job's approval names both. */
  payer?: string;
  ceiling?: string;
  /** From 2 on when a round asks again after a failure: another reference, so another job. */
  attempt?: number;
}

export interface RequestedAccess {
  job: number;
  approvalDigest: string;
}

export interface JobView {
  job: number;
  provider: string;
  state: 'requested' | 'granted' | 'submitted' | 'completed' | 'failed' | 'refunded';
  why: string;
  checkpoint: string | null;
  approvalDigest: string;
  /** e8s */
  fees: string;
  reward: string;
  contributors: string[];
  /** Datasets whose licence asks for a vote on each access. */
  needVote: string[];
  /** When its grants end, as ISO 8601 text. */
  deadline: string;
  /** Its page, where there is one. */
  link?: string;
}

/** A job with all that its approval document says, to be compared with what was ordered. */
export interface JobTerms extends JobView {
  /** The name that voters approved the provider under; null for one that they did not. */
  providerName: string | null;
  clientRef: string;
  recipe: string;
  /** Every argument of the recipe, and what the recipe has for those that nobody names. */
  arguments: Record<string, number | string>;
  defaults: Record<string, number | string>;
  /** Whom its approval lets pay; null: whoever comes first. */
  payer?: string | null;
  seed: number;
  base: string | null;
  datasets: { id: string; epoch: number }[];
}

/** Jobs as the orchestrator sees them. */
export interface AccessPort {
  /**
   * Whether a round could be run at all: the provider can be reached, the recipe is approved, its arguments are in
   * range, the base is official. Asked before anything is begun.
   *
   * @throws ActivityError `notFound` · `notAccepted` · `outOfRange` (never retried), with a sentence for the operator
   */
  preflight(request: {
    provider: string;
    recipe: string;
    arguments: Record<string, number | string>;
    base: string | null;
  }): Promise<void>;
  /** What a job is, on the whole subnet's word: it is about to be paid. @throws ActivityError `wrongHash` */
  job(request: { job: number }): Promise<JobTerms>;
  /** Waits until every dataset of the job is granted. @throws ActivityError `jobClosed` when it failed instead */
  granted(request: { job: number }): Promise<JobView>;
  /**
   * Moves the job's deadline, and with it its grants'. The canister asks for an operator's token, and allows 30 days
   * from the request.
   *
   * @param request.until  ISO 8601 text
   */
  extend(request: { job: number; until: string; token: string }): Promise<JobView>;
  /** Ends a job that will not be finished; its grants are revoked. A job that is over already is left as it is. */
  fail(request: { job: number; reason: string }): Promise<void>;
}

/** The provider's side: asking for a job's grants. */
export interface RequestingPort {
  /**
   * Writes the approval document and asks the access canister for a job; the same `clientRef` is the same job.
   *
   * @param request.deadline  nanoseconds since 1970, as text
   */
  request(
    request: Omit<RequestAccess, 'deadlineSeconds' | 'attempt'> & { clientRef: string; deadline: string },
  ): Promise<RequestedAccess>;
  /** Ends the job of that reference; null where there is none, or it is over, or its checkpoint is there. */
  giveUp(request: { clientRef: string; reason: string }): Promise<{ job: number | null }>;
}
