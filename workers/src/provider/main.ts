import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { activitiesOf, canisterRequesting, ObjectStore, providerTraining, sandboxWorks, Workspace } from '@livepod/activities';
import { connect } from '@livepod/client';
import { workflowBundle } from '../bundle.js';
import { configure, objectStoreOf } from '../configuration.js';
import { main, runProcess } from '../process.js';
import { trainingHandler } from './nexus.js';

/** A training provider: polls its own namespace only, needs no open port, and trains one job at a time. */
main(async () => {
  const { network, temporal, identity, signer } = configure({});
  const s3 = objectStoreOf(network);
  const disk = process.env['LIVEPOD_WORK'] ?? `${process.env['LIVEPOD_IDENTITY']!.replace(/\.json$/, '')}.work`;
  const scratch = process.env['LIVEPOD_SCRATCH'] ?? join('/dev/shm', `livepod-${signer.principal.slice(0, 11)}`);
  const workspace = new Workspace(disk, scratch);
  await workspace.open();

  const clients = await connect(network, identity);
  const host = `provider-${hostname()}-${createHash('sha256').update(`${signer.principal} ${disk}`).digest('hex').slice(0, 8)}`;
  const training = providerTraining({ clients, signer, workspace, host, hidden: [dirname(process.env['LIVEPOD_IDENTITY']!)], ...(s3 ? { objects: new ObjectStore(s3) } : {}) });
  if (!(await sandboxWorks())) process.stderr.write('bubblewrap does not work on this machine: recipes run without a sandbox. Install it (Debian: bubblewrap) to confine them.\n');
  const activities = activitiesOf({ requesting: canisterRequesting(clients), training });
  await runProcess('provider', temporal, async () => [
    { namespace: temporal.providerNamespace, taskQueue: 'provider', workflowBundle: await workflowBundle('provider'), activities, nexusServices: [trainingHandler], maxCachedWorkflows: 50, maxConcurrentActivityTaskExecutions: 10 },
    { namespace: temporal.providerNamespace, taskQueue: host, activities, maxConcurrentActivityTaskExecutions: 1 },
  ]);
});
