import { jobState, releaseState } from '@livepod/protocol';
import type { Clients } from './connect.js';
import type { Release } from './generated/fleet.js';

/** Where a release stands, as an operator's token names it. */
export const standingOf = ({ state, wave, pauses }: Release): string =>
  releaseState(Object.keys(state)[0]!, wave, pauses[0] ?? 0);

/**
 * Where `release/<number>` or `job/<number>` stands; undefined for what no canister knows, such as `workflow`. For
 * messages and for making tokens: the canister looks itself before it changes anything.
 *
 * @throws CanisterError
 */
export async function stateOf(clients: Pick<Clients, 'fleet' | 'access'>, object: string): Promise<string | undefined> {
  const [kind, number] = object.split('/');
  if (kind === 'release') {
    const release = await clients.fleet.get_release(BigInt(number!));
    return release && standingOf(release);
  }
  if (kind === 'job') {
    const job = await clients.access.get_job(BigInt(number!));
    return job && jobState(Object.keys(job.state)[0]!, job.deadline);
  }
  return undefined;
}
