export interface DatasetCheck {
  id: string;
  title: string;
  contributor: string;
  /** `ready` to be proposed; `accepted` already; `refused` because of `why`. */
  state: 'ready' | 'accepted' | 'refused';
  why: string;
  megabytes: number;
  /** Its page, where there is one. */
  link?: string;
}

/** What a job needs to know of an accepted dataset. */
export interface DatasetTerms {
  id: string;
  epoch: number;
  /** e8s */
  fee: string;
  contributor: string;
  /** `vote`: every access is voted on; `fee`: paying the licence is enough. */
  access: 'fee' | 'vote';
}

export interface DatasetsPort {
  /**
   * Reads manifests, checks them and their chunks' presence where they are stored; one verdict per dataset, in order.
   */
  check(request: { datasets: string[] }): Promise<DatasetCheck[]>;
  /** Terms of accepted datasets, sorted by id. @throws ActivityError `notAccepted` naming the first that is not */
  terms(request: { datasets: string[] }): Promise<DatasetTerms[]>;
  /**
   * Which datasets wait to be proposed, and which are accepted; of each at most `limit`, in the order of their ids.
   *
   * @param request.recipe  only those that this recipe can learn from, and of one schema: that of most of them
   */
  standing(request: { limit: number; recipe?: string }): Promise<{ submitted: string[]; accepted: string[] }>;
  /** Marks datasets whose proposal was rejected. */
  close(request: { rejected: { dataset: string; proposal: number }[] }): Promise<void>;
}
