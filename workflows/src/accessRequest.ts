import { MAX_JOB_DATASETS } from '@livepod/protocol/limits';
import { workflowInfo } from '@temporalio/workflow';
import type { RequestAccess, RequestedAccess } from '@livepod/activities/ports';
import {
  amount,
  checked,
  contentId,
  hyperparameters,
  integer,
  list,
  name,
  nullable,
  optional,
  principal,
  record,
} from './guards.js';
import { narrate, short } from './narration.js';
import { requesting } from './ports.js';

const input = record({
  round: name,
  recipe: contentId,
  arguments: hyperparameters,
  seed: integer(0, 2 ** 32 - 1),
  datasets: list(record({ id: contentId, epoch: integer(0, 2 ** 32 - 1) }), 1, MAX_JOB_DATASETS),
  base: nullable(contentId),
  reward: amount,
  deadlineSeconds: integer(30, 30 * 24 * 3600),
  payer: optional(nullable(principal), null),
  ceiling: optional(nullable(amount), null),
  attempt: optional(integer(1, 9), 1),
});

/** What a round's job is called at the access canister; each attempt has a job of its own. */
export const jobReference = (round: string, attempt: number): string =>
  attempt === 1 ? `round/${round}` : `round/${round}/${attempt}`;

/** The provider asks the access canister for a job, under its own identity and in its own namespace. */
export async function accessRequest(request: RequestAccess): Promise<RequestedAccess> {
  const { deadlineSeconds, attempt, payer, ceiling, ...order } = checked('accessRequest', input, request);
  const tell = narrate('access', { round: order.round, recipe: short(order.recipe), datasets: order.datasets.length });

  // From the start of this workflow, so that a repeated step writes the same document and with it the same approval
  // digest.
  const deadline = (BigInt(workflowInfo().startTime.getTime() + deadlineSeconds * 1000) * 1_000_000n).toString();
  tell(`Asking for ${order.datasets.length} datasets`);
  const asked = await requesting.request({
    ...order,
    ...(payer === null || ceiling === null ? {} : { payer, ceiling }),
    deadline,
    clientRef: jobReference(order.round, attempt),
  });
  tell(`Job ${asked.job}`, { job: asked.job, approval: short(asked.approvalDigest) });
  return asked;
}
