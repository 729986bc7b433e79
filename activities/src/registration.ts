import { AsyncLocalStorage } from 'node:async_hooks';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { CodedError } from '@livepod/protocol';
import { ActivityError, RETRIED } from './errors.js';

type Method = (...args: never[]) => Promise<unknown>;

/**
 * The activities of some ports, under the names that workflows call (`governance.propose`). Adds what every step needs:
 * a heartbeat, so that a killed worker is noticed in seconds; and failures by code, so that what cannot go well is not
 * tried again.
 */
export function activitiesOf(ports: Record<string, object>): Record<string, Method> {
  return Object.fromEntries(
    Object.entries(ports).flatMap(([port, methods]) =>
      Object.entries(methods as Record<string, Method>).map(([method, run]) => [
        `${port}.${method}`,
        beating(run.bind(methods) as Method),
      ]),
    ),
  );
}

const BEAT_MS = 3_000;
const progressing = new AsyncLocalStorage<{ details: unknown }>();

function beating(run: Method): Method {
  return async (...args) => {
    const context = Context.current();
    // A retry starts from what the attempt before it reported.
    const state = { details: context.info.heartbeatDetails as unknown };
    const beat = setInterval(() => context.heartbeat(state.details), BEAT_MS);
    context.heartbeat(state.details);
    try {
      return await progressing.run(state, () => run(...args));
    } catch (error) {
      // A step that is cancelled, or whose worker shuts down, says so, whatever broke off in it: the server then knows
      // what comes next.
      const { aborted, reason } = context.cancellationSignal;
      throw aborted && reason instanceof CancelledFailure ? reason : failureOf(error);
    } finally {
      clearInterval(beat);
    }
  };
}

/**
 * What a step has done so far: visible in the Temporal UI. Never holds keys or records. Outside of an activity it does
 * nothing.
 */
export function progress(details: Record<string, string | number>): void {
  const state = progressing.getStore();
  if (!state) return;
  state.details = details;
  Context.current().heartbeat(details);
}

/** Aborts when the step is cancelled or its worker shuts down. Undefined outside of an activity. */
export function cancellation(): AbortSignal | undefined {
  return progressing.getStore() ? Context.current().cancellationSignal : undefined;
}

/** A step that has to wait for others: tried again after `delayMs`, and nobody's failure. */
export function later(
  code: 'notDecided' | 'notYet',
  details: Record<string, unknown>,
  message: string,
  delayMs: number,
): ActivityError {
  return new ActivityError(code, { ...details, delayMs: Math.round(Math.max(delayMs, 500)) }, message);
}

/** The error as Temporal keeps it: type = code, and no cause, because causes may quote what must not be kept. */
export function failureOf(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (!(error instanceof CodedError))
    return error instanceof Error
      ? ApplicationFailure.retryable(`${error.name}: ${error.message}`, error.name)
      : ApplicationFailure.retryable(String(error));
  const { delayMs, ...details } = error.details;
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: !RETRIED.has(error.code),
    details: [
      JSON.parse(JSON.stringify(details, (_, value) => (typeof value === 'bigint' ? value.toString() : value))),
    ],
    ...(typeof delayMs === 'number' ? { nextRetryDelay: delayMs, category: ApplicationFailureCategory.BENIGN } : {}),
  });
}
