import { covered, type Interval } from './intervals.js';

type Stamp = { seconds?: unknown; nanos?: number | null } | null | undefined;
export const milliseconds = (stamp: Stamp): number =>
  Number(String(stamp?.seconds ?? 0)) * 1000 + (stamp?.nanos ?? 0) / 1e6;

/** What of a history's events is read here. */
export interface Event {
  eventTime?: Stamp;
  links?: { workflowEvent?: { workflowId?: string | null } | null }[] | null;
  activityTaskScheduledEventAttributes?: unknown;
  nexusOperationStartedEventAttributes?: unknown;
  childWorkflowExecutionStartedEventAttributes?: { workflowExecution?: { workflowId?: string | null } | null } | null;
}

export interface Stage {
  workflowId: string;
  type: string;
  events: Event[];
}

export const spanOf = ({ events }: Stage): Interval => [
  milliseconds(events[0]?.eventTime),
  milliseconds(events.at(-1)?.eventTime),
];

/**
 * A stage's own overhead, where every activity returns at once: the time from its first event to its last that no
 * workflow which it waited for was open. What remains is Temporal's and the workflow code's: tasks, queues, the
 * starting and ending of activities, children and Nexus operations.
 *
 * @param all  every workflow of the round, of both namespaces
 */
export function ownOverhead(stage: Stage, all: readonly Stage[]): { milliseconds: number; steps: number } {
  const others = stage.events.flatMap(
    ({ childWorkflowExecutionStartedEventAttributes: child, nexusOperationStartedEventAttributes: operation, links }) =>
      child?.workflowExecution?.workflowId ??
      (operation ? links?.find(({ workflowEvent }) => workflowEvent)?.workflowEvent?.workflowId : undefined) ??
      [],
  );
  const span = spanOf(stage);
  const waited = all.filter(({ workflowId }) => others.includes(workflowId)).map(spanOf);
  const activities = stage.events.filter((event) => event.activityTaskScheduledEventAttributes).length;
  return { milliseconds: span[1] - span[0] - covered(waited, span), steps: activities + others.length };
}
