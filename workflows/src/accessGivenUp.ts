import { checked, integer, name, optional, record, sentence } from './guards.js';
import { jobReference } from './accessRequest.js';
import { narrate } from './narration.js';
import { requesting } from './ports.js';

const input = record({ round: name, attempt: optional(integer(1, 9), 1), reason: sentence });

/**
 * The provider takes back what it asked the access canister for: an unpaid job is nobody else's to end before its
 * deadline.
 */
export async function accessGivenUp(request: {
  round: string;
  attempt?: number;
  reason: string;
}): Promise<{ job: number | null }> {
  const { round, attempt, reason } = checked('accessGivenUp', input, request);
  const tell = narrate('access', { round });
  tell(`Giving up the job of round ${round}`);
  const given = await requesting.giveUp({ clientRef: jobReference(round, attempt), reason });
  tell(given.job === null ? 'There was nothing to give up' : `Job ${given.job} is given up`);
  return given;
}
