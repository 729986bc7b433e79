import { join } from 'node:path';
import { StackError } from './errors.js';
import { root } from './paths.js';
import type { Ports } from './ports.js';
import type { ProcessSpec } from './supervised.js';
import { IC_PROGRAM } from '@livepod/ic/program';

/** The embedded IC host, or the network that IC_HOST and IC_ROOT_KEY (hex of its DER form) name. */
export async function icServer(
  state: string,
  ports: Ports,
): Promise<{ spec: ProcessSpec | null; icHost: string; rootKey: string | null }> {
  const icHost = process.env['IC_HOST'];
  if (icHost) {
    const rootKey = process.env['IC_ROOT_KEY'];
    if (!rootKey)
      throw new StackError(
        'badOption',
        { icHost },
        'IC_HOST is set; set IC_ROOT_KEY (hex) to the root key of that network, too.',
      );
    return { spec: null, icHost, rootKey };
  }
  const port = await ports.choose('ic', 4943);
  const url = `http://127.0.0.1:${port}`;
  return {
    icHost: url,
    rootKey: null,
    spec: {
      name: 'ic',
      command: process.execPath,
      args: [IC_PROGRAM, '--port', `${port}`, '--state', join(state, 'ic')],
      cwd: root,
      ready: { line: 'rootKey' },
      health: () => fetch(`${url}/api/v2/status`, { signal: AbortSignal.timeout(10_000) }),
    },
  };
}
