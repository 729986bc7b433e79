import { AsyncLocalStorage } from 'node:async_hooks';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { CodedError, originOf } from '@livepod/protocol';
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
      if (aborted && reason instanceof CancelledFailure) throw reason;
      const { attempt, activityType } = context.info;
      const failure = failureOf(error, attempt);
      if (failure instanceof ApplicationFailure && failure.category !== ApplicationFailureCategory.BENIGN)
        context.log.warn(`${activityType} failed: ${failure.message}`, { attempt, code: failure.type });
      throw failure;
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

/** How often a step is tried that fails in a way that nobody foresaw: some seconds in all. */
const UNFORESEEN_ATTEMPTS = 5;

/**
 * The error as Temporal keeps it: type = code, and the codes of its causes. Never a cause itself, because it may quote
 * what must not be kept.
 *
 * @param attempt  which one it is, from 1: what has no code is soon given up, unless the way to another machine broke
 */
export function failureOf(error: unknown, attempt = 1): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const causes = causeCodes(error);
  const because = causes.length === 0 ? '' : ` (cause: ${causes.join(', ')})`;
  if (!(error instanceof CodedError)) {
    const [name, message] = error instanceof Error ? [error.name, error.message] : ['Error', String(error)];
    const way = originOf(error) === 'way';
    const givenUp = !way && attempt >= UNFORESEEN_ATTEMPTS;
    const remedy = givenUp ? `; given up after ${attempt} attempts, see the worker's log` : '';
    return ApplicationFailure.create({
      message: `${name}: ${message}${because}${remedy}`,
      type: way ? 'network' : name,
      nonRetryable: givenUp,
    });
  }
  const { delayMs, ...given } = error.details;
  const details = { ...given, ...(causes.length === 0 ? {} : { causes }) };
  return ApplicationFailure.create({
    message: `${error.message}${because}`,
    type: error.code,
    nonRetryable: !RETRIED.has(error.code),
    details: [
      JSON.parse(JSON.stringify(details, (_, value) => (typeof value === 'bigint' ? value.toString() : value))),
    ],
    ...(typeof delayMs === 'number' ? { nextRetryDelay: delayMs, category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

/** Codes of what lies under an error, the innermost last: names alone, which quote nothing. */
function causeCodes(error: unknown): string[] {
  const codes: string[] = [];
  let cause = (error as { cause?: unknown } | null)?.cause;
  for (let depth = 0; depth < 20 && cause !== undefined && cause !== null; depth++) {
    const { code, name } = cause as { code?: unknown; name?: unknown };
    const known = typeof code === 'string' && /^[A-Za-z0-9_]{2,60}$/.test(code) ? code : name;
    if (typeof known === 'string' && known !== 'Error' && /^[A-Za-z0-9_]{2,60}$/.test(known)) codes.push(known);
    cause = (cause as { cause?: unknown }).cause;
  }
  return [...new Set(codes)];
}
