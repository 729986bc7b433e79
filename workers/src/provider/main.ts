import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import {
  activitiesOf,
  canisterRequesting,
  mustHoldSandbox,
  providerTraining,
  scratchOf,
  WITHOUT_SANDBOX,
  Workspace,
} from '@livepod/activities';
import { connect, type Clients } from '@livepod/client';
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
import { trainingHandler } from './nexus.js';

/** What the provider takes on, as its environment says. @throws WorkerError `badConfiguration` */
function termsOf({ LIVEPOD_PRICE: price = '0', LIVEPOD_RECIPES: recipes }: NodeJS.ProcessEnv) {
  if (!/^\d{1,30}$/.test(price))
    throw new WorkerError('badConfiguration', { price }, `LIVEPOD_PRICE is "${price}"; give e8s, digits alone.`);
  return { price: BigInt(price), ...(recipes ? { recipes: recipes.split(',') } : {}) };
}

/**
 * Tries the sandbox, and takes on no work where it leaks. Without one a provider works by two words only: its own, in
 * LIVEPOD_WITHOUT_SANDBOX, and its registration's, whose class `open` says that nothing stands for it: licences name
 * the classes that they let have their data.
 *
 * @returns whether recipes run without a sandbox
 * @throws WorkerError `badConfiguration`; ActivityError `noSandbox` · `sandboxLeaks`
 */
async function sandboxOrWord(clients: Clients, secrets: string[]): Promise<boolean> {
  const word = process.env['LIVEPOD_WITHOUT_SANDBOX'];
  if (word === undefined) {
    await mustHoldSandbox(secrets);
    return false;
  }
  if (word !== WITHOUT_SANDBOX)
    throw new WorkerError(
      'badConfiguration',
      { LIVEPOD_WITHOUT_SANDBOX: word },
      `LIVEPOD_WITHOUT_SANDBOX is "${word}"; to run recipes unconfined, it has to say "${WITHOUT_SANDBOX}".`,
    );
  const known = await clients.access.get_provider(clients.principal);
  if (known && 'open' in known.class) return true;
  throw new WorkerError(
    'badConfiguration',
    { class: known ? Object.keys(known.class)[0] : null },
    'Without a sandbox only a provider of class open may work, so that licences can exclude it; register one ' +
      '(livepod provider register --class open), or leave LIVEPOD_WITHOUT_SANDBOX away.',
  );
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
  const withoutSandbox = await sandboxOrWord(clients, secrets);
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
