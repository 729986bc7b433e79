import {
  activitiesOf,
  canisterAccess,
  canisterChecks,
  canisterDatasets,
  canisterFleet,
  canisterGovernance,
  canisterModels,
  canisterOperators,
  canisterTreasury,
  canisterWatch,
} from '@livepod/activities';
import { connect } from '@livepod/client';
import { ObjectStore } from '@livepod/transfer';
import { stages } from '@livepod/workflows';
import { ScheduleAlreadyRunning, type Connection } from '@temporalio/client';
import { workflowBundle } from '../bundle.js';
import { configure, objectStoreOf } from '../configuration.js';
import { DEPLOYMENTS } from '../deployments.js';
import { cycles, observe, openRuns, queues, releases, votes } from '../observer.js';
import { main, runProcess } from '../process.js';
import { nexusProviders } from '../providers.js';
import { temporalRollouts, temporalRuns } from '../runs.js';
import { podsSwitched } from '../telemetry.js';
import { connectClient, dataConverter, type Temporal } from '../temporal.js';
import { bundlesFolder, versioned } from '../versions.js';

/**
 * Drives every workflow of ours. Its identity proposes, pays into escrow and asks for waves; what it may is the
 * canisters' to say.
 */
main(async () => {
  const { network, temporal, identity } = configure({});
  const s3 = objectStoreOf(network);
  const clients = await connect(network, identity);
  const objects = s3 && new ObjectStore(s3);
  const providers = nexusProviders((work) => briefly(temporal, work), dataConverter());
  const access = canisterAccess(clients, providers);
  const fleet = canisterFleet(clients, podsSwitched);
  const treasury = canisterTreasury(clients);
  const activities = activitiesOf({
    checks: canisterChecks({ clients, providers, rollouts: temporalRollouts(temporal) }),
    governance: canisterGovernance(clients),
    datasets: canisterDatasets(clients, objects),
    access,
    models: canisterModels(clients),
    fleet,
    operators: canisterOperators(clients),
    treasury,
    watch: canisterWatch({
      clients,
      runs: temporalRuns(temporal),
      access,
      fleet,
      treasury,
      ...(s3 && objects ? { store: { objects, bucket: s3.bucket } } : {}),
    }),
  });
  await runProcess('orchestrator', temporal, async (connection) => {
    await watchTreasury(temporal);
    observe([
      queues(connection, temporal.namespace, ['orchestrator', 'rollback', 'evaluation']),
      openRuns(connection, temporal.namespace, Object.keys(stages.ours)),
      votes(clients),
      releases(clients),
      cycles(clients),
    ]);
    return versioned({
      connection,
      namespace: temporal.namespace,
      deployment: DEPLOYMENTS.orchestrator,
      bundle: await workflowBundle('orchestrator'),
      folder: bundlesFolder(),
      // A rollback must not wait behind other work, so it has a queue, pollers and slots of its own.
      queues: [
        {
          taskQueue: 'orchestrator',
          activities,
          maxCachedWorkflows: 200,
          maxConcurrentActivityTaskExecutions: 50,
          maxConcurrentWorkflowTaskExecutions: 40,
        },
        {
          taskQueue: 'rollback',
          activities,
          maxCachedWorkflows: 20,
          maxConcurrentActivityTaskExecutions: 10,
          maxConcurrentWorkflowTaskExecutions: 10,
        },
      ],
    });
  });
});

async function briefly<T>(temporal: Temporal, work: (connection: Connection) => Promise<T>): Promise<T> {
  const { connection } = await connectClient(temporal);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** A quarter-hourly look at escrows that nobody settled. */
async function watchTreasury(temporal: Temporal): Promise<void> {
  const client = await connectClient(temporal);
  try {
    await client.schedule.create({
      scheduleId: 'treasury-watch',
      spec: { intervals: [{ every: '15 minutes' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'treasuryWatch',
        taskQueue: 'orchestrator',
        workflowId: 'treasury-watch',
        args: [{}],
      },
      policies: { overlap: 'SKIP' },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  } finally {
    await client.connection.close();
  }
}
