import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './network.js';

export const OUR_POCKET_SERVER = fileURLToPath(new URL('../../bin/pocket-ic-server.mjs', import.meta.url));
const REAL = process.env.LIVEPOD_POCKET_IC ?? '';

/**
 * One suite, two back ends: this host, and the real PocketIC server on a machine that has one (LIVEPOD_POCKET_IC names
 * it).
 */
export const pocketServers = [['this host', OUR_POCKET_SERVER], ...(existsSync(REAL) ? [['PocketIC', REAL]] : [])] as [
  string,
  string,
][];

/** A server process as the clients of PocketIC start it. */
export class RunningPocketServer {
  url = '';
  readonly #folder = mkdtempSync(join(tmpdir(), 'livepod-pocket-'));
  #process?: ChildProcess;

  async start(program: string): Promise<this> {
    const port = join(this.#folder, 'port');
    this.#process = spawn(program, ['--ttl', '600', '--port-file', port], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: 'ignore',
    });
    await until(
      'the server has written its port',
      async () => existsSync(port) && readFileSync(port, 'utf8').endsWith('\n'),
      60,
    );
    this.url = `http://127.0.0.1:${readFileSync(port, 'utf8').trim()}`;
    return this;
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running && running.exitCode === null) {
      const gone = once(running, 'exit');
      running.kill();
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
