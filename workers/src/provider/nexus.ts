import { trainingService } from '@livepod/workflows';
import type { RequestAccess, RequestedAccess } from '@livepod/activities';
import { getClient, startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus';
import { serviceHandler } from 'nexus-rpc';
import { progressOf } from './progress.js';

/** Behind each operation stands a workflow of this namespace. A repeated operation finds the one that runs. */
export const trainingHandler = serviceHandler(trainingService, {
  requestAccess: new WorkflowRunOperationHandler<RequestAccess, RequestedAccess>((ctx, input) =>
    startWorkflow(ctx, 'accessRequest', {
      workflowId: `access-request-${input.round}${input.attempt ? `-${input.attempt}` : ''}`,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [input],
      staticSummary: `Access for ${input.round}`,
    }),
  ),
  giveUp: new WorkflowRunOperationHandler<{ round: string; attempt?: number; reason: string }, { job: number | null }>(
    (ctx, input) =>
      startWorkflow(ctx, 'accessGivenUp', {
        workflowId: `access-given-up-${input.round}${input.attempt ? `-${input.attempt}` : ''}`,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
        staticSummary: `Give up ${input.round}`,
      }),
  ),
  progress: (_, { job }) => progressOf(getClient(), job),
  train: new WorkflowRunOperationHandler<{ job: number }, { checkpoint: string }>((ctx, input) =>
    startWorkflow(ctx, 'trainingJob', {
      workflowId: `training-job-${input.job}`,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [input],
      staticSummary: `Job ${input.job}`,
    }),
  ),
});
