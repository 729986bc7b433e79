import { Context } from '@temporalio/activity';
import type { Rollouts, Runs, Standing } from '@livepod/activities';
import { searchAttributes } from '@livepod/workflows';
import { connectClient, type Temporal, type TemporalClient } from './temporal.js';

/** How a run that did not finish ended, in words. */
const BROKEN: Record<string, string> = {
  TERMINATED: 'was terminated',
  TIMED_OUT: 'timed out',
  FAILED: 'failed',
  CANCELLED: 'was cancelled',
};
/** Newest first; a round has at most some dozens of workflows. */
const READ = 200;

/**
 * What the Temporal server knows of workflows by search attribute. Visibility may be seconds behind, so what looks
 * broken is asked for itself.
 */
export function temporalRuns(temporal: Temporal): Runs {
  const client = connecting(temporal);
  return {
    async of({ attribute, value }) {
      const { workflow } = await client();
      const named = `${searchAttributes[attribute].name} = ${JSON.stringify(value)}`;
      const standing: Standing = {
        running: (await workflow.count(`${named} AND ExecutionStatus = "Running"`)).count > 0,
        broken: null,
        lastEnd: 0,
      };
      if (standing.running) return standing;
      let newest = 0;
      let read = 0;
      for await (const { workflowId, status, closeTime } of workflow.list({
        query: `${named} AND ExecutionStatus != "Running"`,
        pageSize: READ,
      })) {
        if (read++ === READ) break;
        const ended = closeTime?.getTime() ?? 0;
        standing.lastEnd = Math.max(standing.lastEnd, ended);
        const how = BROKEN[status.name];
        if (how !== undefined && ended >= newest) [newest, standing.broken] = [ended, { workflowId, how }];
      }
      if (standing.broken)
        standing.running = (await workflow.getHandle(standing.broken.workflowId).describe()).status.name === 'RUNNING';
      return standing;
    },
  };
}

/** Rollouts that run by what they say of themselves; asked from an activity, whose own workflow is none of them. */
export function temporalRollouts(temporal: Temporal): Rollouts {
  const client = connecting(temporal);
  return {
    async driving(release) {
      const own = Context.current().info.workflowExecution?.workflowId;
      const { workflow } = await client();
      const query =
        `${searchAttributes.release.name} = "${release}" AND WorkflowType = "modelRollout" ` +
        'AND ExecutionStatus = "Running"';
      for await (const { workflowId } of workflow.list({ query, pageSize: 10 }))
        if (workflowId !== own) return workflowId;
      return undefined;
    },
  };
}

/** One connection, made when it is needed first, and anew when that failed. */
function connecting(temporal: Temporal): () => Promise<TemporalClient> {
  let connected: Promise<TemporalClient> | undefined;
  return () =>
    (connected ??= connectClient(temporal).catch((error: unknown) => {
      connected = undefined;
      throw error;
    }));
}
