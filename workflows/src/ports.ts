import {
  ActivityCancellationType,
  getCurrentDetails,
  proxyActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import type {
  AccessPort,
  ChecksPort,
  DatasetsPort,
  EvaluationPort,
  FleetPort,
  GovernancePort,
  ModelsPort,
  OperatorsPort,
  RequestingPort,
  TrainingPort,
  TreasuryPort,
  WatchPort,
} from '@livepod/activities/ports';

/**
 * A step that changes or reads the world once and takes seconds. The worker heartbeats for it, so that a killed worker
 * is noticed after `heartbeatTimeout`; it is retried until the part it needs is back, for at most a day.
 */
const brief: ActivityOptions = {
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '15 seconds',
  scheduleToCloseTimeout: '1 day',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1.6, maximumInterval: '20 seconds' },
};

/**
 * A step that waits for others: each look is one attempt, which costs no history; the activity says when to look again.
 */
const waiting: ActivityOptions = { ...brief, startToCloseTimeout: '1 minute', scheduleToCloseTimeout: '30 days' };

/**
 * Work on one host for as long as it goes on, with heartbeats that carry the resume point. What stalls is ended by the
 * step itself (activities/src/training/recipeProcess.ts) and by the missing heartbeat, never by a total; a job's own
 * deadline, at most 30 days after it was asked for, is the last.
 */
const lengthy: ActivityOptions = {
  ...brief,
  startToCloseTimeout: '31 days',
  scheduleToCloseTimeout: '31 days',
  heartbeatTimeout: '20 seconds',
};

/** A step of a provider's is given up after about half an hour of failures: the round then waits for a person. */
const ATTEMPTS_ON_A_HOST = 40;

type Methods<P> = {
  [K in keyof P]: P[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => Promise<R> : never;
};

/**
 * A port as a workflow sees it: `governance.propose(…)` runs the activity of that name. Its summary in the UI is the
 * headline that the workflow told last.
 */
function port<P extends object>(
  name: string,
  options: ActivityOptions,
  special: Partial<Record<keyof P, ActivityOptions>> = {},
): Methods<P> {
  return new Proxy({} as Methods<P>, {
    get:
      (_, method: string) =>
      (...args: unknown[]) => {
        const summary = getCurrentDetails().split('\n')[0]!.replaceAll('**', '').slice(0, 150);
        const chosen = special[method as keyof P] ?? options;
        const run = proxyActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>({
          ...chosen,
          ...(summary === '' || chosen.summary !== undefined ? {} : { summary }),
        })[`${name}.${method}`]!;
        return run(...args);
      },
  });
}

export const governance = port<GovernancePort>('governance', brief, { decision: waiting, decisions: waiting });
export const datasets = port<DatasetsPort>('datasets', brief, { check: lengthy });
export const access = port<AccessPort>('access', brief, { granted: waiting });
export const requesting = port<RequestingPort>('requesting', brief);
export const evaluation = port<EvaluationPort>('evaluation', { ...lengthy, taskQueue: 'evaluation' });
export const models = port<ModelsPort>('models', brief, { released: waiting, stableAt: waiting });
export const fleet = port<FleetPort>('fleet', brief, {
  beginWave: waiting,
  changed: { ...waiting, cancellationType: ActivityCancellationType.TRY_CANCEL },
});
/** Reads only, and everything that an operator named: minutes, however slow. */
export const checks = port<ChecksPort>('checks', { ...brief, scheduleToCloseTimeout: '1 hour' });
/** The same for an input that is refused in any case. */
export const quickChecks = port<ChecksPort>('checks', { ...brief, scheduleToCloseTimeout: '1 minute' });
/** An operator who waits for an answer to an update gets one in minutes, whatever is down. */
export const operators = port<OperatorsPort>('operators', {
  ...brief,
  scheduleToCloseTimeout: '2 minutes',
  summary: 'Whether the token of the update is good',
});
export const treasury = port<TreasuryPort>('treasury', brief);
export const watch = port<WatchPort>('watch', brief, { objects: { ...brief, scheduleToCloseTimeout: '10 minutes' } });

/** The steps of a training job on the provider's host of that name; on any host when none is given. */
export const training = (host?: string): Methods<TrainingPort> => {
  const here = {
    ...lengthy,
    retry: { ...brief.retry, maximumInterval: '1 minute', maximumAttempts: ATTEMPTS_ON_A_HOST },
    ...(host === undefined ? {} : { taskQueue: host, scheduleToStartTimeout: '30 minutes' }),
  } satisfies ActivityOptions;
  return port<TrainingPort>('training', here);
};
