import { connect, type Network } from '@livepod/client';
import { WorkerError } from '../errors.js';
import { connectClient, type Temporal, type TemporalClient } from '../temporal.js';
import { STARTABLE, type Startable } from './catalogue.js';
import { whatIsKnown } from './known.js';

/** How to start one workflow here and now. */
export interface StartLink {
  type: string;
  what: string;
  queue: string;
  workflowId: string;
  /** Opens the UI's form with type, queue and id filled in; it copies the last such run's input. */
  link: string;
  /** Null while something is missing, which `needs` names. */
  input: Record<string, unknown> | null;
  needs: string;
}

/** @throws WorkerError `badConfiguration` when network.json names no Temporal server */
export function temporalOf(network: Network, file: string): Temporal {
  if (!network.temporal) throw new WorkerError('badConfiguration', {}, `${file} names no Temporal server; start the stack again.`);
  return network.temporal;
}

/** Runs with a client of our namespace, and closes it. */
export async function withTemporal<T>(temporal: Temporal, work: (client: TemporalClient) => Promise<T>): Promise<T> {
  const client = await connectClient(temporal);
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

/** Deep links and inputs for every workflow that can be started, with the ids of this installation. */
export async function startLinks(network: Network, temporal: Temporal): Promise<StartLink[]> {
  const known = await withTemporal(temporal, async (client) => whatIsKnown(await connect(network), temporal, client));
  return STARTABLE.map((one) => {
    const input = one.sample(known) ?? null;
    const workflowId = one.id(input ?? { round: known.round, release: 1, channel: known.channel, ref: 'r1' });
    return { type: one.type, what: one.what, queue: one.queue, workflowId, link: startLink(temporal, one, workflowId), input, needs: one.needs };
  });
}

export function startLink({ uiUrl, namespace }: Temporal, { type, queue }: Startable, workflowId: string): string {
  return `${uiUrl ?? ''}/namespaces/${namespace}/workflows/start-workflow?${new URLSearchParams({ workflowType: type, taskQueue: queue, workflowId }).toString()}`;
}

export const pageLink = ({ uiUrl, namespace }: Temporal, workflowId: string): string => `${uiUrl ?? ''}/namespaces/${namespace}/workflows/${workflowId}`;

/** Lists of runs that an operator looks at again and again; the UI saves them as views. */
export const SAVED_VIEWS: readonly { name: string; query: string }[] = [
  { name: 'Rounds now', query: 'WorkflowType = "lifecycle" AND ExecutionStatus = "Running"' },
  { name: 'Waiting for votes', query: 'LivepodProposal IS NOT NULL AND ExecutionStatus = "Running"' },
  { name: 'Rollouts', query: 'LivepodStage = "rollout"' },
  { name: 'Failed', query: 'ExecutionStatus IN ("Failed", "TimedOut", "Terminated")' },
  { name: 'Stopped releases', query: 'LivepodOutcome = "stopped"' },
];

export const viewLink = ({ uiUrl, namespace }: Temporal, query: string): string => `${uiUrl ?? ''}/namespaces/${namespace}/workflows?${new URLSearchParams({ query }).toString()}`;
