import { Connection } from '@temporalio/client';
import { join } from 'node:path';
import { pointFromDefault, prepareEndpoint, prepareNamespace, seen } from './namespaces.js';
import type { Ports } from './ports.js';
import type { ProcessSpec } from './supervised.js';
import { temporalProgram } from './steps/temporal.js';

export interface TemporalAddresses {
  /** host:port of the front end (gRPC). */
  address: string;
  uiUrl: string;
  namespace: string;
  providerNamespace: string;
  nexusEndpoint: string;
}

/** temporal.api.enums.v1.IndexedValueType */
const TYPES = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;

export type SearchAttributes = Record<string, keyof typeof TYPES>;

/** What the workflows put on themselves for the operator to search by. */
export const searchAttributes: SearchAttributes = {
  LivepodStage: 'Keyword',
  LivepodDataset: 'Keyword',
  LivepodModel: 'Keyword',
  LivepodProposal: 'Keyword',
  LivepodProvider: 'Keyword',
  LivepodRelease: 'Keyword',
  LivepodRound: 'Keyword',
  LivepodOutcome: 'Keyword',
};

const NAMES = { namespace: 'livepod', providerNamespace: 'provider-1', nexusEndpoint: 'provider-1' } as const;

/** The dev server with its state in a file, or null when TEMPORAL_ADDRESS names a server. */
export async function temporalServer(
  state: string,
  ports: Ports,
): Promise<{ spec: ProcessSpec | null; addresses: TemporalAddresses }> {
  const { path } = await temporalProgram();
  if (path === null) {
    const address = process.env['TEMPORAL_ADDRESS']!;
    return {
      spec: null,
      addresses: {
        ...NAMES,
        address,
        uiUrl: process.env['TEMPORAL_UI_URL'] ?? `http://${address.replace(/:\d+$/, '')}:8233`,
      },
    };
  }
  const port = await ports.choose('temporal', 7233);
  const ui = await ports.choose('temporal-ui', 8233);
  // Fixed too: Nexus callbacks that are under way name it, and have to reach the server again after a restart.
  const http = await ports.choose('temporal-http', 7243);
  const metrics = await ports.choose('temporal-metrics', 7253);
  const address = `127.0.0.1:${port}`;
  const probe = (): Promise<void> => answers(address);
  return {
    addresses: { ...NAMES, address, uiUrl: `http://127.0.0.1:${ui}` },
    spec: {
      name: 'temporal',
      command: path,
      args: [
        'server',
        'start-dev',
        '--ip',
        '127.0.0.1',
        '--port',
        `${port}`,
        '--ui-port',
        `${ui}`,
        '--http-port',
        `${http}`,
        '--metrics-port',
        `${metrics}`,
        '--db-filename',
        join(state, 'temporal', 'temporal.db'),
        '--namespace',
        NAMES.namespace,
        '--namespace',
        NAMES.providerNamespace,
        '--log-level',
        'error',
      ],
      ready: { probe },
      health: probe,
    },
  };
}

async function answers(address: string): Promise<void> {
  // Without the client's own repeats: one that is due after a slow answer, when the connection is closed, would end
  // this process.
  const connection = await Connection.connect({ address, connectTimeout: 2_000, interceptors: [] });
  try {
    await connection.withDeadline(Date.now() + 5_000, () => connection.workflowService.getClusterInfo({}));
  } finally {
    await connection.close();
  }
}

/**
 * Makes namespaces, search attributes and the Nexus endpoint, unless they are there. Works on any server whose
 * administrator we are.
 */
export async function prepareTemporal(
  { address, namespace, providerNamespace, nexusEndpoint }: TemporalAddresses,
  attributes: SearchAttributes,
): Promise<void> {
  const connection = await Connection.connect({ address });
  const { operatorService } = connection;
  try {
    for (const name of [namespace, providerNamespace]) await prepareNamespace(connection, name);
    await pointFromDefault(connection, namespace);
    const { customAttributes } = await seen(namespace, () => operatorService.listSearchAttributes({ namespace }));
    const missing = Object.entries(attributes).filter(([name]) => !(name in (customAttributes ?? {})));
    if (missing.length > 0) {
      await operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type]])),
      });
    }
    await prepareEndpoint(connection, nexusEndpoint, providerNamespace);
  } finally {
    await connection.close();
  }
}
