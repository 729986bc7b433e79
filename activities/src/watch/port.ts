/** What somebody's workflow left open and nobody goes on with. */
export interface Leftover {
  /** For people: `round round-7`, `release 3`. */
  of: string;
  /** `lifecycle-round-7 was terminated`. */
  why: string;
  /** What to look at again before anything is done: whether a workflow with this search attribute runs. */
  by: { attribute: 'round' | 'release' | 'model' | 'proposal'; value: string };
  proposals: number[];
  jobs: number[];
  releases: number[];
}

/** What was done with it: numbers of proposals taken back, jobs given up, escrows paid back, releases stopped. */
export interface Settled {
  withdrawn: number[];
  failed: number[];
  refunded: number[];
  stopped: number[];
}

/**
 * Finds what a termination, which runs no code, and a compensation that failed leave behind. Asks the canisters what is
 * open, never history for what ended, so a look costs what is open however old the installation is, and what is settled
 * is never looked at again.
 */
export interface WatchPort {
  /**
   * Open proposals of ours, jobs we pay for and releases, of which some workflow ended without finishing and none runs.
   * At most 100.
   *
   * @param request.quietSeconds  how long ago the last of their workflows must have ended
   */
  leftovers(request: { quietSeconds: number }): Promise<Leftover[]>;
  /**
   * Takes back, gives up, refunds and stops what is named, unless somebody goes on with it now. A repeat finds nothing
   * left to do.
   */
  settle(leftover: Leftover): Promise<Settled>;
  /**
   * Collects room in buckets that was promised to datasets which nobody registered in time, and empties surplus
   * buckets; and the chunks of checkpoints that jobs put and never submitted.
   */
  rooms(): Promise<{ rooms: number; bytes: number; buckets: string[]; checkpoints: { jobs: number; bytes: number } }>;
  /**
   * Removes objects below `datasets/` that belong to no registered dataset and are older than the canister's limit, and
   * ends uploads in parts that are older; some thousand folders at a time.
   *
   * @param request.after  where the last look ended, or null to begin
   * @returns `next` where to go on, or null at the end
   */
  objects(request: { after: string | null }): Promise<{ objects: number; uploads: number; next: string | null }>;
  /** Canisters and buckets with fewer cycles than this. */
  balances(request: { least: string }): Promise<{ canister: string; id: string; cycles: string }[]>;
}
