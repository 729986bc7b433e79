import { idsOf } from '@livepod/workflows';
import { trace } from '@opentelemetry/api';
import { log, type Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import {
  Runtime,
  type ActivityExecuteInput,
  type ActivityInterceptors,
  type Next,
  type ActivityInboundCallsInterceptor,
} from '@temporalio/worker';
import { LATER } from './traces.js';

/**
 * Gives a step's span and logs the ids of what it is about, says how it ended, and counts its failures by code. A step
 * that only has to wait did not fail.
 */
export function stepInterceptor({ info }: Context): ActivityInterceptors {
  let ids: Record<string, string | number> = {};
  return {
    inbound: {
      async execute(
        input: ActivityExecuteInput,
        next: Next<ActivityInboundCallsInterceptor, 'execute'>,
      ): Promise<unknown> {
        ids = idsOf(input.args[0]);
        const span = trace.getActiveSpan();
        span?.setAttributes(Object.fromEntries(Object.entries(ids).map(([name, value]) => [`livepod.${name}`, value])));
        const began = performance.now();
        const seconds = (): number => Math.round(performance.now() - began) / 1000;
        try {
          const result = await next(input);
          log.info('Step done', { seconds: seconds() });
          return result;
        } catch (error) {
          if (error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN)
            span?.setAttribute(LATER, true);
          else if (error instanceof CancelledFailure) log.info('Step cancelled', { seconds: seconds() });
          else {
            failures().add(1, { step: info.activityType, code: codeOf(error) });
            log.warn('Step failed', { seconds: seconds(), code: codeOf(error), error });
          }
          throw error;
        }
      },
    },
    outbound: { getLogAttributes: (input, next) => next({ ...ids, ...input }) },
  };
}

const failures = () =>
  Runtime.instance().metricMeter.createCounter(
    'livepod_step_failures',
    undefined,
    'Attempts of steps that failed, by the code of the failure',
  );

const codeOf = (error: unknown): string =>
  (error instanceof ApplicationFailure && error.type) || (error instanceof Error ? error.name : 'unknown');
