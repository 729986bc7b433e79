import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Network } from '@livepod/client';
import { converter } from '@livepod/codec';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { WorkerError } from './errors.js';
import { reach } from './profile.js';

/** Where the Temporal server is, as network.json says it. */
export type Temporal = NonNullable<Network['temporal']>;

/** A client that can be closed: `client.connection.close()`. */
export type TemporalClient = Client & { readonly connection: Connection };

/**
 * What a server can be reached by: network.json's address, and over it what the environment's profile says. Every
 * connection of ours is made with these.
 */
function options({ address }: Pick<Temporal, 'address'>) {
  const { namespace: _, ...named } = reach();
  return { address, ...named };
}

/**
 * Connects for starting, steering and reading workflows.
 *
 * @param wanted.namespace       the profile's, else ours, unless another is named
 * @param wanted.connectTimeout  milliseconds; default 10,000
 * @param wanted.keys            the key ring, unless LIVEPOD_CODEC_KEYS names it
 * @throws WorkerError `badConfiguration` where payloads are encrypted and there are no keys
 */
export async function connectClient(
  temporal: Temporal,
  wanted: { namespace?: string; connectTimeout?: number; keys?: string } = {},
): Promise<TemporalClient> {
  const keys = wanted.keys ?? process.env['LIVEPOD_CODEC_KEYS'];
  if (temporal.codecUrl && !keys)
    throw new WorkerError(
      'badConfiguration',
      {},
      'Payloads of this Temporal server are encrypted; set LIVEPOD_CODEC_KEYS to the key ring (in a stack: ' +
        'secrets/codec.json).',
    );
  const connection = await Connection.connect({
    ...options(temporal),
    connectTimeout: wanted.connectTimeout ?? 10_000,
  });
  return new Client({
    connection,
    namespace: wanted.namespace ?? reach().namespace ?? temporal.namespace,
    dataConverter: dataConverter(keys),
  }) as TemporalClient;
}

/** Connects for polling. The native library is loaded here, so that who only starts workflows does without it. */
export async function connectWorker(temporal: Pick<Temporal, 'address'>): Promise<NativeConnection> {
  const { NativeConnection } = await import('@temporalio/worker');
  return NativeConnection.connect(options(temporal));
}

/**
 * How arguments, results and failures are put on the wire: for clients, workers, replays and bundles alike.
 *
 * @param keys      the key ring; `off` (said aloud, as tests do) or none: payloads go in clear
 * @param ofWorker  for a worker, whose workflows may be queried in clear
 */
export function dataConverter(keys = process.env['LIVEPOD_CODEC_KEYS'], ofWorker = false): DataConverter {
  return converter(keys === 'off' ? undefined : keys, ofWorker);
}

/** The key ring for a person at a terminal: LIVEPOD_CODEC_KEYS, else that of the stack whose network.json this is. */
export function keysFor(networkFile: string): string | undefined {
  const beside = join(dirname(networkFile), 'secrets', 'codec.json');
  return process.env['LIVEPOD_CODEC_KEYS'] ?? (existsSync(beside) ? beside : undefined);
}
