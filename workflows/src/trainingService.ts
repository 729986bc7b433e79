import { operation, service } from 'nexus-rpc';
import type { RequestAccess, RequestedAccess } from '@livepod/activities/ports';

/** Where a job stands on its provider's hosts. */
export interface TrainingProgress {
  /** `unknown`: the provider has not begun with it. */
  state: 'unknown' | 'queued' | 'running' | 'over';
  /** Jobs before it. */
  ahead?: number;
  step?: string;
  epoch?: number;
  epochs?: number;
  loss?: string;
  /** A step that keeps failing, and how often it was tried. Why is the provider's to read, in its own namespace. */
  failing?: string;
  attempt?: number;
}

/**
 * What a provider offers through its Nexus endpoint; behind each operation stands a workflow in the provider's own
 * namespace.
 */
export const trainingService = service('training', {
  requestAccess: operation<RequestAccess, RequestedAccess>(),
  /** Ends what `requestAccess` of this round began, if it is there and has brought no checkpoint. */
  giveUp: operation<{ round: string; attempt?: number; reason: string }, { job: number | null }>(),
  train: operation<{ job: number }, { checkpoint: string }>(),
  /** Answers at once. Providers of the time before it do not have it. */
  progress: operation<{ job: number }, TrainingProgress>(),
});
