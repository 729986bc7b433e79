/**
 * Runs inside the real workers (LIVEPOD_WORKER_PLUGIN): asks the lab before and after each activity what shall happen
 * to it, and marks the S3 requests that an activity makes with its name. Without the lab's word everything runs as it
 * is.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors, WorkerPlugin } from '@temporalio/worker';
import { MARK, type Began, type Order } from './orders.js';

const lab = process.env['LIVEPOD_FAULTS_LAB'] ?? '';
const s3Port = process.env['LIVEPOD_FAULTS_S3_PORT'] ?? '';
const current = new AsyncLocalStorage<string>();

const plain = http.request.bind(http) as (...args: unknown[]) => http.ClientRequest;
http.request = ((...args: unknown[]) => {
  const request = plain(...args);
  const mark = current.getStore();
  if (mark !== undefined && request.getHeader('host')?.toString().endsWith(`:${s3Port}`)) request.setHeader(MARK, mark);
  return request;
}) as typeof http.request;
syncBuiltinESMExports();

async function tell<T>(what: 'hello' | 'began' | 'ended', body: unknown): Promise<T> {
  const answer = await fetch(`${lab}/${what}`, { method: 'POST', body: JSON.stringify(body) });
  return (await answer.json()) as T;
}

/** The lab may let an activity wait for others that are to be struck at the same time; it counts as alive meanwhile. */
async function alive<T>(context: Context, wait: Promise<T>): Promise<T> {
  const beat = setInterval(() => context.heartbeat(context.info.heartbeatDetails), 3_000);
  try {
    return await wait;
  } finally {
    clearInterval(beat);
  }
}

async function around(context: Context, slots: number, args: unknown[], run: () => Promise<unknown>): Promise<unknown> {
  const { info } = context;
  const began: Began = {
    pid: process.pid,
    namespace: info.workflowNamespace ?? info.namespace,
    workflowId: info.workflowExecution!.workflowId,
    runId: info.workflowExecution!.runId,
    workflow: info.workflowType!,
    activity: info.activityType,
    activityId: info.activityId,
    attempt: info.attempt,
    args,
  };
  const { order, mark } = await alive(context, tell<{ order: Order; mark: string }>('began', began));
  const marked = (): Promise<unknown> => current.run(mark, run);
  let result: unknown;
  try {
    if (order === 'twice') {
      // A queue with one slot cannot deliver the same step twice at once, only one after the other.
      const [first, second] =
        slots === 1
          ? [await settled(marked()), await settled(marked())]
          : await Promise.all([settled(marked()), settled(marked())]);
      result = valueOf(second.status === 'fulfilled' ? second : first);
    } else {
      result = await marked();
    }
  } catch (error) {
    await tell('ended', { ...began, failed: String((error as { type?: unknown }).type ?? (error as Error).name) });
    throw error;
  }
  const { hang } = await tell<{ hang: boolean }>('ended', { ...began, result });
  // Silent for longer than the server waits; what comes then is late, and nobody may listen to it.
  if (hang) await sleep((info.heartbeatTimeoutMs ?? 15_000) + 4_000);
  return result;
}

const settled = async <T>(work: Promise<T>): Promise<PromiseSettledResult<T>> => (await Promise.allSettled([work]))[0]!;

function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

const plugin: WorkerPlugin = {
  name: 'livepod-faults',
  async configureWorker(options) {
    const slots = options.maxConcurrentActivityTaskExecutions ?? 100;
    await tell('hello', Object.keys(options.activities ?? {}));
    const inbound = (context: Context): ActivityInterceptors => ({
      inbound: { execute: (input, next) => around(context, slots, input.args, () => next(input)) },
    });
    return {
      ...options,
      interceptors: { ...options.interceptors, activity: [...(options.interceptors?.activity ?? []), inbound] },
    };
  },
};
export default plugin;
