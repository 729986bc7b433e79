import type { Network } from '@livepod/client';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { reach } from './profile.js';

/** Where the Temporal server is, as network.json says it. */
export type Temporal = NonNullable<Network['temporal']>;

/** A client that can be closed: `client.connection.close()`. */
export type TemporalClient = Client & { readonly connection: Connection };

/** What a server can be reached by: network.json's address, and over it what the environment's profile says. Every connection of ours is made with these. */
function options({ address }: Pick<Temporal, 'address'>) {
  const { namespace: _, ...named } = reach();
  return { address, ...named };
}

/**
 * Connects for starting, steering and reading workflows.
 *
 * @param wanted.namespace       the profile's, else ours, unless another is named
 * @param wanted.connectTimeout  milliseconds; default 10,000
 */
export async function connectClient(temporal: Temporal, wanted: { namespace?: string; connectTimeout?: number } = {}): Promise<TemporalClient> {
  const connection = await Connection.connect({ ...options(temporal), connectTimeout: wanted.connectTimeout ?? 10_000 });
  return new Client({ connection, namespace: wanted.namespace ?? reach().namespace ?? temporal.namespace, dataConverter: dataConverter() }) as TemporalClient;
}

/** Connects for polling. The native library is loaded here, so that who only starts workflows does without it. */
export async function connectWorker(temporal: Pick<Temporal, 'address'>): Promise<NativeConnection> {
  const { NativeConnection } = await import('@temporalio/worker');
  return NativeConnection.connect(options(temporal));
}

/** How arguments, results and failures are put on the wire: for clients, workers, replays and bundles alike. */
export function dataConverter(): DataConverter {
  return {};
}
