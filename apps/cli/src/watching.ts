import { timelineQuery } from '@livepod/workflows';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { TemporalClient } from '@livepod/workers/temporal';
import { CliError } from './errors.js';
import { out, say } from './output.js';
import { oneLine } from '@livepod/protocol';

const LOOK_EVERY_MS = 1_000;
/** A step that failed so often is told of; before that it may be the usual wait for a part to come back. */
const TELL_FROM_ATTEMPT = 3;

/** Prints the timeline as it grows, steps that keep failing, and the result. @throws CliError `workflowFailed` */
export async function watch(client: TemporalClient, handle: WorkflowHandle): Promise<void> {
  let shown = 0;
  const failing = new Map<string, string>();
  const tell = async (): Promise<void> => {
    const lines = await handle.query(timelineQuery).catch(() => []);
    for (const { at, text } of lines.slice(shown)) say(`${at.slice(11, 19)} ${oneLine(text)}`);
    shown = Math.max(shown, lines.length);
    for (const { step, words } of await failingSteps(client, handle).catch(() => [])) {
      if (failing.get(step) === words) continue;
      failing.set(step, words);
      say(`${new Date().toISOString().slice(11, 19)} ${step} fails: ${oneLine(words)}`);
    }
  };
  let telling: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void (telling = telling.then(tell)), LOOK_EVERY_MS);
  try {
    const result: unknown = await handle.result();
    await tell();
    out(JSON.stringify(result, null, 2));
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    await tell();
    throw new CliError(
      'workflowFailed',
      { workflowId: handle.workflowId },
      `${handle.workflowId} failed: ${failureInWords(error)}`,
      { cause: error },
    );
  } finally {
    clearInterval(timer);
  }
}

/** The innermost cause, as the part that failed said it, and where that was. */
export function failureInWords(error: Error): string {
  const where: string[] = [];
  let deepest: Error & { cause?: unknown } = error;
  for (let depth = 0; depth < 20; depth++) {
    const { activityType, workflowType, operation } = deepest as unknown as Record<string, string | undefined>;
    const place = activityType ?? workflowType ?? operation;
    if (place !== undefined) where.push(place);
    const { cause } = deepest;
    if (!(cause instanceof Error) || cause.message === '') break;
    deepest = cause;
  }
  const code = (deepest as { type?: string | null }).type;
  const at = [where.join(', '), typeof code === 'string' ? `code ${code}` : ''].filter((part) => part !== '');
  return `${deepest.message}${at.length === 0 ? '' : ` (${at.join('; ')})`}`;
}

/** Steps of a workflow that failed again and again, with what they failed of last. */
async function failingSteps(
  client: TemporalClient,
  handle: WorkflowHandle,
): Promise<{ step: string; words: string }[]> {
  const { raw } = await handle.describe();
  const again = (raw.pendingActivities ?? []).filter(
    ({ attempt, lastFailure }) => (attempt ?? 1) >= TELL_FROM_ATTEMPT && lastFailure,
  );
  return Promise.all(
    again.map(async ({ activityType, lastFailure }) => {
      const cause = await decodeOptionalFailureToOptionalError(client.options.loadedDataConverter, lastFailure);
      return { step: activityType?.name ?? 'a step', words: cause ? failureInWords(cause) : 'it does not say of what' };
    }),
  );
}
