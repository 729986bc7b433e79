import { operation, service } from 'nexus-rpc';
import type { RequestAccess, RequestedAccess } from '@livepod/activities/ports';

/**
 * What a provider offers through its Nexus endpoint; behind each operation stands a workflow in the provider's own
 * namespace.
 */
export const trainingService = service('training', {
  requestAccess: operation<RequestAccess, RequestedAccess>(),
  /** Ends what `requestAccess` of this round began, if it is there and has brought no checkpoint. */
  giveUp: operation<{ round: string; attempt?: number; reason: string }, { job: number | null }>(),
  train: operation<{ job: number }, { checkpoint: string }>(),
});
