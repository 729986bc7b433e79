import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@livepod/activities/testing';
import { searchAttributes } from '@livepod/workflows';
import { Connection } from '@temporalio/client';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface DevServer {
  address: string;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** A Temporal server of the test's own, in memory, with our namespaces and search attributes. */
export async function devServer(): Promise<DevServer> {
  const port = await freePort();
  const attributes = Object.values(searchAttributes).flatMap((key) => ['--search-attribute', `${key.name}=Keyword`]);
  const child = spawn(
    join(root, '.cache', 'bin', 'temporal'),
    [
      'server',
      'start-dev',
      '--headless',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--namespace',
      'livepod',
      '--namespace',
      'provider-1',
      '--log-level',
      'never',
      ...attributes,
    ],
    { stdio: 'ignore' },
  );
  const address = `127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1000 });
      await connection.operatorService.createNexusEndpoint({
        spec: { name: 'provider-1', target: { worker: { namespace: 'provider-1', taskQueue: 'provider' } } },
      });
      await connection.close();
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(200);
    }
  }
  return {
    address,
    process: child,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
