import type { TrainingProgress } from '@livepod/workflows';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';

/** The step of a job that takes long, and that a host does one at a time. */
const TRAIN = 'training.train';
const STARTED = 2;

/** Where a job stands on this provider's hosts: behind how many others, or in which epoch, and what keeps failing. */
export async function progressOf(client: Client, job: number): Promise<TrainingProgress> {
  const handle = client.workflow.getHandle(`training-job-${job}`);
  const described = await handle.describe().catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  });
  if (described?.status.name !== 'RUNNING') return { state: described ? 'over' : 'unknown' };
  const steps = described.raw.pendingActivities ?? [];
  const failing = steps.find(({ attempt, lastFailure }) => (attempt ?? 1) > 2 && lastFailure);
  const fails = failing ? { failing: failing.activityType?.name ?? 'a step', attempt: failing.attempt ?? 1 } : {};
  const step = steps.find(({ state }) => Number(state) === STARTED);
  if (!step) {
    const ahead = steps.length > 0 ? await startedBefore(client, described.startTime) : 0;
    return ahead > 0 ? { state: 'queued', ahead, ...fails } : { state: 'running', ...fails };
  }
  if (step.activityType?.name !== TRAIN) return { state: 'running', step: step.activityType?.name ?? '', ...fails };
  const payloads = step.heartbeatDetails?.payloads;
  const details = payloads?.length
    ? await decodeFromPayloadsAtIndex<Partial<Record<string, unknown>> | undefined>(
        client.options.loadedDataConverter,
        0,
        payloads,
      )
    : undefined;
  const { epoch, epochs, loss } = details ?? {};
  if (typeof epoch !== 'number' || typeof epochs !== 'number') return { state: 'running', step: TRAIN, ...fails };
  return { state: 'running', step: TRAIN, epoch, epochs, loss: String(loss), ...fails };
}

/** How many jobs of this provider began before and have not ended. */
async function startedBefore({ workflow }: Client, startTime: Date): Promise<number> {
  const running = 'WorkflowType = "trainingJob" AND ExecutionStatus = "Running"';
  return (await workflow.count(`${running} AND StartTime < "${startTime.toISOString()}"`)).count;
}
