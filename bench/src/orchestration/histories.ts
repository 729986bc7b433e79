import type { Client } from '@temporalio/client';
import type { Interval } from './intervals.js';

/** What one workflow's history says about its cost and its time. */
export interface HistoryFacts {
  workflowId: string;
  type: string;
  events: number;
  span: Interval;
  /** Activities and Nexus operations by name, from when the workflow asked for them until it had their answer. */
  steps: { name: string; span: Interval }[];
}

type Stamp = { seconds?: unknown; nanos?: number | null } | null | undefined;
const milliseconds = (stamp: Stamp): number => Number(String(stamp?.seconds ?? 0)) * 1000 + (stamp?.nanos ?? 0) / 1e6;

/** Reads the histories of all closed workflows that a visibility query finds. */
export async function histories(client: Client, query: string): Promise<HistoryFacts[]> {
  const found: HistoryFacts[] = [];
  for await (const run of client.workflow.list({ query })) {
    if (!run.closeTime) continue;
    const { events } = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
    const asked = new Map<string, { name: string; at: number }>();
    const steps: HistoryFacts['steps'] = [];
    for (const event of events ?? []) {
      const at = milliseconds(event.eventTime);
      const { activityTaskScheduledEventAttributes: activity, nexusOperationScheduledEventAttributes: operation } =
        event;
      if (activity) asked.set(String(event.eventId), { name: activity.activityType?.name ?? '', at });
      if (operation) asked.set(String(event.eventId), { name: `${operation.service}.${operation.operation}`, at });
      const ended =
        event.activityTaskCompletedEventAttributes ??
        event.activityTaskFailedEventAttributes ??
        event.activityTaskTimedOutEventAttributes ??
        event.nexusOperationCompletedEventAttributes ??
        event.nexusOperationFailedEventAttributes ??
        event.nexusOperationTimedOutEventAttributes;
      const begun = ended && asked.get(String(ended.scheduledEventId));
      if (begun) steps.push({ name: begun.name, span: [begun.at, at] });
    }
    found.push({
      workflowId: run.workflowId,
      type: run.type,
      events: events?.length ?? 0,
      span: [run.startTime.getTime(), run.closeTime.getTime()],
      steps,
    });
  }
  return found;
}
