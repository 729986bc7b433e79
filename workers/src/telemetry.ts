import { createServer } from 'node:net';
import { DefaultLogger, makeTelemetryFilterString, Runtime, type LogEntry } from '@temporalio/worker';

export interface Telemetry {
  /** Prometheus: of the SDK and ours. */
  metricsUrl: string;
}

/** Logs and metrics of a process. Once, before its first worker or native connection. */
export async function installTelemetry(role: string, bind: string): Promise<Telemetry> {
  const port = Number(process.env['LIVEPOD_METRICS_PORT'] ?? 0) || (await freePort(bind));
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => process.stderr.write(`${logLine(role, entry)}\n`)),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: { prometheus: { bindAddress: `${bind}:${port}`, countersTotalSuffix: true, unitSuffix: true } },
    },
  });
  return { metricsUrl: `http://${bind}:${port}/metrics` };
}

function logLine(role: string, { level, timestampNanos, message, meta }: LogEntry): string {
  const { error, ...fields } = (meta ?? {}) as Record<string, unknown>;
  const failure = error instanceof Error ? { error: error.message } : error === undefined ? {} : { error };
  return JSON.stringify({ at: new Date(Number(timestampNanos / 1_000_000n)).toISOString(), level, role, message, ...fields, ...failure }, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}

function freePort(bind: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, bind, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
