import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@livepod/activities/testing';
import { searchAttributes } from '@livepod/workflows';
import { connectClient, type Temporal, type TemporalClient } from '../src/temporal.js';

const program = fileURLToPath(new URL('../../.cache/bin/temporal', import.meta.url));

/** A Temporal server of its own, with our namespace, a provider's, and the Nexus endpoint between them. */
export class TemporalServer {
  private readonly atExit = (): void => void this.child.kill('SIGKILL');

  private constructor(
    readonly temporal: Temporal,
    readonly client: TemporalClient,
    private readonly child: ChildProcess,
  ) {
    process.once('exit', this.atExit);
  }

  /** @param database  a file; in memory where none is given */
  static async start(database?: string): Promise<TemporalServer> {
    const port = await freePort();
    const temporal = {
      address: `127.0.0.1:${port}`,
      namespace: 'livepod',
      providerNamespace: 'provider-1',
      nexusEndpoint: 'provider-1',
    };
    const attributes = Object.values(searchAttributes).flatMap((key) => ['--search-attribute', `${key.name}=Keyword`]);
    const child = spawn(
      program,
      [
        'server',
        'start-dev',
        '--headless',
        '--ip',
        '127.0.0.1',
        '--port',
        `${port}`,
        '--namespace',
        temporal.namespace,
        '--namespace',
        temporal.providerNamespace,
        '--log-level',
        'never',
        ...(database === undefined ? [] : ['--db-filename', database]),
        ...attributes,
      ],
      { stdio: 'ignore' },
    );
    const gone = once(child, 'exit').then(([status]) => {
      throw new Error(`The Temporal server ended with status ${status}`);
    });
    gone.catch(() => {});
    const client = await Promise.race([gone, until(() => connectClient(temporal, { connectTimeout: 1000 }))]);
    await Promise.race([
      gone,
      until(() =>
        client.connection.operatorService.createNexusEndpoint({
          spec: { name: 'provider-1', target: { worker: { namespace: 'provider-1', taskQueue: 'provider' } } },
        }),
      ),
    ]);
    return new TemporalServer(temporal, client, child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  async stop(): Promise<void> {
    await this.client.connection.close();
    const gone = once(this.child, 'exit');
    this.atExit();
    process.off('exit', this.atExit);
    await gone;
  }
}

/** Tries until it works. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await sleep(100);
    }
  }
}
