import { type Network } from '@livepod/client';
import { readNetwork } from '@livepod/client/node';
import { CliError } from '../errors.js';
import { connectClient, keysFor, type Temporal, type TemporalClient } from '@livepod/workers/temporal';

/** An installation, as an operator's tools see it. */
export interface Place {
  /** network.json; keys and identities are looked for beside it. */
  file: string;
  network: Network;
  temporal: Temporal;
}

/** @throws CliError `badConfiguration` when network.json names no Temporal server */
export function placeOf(file: string): Place {
  const network = readNetwork(file);
  if (!network.temporal)
    throw new CliError('badConfiguration', {}, `${file} names no Temporal server; start the stack again.`);
  return { file, network, temporal: network.temporal };
}

/** Runs with a client of our namespace, and closes it. */
export async function withTemporal<T>(
  { file, temporal }: Place,
  work: (client: TemporalClient) => Promise<T>,
): Promise<T> {
  const client = await connectClient(temporal, { keys: keysFor(file) });
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

/** A page of the Temporal UI in our namespace: `workflows/lifecycle-round-1`, `schedules`. */
export const uiPage = ({ temporal: { uiUrl, namespace } }: Place, path: string): string =>
  `${uiUrl ?? ''}/namespaces/${namespace}/${path}`;
