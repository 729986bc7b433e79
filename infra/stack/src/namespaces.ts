import type { Connection } from '@temporalio/client';
import { StackError } from './errors.js';
import { sleep } from './pids.js';

/** Where a provider's worker takes up Nexus calls. */
const PROVIDER_QUEUE = 'provider';
const RETENTION_DAYS = 30;
const ALREADY_EXISTS = 6; // gRPC status code

/** A namespace, unless it is there; known to every part of the server when this resolves. */
export async function prepareNamespace({ workflowService }: Connection, name: string): Promise<void> {
  await unlessThere(() =>
    workflowService.registerNamespace({
      namespace: name,
      workflowExecutionRetentionPeriod: { seconds: (RETENTION_DAYS * 86_400) as never },
    }),
  );
  await seen(name, () => workflowService.describeNamespace({ namespace: name }));
}

/** A Nexus endpoint that leads to a provider's namespace, unless it is there. @throws StackError `badOption` */
export async function prepareEndpoint(connection: Connection, name: string, namespace: string): Promise<void> {
  const { operatorService } = connection;
  const spec = { name, target: { worker: { namespace, taskQueue: PROVIDER_QUEUE } } };
  await seen(name, () => unlessThere(() => operatorService.createNexusEndpoint({ spec })));
  const { endpoints } = await operatorService.listNexusEndpoints({ name });
  const target = endpoints[0]?.spec?.target?.worker;
  if (target && target.namespace !== namespace)
    throw new StackError(
      'badOption',
      { name, leadsTo: target.namespace },
      `The Nexus endpoint ${name} is there already and leads to namespace ${target.namespace}; choose another name.`,
    );
}

const NOT_FOUND = 5;

/**
 * Whoever opens the UI in the namespace `default`, where nothing of ours runs, finds one entry that says where to look.
 * Nobody works on it.
 */
export async function pointFromDefault({ workflowService }: Connection, namespace: string): Promise<void> {
  const text = (words: string) => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(words)),
  });
  const workflowId = `look-in-the-namespace-${namespace}`;
  await unlessThere(() =>
    workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      requestId: workflowId,
      workflowType: { name: 'nothingRunsHere' },
      taskQueue: { name: 'nobody' },
      userMetadata: {
        summary: text(`Live Pod runs in the namespace ${namespace}`),
        details: text(`Live Pod runs in the namespace [${namespace}](/namespaces/${namespace}/workflows).`),
      },
    }),
  ).catch((error: { code?: number }) => {
    // A cluster may have no such namespace, and then nobody opens it.
    if (error.code !== NOT_FOUND) throw error;
  });
}

async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  await create().catch((error: { code?: number }) => {
    if (error.code !== ALREADY_EXISTS) throw error;
  });
}

/** A namespace just made takes some seconds to be known by every part of the server. */
export async function seen<T>(name: string, ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 60)
        throw new StackError(
          'notReady',
          { name },
          `Temporal does not get to know ${name}: ${(error as Error).message}`,
        );
      await sleep(250);
    }
  }
}
