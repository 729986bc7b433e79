import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { activitiesOf, canisterRequesting, providerTraining, scratchOf, Workspace } from '@livepod/activities';
import { connect } from '@livepod/client';
import { holdFolder } from '@livepod/client/node';
import { ObjectStore } from '@livepod/transfer';
import { workflowBundle } from '../bundle.js';
import { configure, objectStoreOf } from '../configuration.js';
import { DEPLOYMENTS } from '../deployments.js';
import { WorkerError } from '../errors.js';
import { observe, queues } from '../observer.js';
import { main, runProcess } from '../process.js';
import { keyReleased } from '../telemetry.js';
import { bundlesFolder, versioned } from '../versions.js';
import { confined } from './confinement.js';
import { trainingHandler } from './nexus.js';

/** What the provider takes on, as its environment says. @throws WorkerError `badConfiguration` */
function termsOf({ LIVEPOD_PRICE: price = '0', LIVEPOD_RECIPES: recipes }: NodeJS.ProcessEnv) {
  if (!/^\d{1,30}$/.test(price))
    throw new WorkerError('badConfiguration', { price }, `LIVEPOD_PRICE is "${price}"; give e8s, digits alone.`);
  return { price: BigInt(price), ...(recipes ? { recipes: recipes.split(',') } : {}) };
}

/** A training provider: polls its own namespace only, needs no open port, and trains one job at a time. */
main(async () => {
  const { network, temporal, identity, signer } = configure({}, 'providerNamespace');
  const s3 = objectStoreOf(network);
  const disk = process.env['LIVEPOD_WORK'] ?? `${process.env['LIVEPOD_IDENTITY']!.replace(/\.json$/, '')}.work`;
  const scratch = scratchOf(signer.principal);
  // Held until the process ends: two providers on one folder would wipe each other's jobs.
  holdFolder(
    disk,
    (pid) =>
      new WorkerError(
        'badConfiguration',
        { disk, pid },
        `${disk} is in use by the provider with process id ${pid}; stop that one, or give this one another ` +
          'LIVEPOD_WORK.',
      ),
  );
  const workspace = new Workspace(disk, scratch);
  await workspace.open();

  const clients = await connect(network, identity);
  const secrets = [process.env['LIVEPOD_IDENTITY']!, process.env['LIVEPOD_CODEC_KEYS']!].filter(
    (file) => file !== 'off',
  );
  const registered = async (): Promise<string | null> => {
    const known = await clients.access.get_provider(clients.principal);
    return known ? Object.keys(known.class)[0]! : null;
  };
  const withoutSandbox = !(await confined(process.env['LIVEPOD_WITHOUT_SANDBOX'], registered, secrets));
  const place = createHash('sha256').update(`${signer.principal} ${disk}`).digest('hex').slice(0, 8);
  const host = `provider-${hostname()}-${place}`;
  const training = providerTraining({
    keyReleased,
    clients,
    signer,
    workspace,
    host,
    withoutSandbox,
    gpu: process.env['LIVEPOD_TENSORFLOW'] === 'gpu',
    ...(s3 ? { objects: new ObjectStore(s3) } : {}),
  });
  const activities = activitiesOf({ requesting: canisterRequesting(clients, termsOf(process.env)), training });
  const namespace = temporal.providerNamespace;
  await runProcess('provider', temporal, async (connection) => {
    observe([queues(connection, namespace, ['provider', host])]);
    const staff = await versioned({
      connection,
      namespace,
      deployment: DEPLOYMENTS.provider,
      bundle: await workflowBundle('provider'),
      folder: bundlesFolder(),
      queues: [
        {
          taskQueue: 'provider',
          activities,
          nexusServices: [trainingHandler],
          maxCachedWorkflows: 50,
          maxConcurrentActivityTaskExecutions: 10,
          maxConcurrentWorkflowTaskExecutions: 20,
        },
      ],
    });
    // The host's own queue is of no version: it stays with the keys and records that lie here, whatever build the job
    // began on.
    staff.workers.push({ namespace, taskQueue: host, activities, maxConcurrentActivityTaskExecutions: 1 });
    return staff;
  });
});
