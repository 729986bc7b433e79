import { trace } from '@opentelemetry/api';
import {
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry-v2/lib/workflow/index.js';
import {
  ContinueAsNew,
  isCancellation,
  log,
  metricMeter,
  workflowInfo,
  type ActivityInput,
  type GetLogAttributesInput,
  type Next,
  type WorkflowExecuteInput,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { idsOf } from './ids.js';
import { searchAttributes } from './searchAttributes.js';
import { stageOf } from './stages.js';

/**
 * Part of every bundle, so that a run replays alike whether its worker exports traces or not: spans from the start of a
 * run to its steps, children and Nexus calls; how long stages, votes and rollbacks took; and the same ids on every log
 * line. It makes no command of its own.
 */
export function interceptors(): WorkflowInterceptors {
  const measures = new Measures();
  return {
    // A run that was started from the UI brings no trace: its own first span is the root.
    inbound: [new OpenTelemetryInboundInterceptor(), measures],
    outbound: [new OpenTelemetryOutboundInterceptor(), measures],
    internals: [new OpenTelemetryInternalsInterceptor()],
  };
}

/**
 * Times are the workflow's own clock, so a wait of days counts whole though the worker changed meanwhile. Nothing is
 * counted again in a replay.
 */
class Measures implements WorkflowInboundCallsInterceptor, WorkflowOutboundCallsInterceptor {
  private ids: Record<string, string | number> = {};
  /** Which function a proposal calls, by its number. */
  private readonly functions = new Map<number, string>();
  private decidedAt: number | undefined;

  async execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    this.ids = idsOf(input.args[0]);
    trace.getActiveSpan()?.setAttributes(named(this.ids));
    const began = Date.now();
    const ended = (outcome: string): void => {
      const { workflowType: workflow } = workflowInfo();
      seconds('livepod_stage_duration_seconds', 'From the first task of a workflow to its end').record(since(began), {
        workflow,
        stage: stageOf(workflow),
        outcome,
      });
      log.info('Stage ended', { outcome, seconds: since(began) });
    };
    log.info('Stage began');
    try {
      const result = await next(input);
      ended(workflowInfo().typedSearchAttributes.get(searchAttributes.outcome) ?? 'completed');
      return result;
    } catch (error) {
      ended(error instanceof ContinueAsNew ? 'continued' : isCancellation(error) ? 'cancelled' : 'failed');
      throw error;
    }
  }

  async scheduleActivity(
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'scheduleActivity'>,
  ): Promise<unknown> {
    trace.getActiveSpan()?.setAttributes(named({ ...this.ids, ...idsOf(input.args[0]) }));
    const began = Date.now();
    const result = await next(input);
    this.note(input.activityType, input.args[0], result, began);
    return result;
  }

  getLogAttributes(
    input: GetLogAttributesInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'getLogAttributes'>,
  ): Record<string, unknown> {
    return next({ ...this.ids, ...input });
  }

  private note(activity: string, argument: unknown, result: unknown, began: number): void {
    switch (activity) {
      case 'governance.propose':
        return this.proposed([argument], [result]);
      case 'governance.proposeAll':
        return this.proposed((argument as { proposals: unknown[] }).proposals, result as unknown[]);
      case 'governance.decision':
      case 'governance.decisions': {
        const { proposal, proposals } = argument as { proposal?: number; proposals?: number[] };
        const first = proposal ?? proposals?.[0];
        this.decidedAt = Date.now();
        return seconds('livepod_vote_wait_seconds', 'From a proposal to the decision on it').record(since(began), {
          function: (first !== undefined && this.functions.get(first)) || 'unknown',
        });
      }
      case 'models.stableAt':
        return seconds(
          'livepod_rollback_seconds',
          'From the decision to set a channel to another version until the channel says so',
        ).record(since(this.decidedAt ?? began));
    }
  }

  private proposed(requests: unknown[], receipts: unknown[]): void {
    requests.forEach((request, index) => {
      const receipt = receipts[index] as { id: number } | undefined;
      if (receipt) this.functions.set(receipt.id, (request as { action: { call: string } }).action.call);
    });
  }
}

const since = (began: number): number => (Date.now() - began) / 1000;
const seconds = (name: string, description: string) =>
  metricMeter.createHistogram(name, 'float', undefined, description);
const named = (ids: Record<string, string | number>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(ids).map(([name, value]) => [`livepod.${name}`, value]));
