import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type LogEntry, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { connectWorker, dataConverter, type Temporal } from './temporal.js';

/**
 * How long running steps may take to end after SIGTERM, before they are cancelled, and after that, before the process ends. Heartbeats go out
 * often enough that two may be lost before a step counts as dead.
 */
const COMMON = { shutdownGraceTime: '5 seconds', shutdownForceTime: '12 seconds', maxHeartbeatThrottleInterval: '4 seconds' } as const;

/**
 * One worker process: telemetry, the connection, its workers until a signal asks it to stop, an orderly end. When the Temporal server is gone
 * for good the process ends with status 1, and its supervisor starts it anew.
 *
 * @param role     for logs
 * @param temporal  the server to poll
 * @param workers  made once the connection stands
 */
export async function runProcess(role: string, temporal: Temporal, workers: (connection: NativeConnection) => Promise<WorkerOptions[]>): Promise<void> {
  const metrics = `127.0.0.1:${process.env['LIVEPOD_METRICS_PORT'] ?? (await freePort())}`;
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => process.stderr.write(`${logLine(role, entry)}\n`)),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: { prometheus: { bindAddress: metrics, countersTotalSuffix: true, unitSuffix: true } },
    },
  });
  const connection = await connected(temporal);
  try {
    const made: Worker[] = [];
    for (const options of await workers(connection)) made.push(await Worker.create({ ...COMMON, dataConverter: dataConverter(), ...options, connection }));
    const running = made.map((worker) => worker.run());
    process.stdout.write(`${JSON.stringify({ ready: true, role, metrics: `http://${metrics}/metrics` })}\n`);
    // One worker that fails takes the process down: half a process helps nobody.
    await Promise.race([Promise.all(running), ...running.map((run) => run.then(() => Promise.all(running)))]);
  } finally {
    await connection.close().catch(() => {});
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
      process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
      process.exit(1);
    },
  );
}

function logLine(role: string, { level, timestampNanos, message, meta }: LogEntry): string {
  const { error, ...fields } = (meta ?? {}) as Record<string, unknown>;
  const failure = error instanceof Error ? { error: error.message } : error === undefined ? {} : { error };
  return JSON.stringify({ at: new Date(Number(timestampNanos / 1_000_000n)).toISOString(), level, role, message, ...fields, ...failure }, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
