import { operation, service } from 'nexus-rpc';
import type { RequestAccess, RequestedAccess } from '@livepod/activities/ports';

/** What a provider offers through its Nexus endpoint; behind each operation stands a workflow in the provider's own namespace. */
export const trainingService = service('training', {
  requestAccess: operation<RequestAccess, RequestedAccess>(),
  train: operation<{ job: number }, { checkpoint: string }>(),
});
