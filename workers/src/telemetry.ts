import { createServer } from 'node:net';
import type { KeyRelease, PodsSwitched } from '@livepod/activities';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  type LogEntry,
  type WorkerOptions,
} from '@temporalio/worker';
import { stepInterceptor } from './steps.js';
import { spanBetween, traces, type Traces } from './traces.js';

/** Seconds. Stages take from seconds to weeks, so each bound is some three times the one before it. */
const LONG = [
  0.1,
  0.3,
  1,
  3,
  10,
  30,
  60,
  180,
  600,
  1800,
  3600,
  3 * 3600,
  12 * 3600,
  86_400,
  3 * 86_400,
  7 * 86_400,
  30 * 86_400,
];
const SHORT = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600];

export interface Telemetry {
  /** Prometheus: of the SDK and ours. */
  metricsUrl: string;
  /** What a worker needs for spans, ids on its logs, and counted failures. */
  equip(options: WorkerOptions): WorkerOptions;
  /** Sends the spans that still wait. */
  close(): Promise<void>;
}

/** Logs, metrics and traces of a process. Once, before its first worker or native connection. */
export async function installTelemetry(role: string, bind: string): Promise<Telemetry> {
  const port = Number(process.env['LIVEPOD_METRICS_PORT'] ?? 0) || (await freePort(bind));
  const host = bind.includes(':') ? `[${bind}]` : bind;
  Runtime.install({
    logger: new DefaultLogger('INFO', (entry) => process.stderr.write(`${logLine(role, entry)}\n`)),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: {
        prometheus: {
          bindAddress: `${host}:${port}`,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
          histogramBucketOverrides: {
            livepod_stage_duration_seconds: LONG,
            livepod_vote_wait_seconds: LONG,
            livepod_key_release_seconds: SHORT,
            livepod_rollback_seconds: SHORT,
          },
        },
      },
    },
  });
  const traced = traces(role);
  return {
    metricsUrl: `http://${host}:${port}/metrics`,
    equip: (options) => equipped(options, traced),
    close: () => traced.close(),
  };
}

function equipped(options: WorkerOptions, { workerInterceptors, sinks }: Traces): WorkerOptions {
  const { activity, nexus, client } = workerInterceptors;
  return {
    ...options,
    interceptors: { ...options.interceptors, activity: [...activity, stepInterceptor], nexus, client },
    sinks: { ...options.sinks, ...sinks },
  };
}

/** For `canisterFleet`: a span for the pods that switched, in the trace of the release's lifecycle. */
export function podsSwitched(switched: PodsSwitched): void {
  const { from, until, ...about } = switched;
  counter('livepod_pods_switched', 'Pods that have switched to a release').add(switched.pods);
  spanBetween('PodsSwitched', from, until, about);
}

/** For `providerTraining`: how long a key took, and a span for it. */
export function keyReleased({ job, dataset, seconds, outcome }: KeyRelease): void {
  Runtime.instance()
    .metricMeter.createHistogram(
      'livepod_key_release_seconds',
      'float',
      undefined,
      'From asking the access canister for a key to having it',
    )
    .record(seconds, { outcome });
  const until = Date.now();
  spanBetween('ReleaseKey', until - seconds * 1000, until, { job, dataset, outcome });
}

const counter = (name: string, description: string) =>
  Runtime.instance().metricMeter.createCounter(name, undefined, description);

/** One line of JSON. Ids have the same names whether a workflow, a step or the SDK speaks. */
function logLine(role: string, { level, timestampNanos, message, meta }: LogEntry): string {
  // A task's token is a right to end that task; it stays out.
  const {
    error,
    workflowRunId,
    trace_id: traceId,
    span_id: spanId,
    trace_flags: _,
    taskToken: __,
    ...fields
  } = (meta ?? {}) as Record<string, unknown>;
  const failure = error instanceof Error ? { error: inLogs(error) } : error === undefined ? {} : { error };
  const ids = { ...(workflowRunId ? { runId: workflowRunId } : {}), ...(traceId ? { traceId, spanId } : {}) };
  return JSON.stringify(
    {
      at: new Date(Number(timestampNanos / 1_000_000n)).toISOString(),
      level,
      role,
      message,
      ...fields,
      ...ids,
      ...failure,
    },
    (_, value) => (typeof value === 'bigint' ? value.toString() : value),
  );
}

/**
 * A failure's sentence may quote what came in, so it stands in the history alone, encrypted; errors that nobody foresaw
 * are told in full.
 */
function inLogs(error: Error & { type?: unknown }): string {
  // By its stack, because an error from the workflows' thread has lost its class.
  const failure = /^\w*Failure\b/.exec(error.stack ?? error.name)?.[0];
  return failure
    ? `${failure}${typeof error.type === 'string' ? ` ${error.type}` : ''}: its sentence is in the history`
    : error.message;
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
