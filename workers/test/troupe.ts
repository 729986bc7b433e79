import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildIdOf, workflowBundle } from '../src/bundle.js';
import { TemporalServer } from './temporalServer.js';
import { WorldService, type Activities } from './worldService.js';
import type { WorldWorker } from './worldWorker.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A Temporal server and worker processes whose activities are a world's (`workflows/test/world.ts`) in this process:
 * workers may be killed, replaced and upgraded while the world goes on.
 */
export class Troupe {
  private readonly children = new Set<ChildProcess>();
  private readonly atExit = (): void => this.children.forEach((child) => void child.kill('SIGKILL'));

  private constructor(
    readonly server: TemporalServer,
    private readonly world: WorldService,
    private readonly names: string[],
    private readonly folder: string,
  ) {
    process.once('exit', this.atExit);
  }

  /**
   * @param options.activities  the world as it is at this moment
   * @param options.onDone      told each activity that a worker has the answer of
   * @param options.database    true: Temporal's state in a file, else in memory
   */
  static async open(options: {
    activities: () => Activities;
    onDone?: (name: string) => void;
    database?: boolean;
  }): Promise<Troupe> {
    const folder = await mkdtemp(join(tmpdir(), 'livepod-troupe-'));
    const server = await TemporalServer.start(options.database ? join(folder, 'temporal.db') : undefined);
    return new Troupe(
      server,
      await WorldService.open(options.activities, options.onDone),
      Object.keys(options.activities()),
      folder,
    );
  }

  get client() {
    return this.server.client;
  }

  get database(): string {
    return join(this.folder, 'temporal.db');
  }

  /** Starts a worker process, on the present workflow code unless another is given, and waits until it is ready. */
  async start(
    role: WorldWorker['role'],
    { code, cached = 100, env = {} }: { code?: string; cached?: number; env?: Record<string, string> } = {},
  ): Promise<Player> {
    const script = code ?? (await workflowBundle(role)).code;
    const bundle = join(this.folder, `${role}-${buildIdOf(script)}.js`);
    await writeFile(bundle, script);
    const order: WorldWorker = {
      role,
      temporal: this.server.temporal,
      bundle,
      folder: join(this.folder, 'bundles'),
      world: this.world.url,
      activities: this.names,
      cached,
    };
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(root, 'workers', 'test', 'worldWorker.ts'), JSON.stringify(order)],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', process.env['LIVEPOD_TEST_LOGS'] ? 'inherit' : 'ignore'],
        env: { ...process.env, ...env },
      },
    );
    this.children.add(child);
    const player = new Player(child, buildIdOf(script));
    const [line] = (await Promise.race([
      once(createInterface({ input: child.stdout! }), 'line'),
      player.ended.then((status) => {
        throw new Error(`${role} ended with status ${status}`);
      }),
    ])) as [string];
    player.metrics = (JSON.parse(line) as { metrics: string }).metrics;
    return player;
  }

  async close(): Promise<void> {
    this.atExit();
    process.off('exit', this.atExit);
    await this.server.stop();
    await this.world.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A worker process. */
export class Player {
  /** Its exit status; null after a signal that killed it. */
  readonly ended: Promise<number | null>;

  /** Where it shows its metrics. */
  metrics = '';

  constructor(
    private readonly child: ChildProcess,
    readonly buildId: string,
  ) {
    this.ended = once(child, 'exit').then(([status]) => status as number | null);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** SIGTERM: it drains. @returns its exit status */
  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  kill(): Promise<number | null> {
    this.child.kill('SIGKILL');
    return this.ended;
  }
}
