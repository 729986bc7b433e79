import { readFileSync } from 'node:fs';
import { WorkflowRunOperationHandler, startWorkflow } from '@temporalio/nexus';
import { trainingService } from '@livepod/workflows';
import { serviceHandler } from 'nexus-rpc';
import { buildIdOf } from '../src/bundle.js';
import { DEPLOYMENTS } from '../src/deployments.js';
import { main, runProcess } from '../src/process.js';
import type { Temporal } from '../src/temporal.js';
import { versioned } from '../src/versions.js';
import { worldActivities } from './worldService.js';

/**
 * A worker process like the real ones, but that its activities are a world's in another process, and its bundle is the
 * one it is given.
 */
export interface WorldWorker {
  role: keyof typeof DEPLOYMENTS;
  temporal: Temporal;
  /** A file with the workflow code. */
  bundle: string;
  /** Where bundles are kept. */
  folder: string;
  world: string;
  activities: string[];
  cached: number;
}

main(async () => {
  const {
    role,
    temporal,
    bundle,
    folder,
    world,
    activities: names,
    cached,
  } = JSON.parse(process.argv[2]!) as WorldWorker;
  const code = readFileSync(bundle, 'utf8');
  const activities = worldActivities(world, names);
  const queue = { activities, maxCachedWorkflows: cached, maxConcurrentActivityTaskExecutions: 50 };
  await runProcess(role, temporal, async (connection) => {
    const own = { connection, deployment: DEPLOYMENTS[role], bundle: { code, buildId: buildIdOf(code) }, folder };
    if (role === 'provider') {
      const staff = await versioned({
        ...own,
        namespace: temporal.providerNamespace,
        queues: [{ ...queue, taskQueue: 'provider', nexusServices: [nexus] }],
      });
      staff.workers.push({ namespace: temporal.providerNamespace, taskQueue: 'provider-host', activities });
      return staff;
    }
    const staff = await versioned({
      ...own,
      namespace: temporal.namespace,
      queues: [
        { ...queue, taskQueue: 'orchestrator' },
        { ...queue, taskQueue: 'rollback', maxCachedWorkflows: 20 },
      ],
    });
    staff.workers.push({ namespace: temporal.namespace, taskQueue: 'evaluation', activities });
    return staff;
  });
});

const nexus = serviceHandler(trainingService, {
  progress: async () => ({ state: 'running' }),
  requestAccess: new WorkflowRunOperationHandler(
    (ctx, input) =>
      startWorkflow(ctx, 'accessRequest', {
        workflowId: `access-request-${input.round}`,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
      }) as never,
  ),
  giveUp: new WorkflowRunOperationHandler(
    (ctx, input) =>
      startWorkflow(ctx, 'accessGivenUp', {
        workflowId: `access-given-up-${input.round}`,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
      }) as never,
  ),
  train: new WorkflowRunOperationHandler(
    (ctx, input) =>
      startWorkflow(ctx, 'trainingJob', {
        workflowId: `training-job-${input.job}`,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [input],
      }) as never,
  ),
});
