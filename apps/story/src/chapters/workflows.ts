import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import type { LifecycleInput, LifecycleResult, ModelRollbackInput } from '@livepod/workflows';
import { setTimeout as sleep } from 'node:timers/promises';
import { insist } from '../patience.js';
import type { Theatre } from './chapter.js';

/** Starts a workflow as an operator would from the UI, once, and waits for what it returns. */
async function ran<T>(
  theatre: Theatre,
  workflowType: string,
  taskQueue: string,
  workflowId: string,
  input: unknown,
): Promise<T> {
  const { memory, temporal } = theatre;
  if (workflowId in memory.told.results) return memory.told.results[workflowId] as T;
  const ended = (error: unknown): boolean =>
    error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowFailedError;
  await insist(
    `the start of ${workflowId}`,
    () =>
      temporal.workflow.start(workflowType, {
        workflowId,
        taskQueue,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      }),
    ended,
  ).catch((error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  });
  theatre.tell(`${workflowType} ${workflowId} runs`);
  const watching = new AbortController();
  void follow(theatre, workflowId, watching.signal);
  try {
    const result = await insist<T>(
      `the result of ${workflowId}`,
      () => temporal.workflow.getHandle(workflowId).result() as Promise<T>,
      ended,
      1800,
    );
    memory.note((told) => void (told.results[workflowId] = result));
    return result;
  } finally {
    watching.abort();
  }
}

/** Shows the workflow's own words while it runs: what an operator reads in the UI. */
async function follow(theatre: Theatre, workflowId: string, signal: AbortSignal): Promise<void> {
  let shown = '';
  while (!signal.aborted) {
    try {
      const details = await theatre.temporal.workflow
        .getHandle(workflowId)
        .query<string>('__temporal_workflow_metadata')
        .then(currentDetails);
      const line =
        details
          .split('\n')
          .map((text) => text.replace(/[#*`]/g, '').trim())
          .find((text) => text !== '') ?? '';
      if (line && line !== shown) theatre.tell((shown = line));
    } catch {
      // No worker answers right now; the workflow goes on when one does.
    }
    await sleep(1500);
  }
}

const currentDetails = (metadata: unknown): string => (metadata as { currentDetails?: string }).currentDetails ?? '';

export const lifecycle = (theatre: Theatre, input: LifecycleInput): Promise<LifecycleResult> =>
  ran(theatre, 'lifecycle', 'orchestrator', `lifecycle-${input.round}`, input);

export const rollback = (
  theatre: Theatre,
  input: ModelRollbackInput,
): Promise<{ decision: string; sequence: number | null }> =>
  ran(theatre, 'modelRollback', 'rollback', `rollback-${input.channel}-${input.ref}`, input);
