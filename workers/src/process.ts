import { setTimeout as sleep } from 'node:timers/promises';
import { Runtime, Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { forTerminal } from '@livepod/protocol';
import { Health } from './health.js';
import { workerPlugins } from './plugin.js';
import { installTelemetry } from './telemetry.js';
import { connectWorker, dataConverter, type Temporal } from './temporal.js';

/**
 * After SIGTERM, seconds that running steps get to end by themselves; then they are cancelled, and have as long again,
 * and some, to save their state.
 */
const DRAIN_SECONDS = Number(process.env['LIVEPOD_DRAIN_SECONDS'] ?? 5);

/**
 * What every worker has. Pollers grow with the backlog, from one to sixteen a queue; caches and slots are each worker's
 * own to say. Heartbeats go out often enough that two may be lost before a step counts as dead. A workflow waits four
 * seconds, not ten, for a worker that has it in its cache and may be gone; then any worker replays it.
 */
const COMMON = {
  shutdownGraceTime: DRAIN_SECONDS * 1000,
  shutdownForceTime: (2 * DRAIN_SECONDS + 2) * 1000,
  maxHeartbeatThrottleInterval: '4 seconds',
  stickyQueueScheduleToStartTimeout: '4 seconds',
  workflowTaskPollerBehavior: { type: 'autoscaling', minimum: 2, initial: 2, maximum: 16 },
  activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 2, maximum: 16 },
  nexusTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 1, maximum: 8 },
} satisfies Partial<WorkerOptions>;

/** Who works in a process. */
export interface Staff {
  /** Poll as long as the process lives. */
  workers: WorkerOptions[];
  /** What has to be done before the process counts as ready, once they poll. */
  ready?(): Promise<void>;
  /**
   * Further crews, by name, that are wanted at this moment. Asked every ten seconds: new ones begin, those no longer
   * wanted drain.
   */
  more?(): Promise<Map<string, WorkerOptions[]>>;
}

/**
 * One worker process: telemetry, the connection, its workers until a signal asks it to stop, an orderly end. When the
 * Temporal server is gone for good the process ends with status 1, and its supervisor starts it anew.
 *
 * @param role     for logs
 * @param temporal  the server to poll
 * @param hire     says who works, once the connection stands
 */
export async function runProcess(
  role: string,
  temporal: Temporal,
  hire: (connection: NativeConnection) => Promise<Staff>,
): Promise<void> {
  const bind = process.env['LIVEPOD_BIND'] || '127.0.0.1';
  const telemetry = await installTelemetry(role, bind);
  const health = await Health.serve(role, bind, Number(process.env['LIVEPOD_HEALTH_PORT'] ?? 0));
  const connection = await connected(temporal);
  try {
    health.connected(connection);
    const staff = await hire(connection);
    const plugins = await workerPlugins();
    const ofWorker = dataConverter(undefined, true);
    const begin = async (options: WorkerOptions[]): Promise<Crew> =>
      new Crew(
        await Promise.all(
          options.map((each) =>
            Worker.create(telemetry.equip({ ...COMMON, dataConverter: ofWorker, plugins, ...each, connection })),
          ),
        ),
      );
    const own = await begin(staff.workers);
    health.watch(own.workers);
    // One worker that fails takes the process down: half a process helps nobody.
    await Promise.race([
      own.ended,
      (async () => {
        await staff.ready?.();
        health.begun();
        process.stdout.write(
          `${JSON.stringify({ ready: true, role, metrics: telemetry.metricsUrl, health: health.url })}\n`,
        );
        if (staff.more) await follow(own, () => staff.more!(), begin);
        await own.ended;
      })(),
    ]);
  } finally {
    await connection.close().catch(() => {});
    await telemetry.close();
    health.close();
  }
}

const LOOK_EVERY = 10_000;

/** Keeps just the crews that are wanted, until the process's own workers end. */
async function follow(
  own: Crew,
  wanted: NonNullable<Staff['more']>,
  begin: (options: WorkerOptions[]) => Promise<Crew>,
): Promise<void> {
  const crews = new Map<string, Crew>();
  for (let first = true; !own.over; first = false) {
    if (!first)
      await Promise.race([
        sleep(LOOK_EVERY, undefined, { ref: false }),
        own.ended,
        ...[...crews.values()].map(({ ended }) => ended),
      ]);
    if (own.over) break;
    let now;
    try {
      now = await wanted();
    } catch (error) {
      Runtime.instance().logger.warn('Could not learn which older builds are needed; the crews stay as they are', {
        error,
      });
      continue;
    }
    for (const [name, crew] of crews) {
      if (crew.over) crews.delete(name);
      else if (!now.has(name)) crew.drain();
    }
    for (const [name, options] of now) {
      if (crews.has(name) || own.over) continue;
      Runtime.instance().logger.info(`Workers of build ${name} begin: runs need it`);
      crews.set(name, await begin(options));
    }
  }
  // Signals reach every worker but one that is being made at that moment.
  for (const crew of crews.values()) crew.drain();
  await Promise.all([...crews.values()].map(({ ended }) => ended));
}

/** Workers that come and go together. */
class Crew {
  readonly ended: Promise<unknown>;
  over = false;

  constructor(readonly workers: readonly Worker[]) {
    this.ended = Promise.all(workers.map((worker) => worker.run())).finally(() => (this.over = true));
  }

  drain(): void {
    for (const worker of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  }
}

/** Waits for a server that is only starting. */
async function connected(temporal: Temporal): Promise<NativeConnection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectWorker(temporal);
    } catch (error) {
      if (attempt === 40) throw error;
      await sleep(500);
    }
  }
}

/** Runs a process's main function; a failure is one line for people, and status 1. */
export function main(run: () => Promise<void>): void {
  run().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(
        `${forTerminal(error instanceof Error ? `${error.name}: ${error.message}` : String(error))}\n`,
      );
      process.exit(1);
    },
  );
}
