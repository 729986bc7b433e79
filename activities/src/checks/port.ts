import type { Finding } from '@livepod/protocol/findings';

export type { Finding };

/** Workflows whose input names things that must be there. */
export type CheckedWorkflow =
  | 'lifecycle'
  | 'datasetIntake'
  | 'trainingRound'
  | 'checkpointReview'
  | 'modelRollout'
  | 'modelRollback'
  | 'recurringRound';

export interface InputToCheck {
  workflow: CheckedWorkflow;
  /**
   * As its guard read it: every field that was left out has its default. Fields that are malformed are missing, and
   * such entries of lists are null: what is there is compared, so that all that is wrong is said at once.
   */
  input: Record<string, unknown>;
}

export interface InputChecked {
  /** All that is wrong, in the order of the input's fields; none: it can begin. */
  findings: Finding[];
  /** Ids of the datasets that the input calls by their titles. */
  ids: Record<string, string>;
}

/** Compares an input with the world before anything is begun. Reads only. */
export interface ChecksPort {
  input(request: InputToCheck): Promise<InputChecked>;
}
