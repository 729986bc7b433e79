import type { HttpAgent } from '@dfinity/agent';
import type { Clients } from './connect.js';
import { callError } from './errors.js';

const KEPT_MS = 60_000;
const known = new WeakMap<HttpAgent, { time: number; at: number }>();

/**
 * The network's time in milliseconds since the epoch, from a certificate: what the canisters go by, however wrong this machine's clock is.
 * Asked for once a minute.
 *
 * @throws CanisterError `network`
 */
export async function networkTime({ agent, governance }: Pick<Clients, 'agent' | 'governance'>): Promise<number> {
  const last = known.get(agent);
  if (last && performance.now() - last.at < KEPT_MS) return last.time + performance.now() - last.at;
  try {
    await agent.syncTime(governance.canisterId);
  } catch (error) {
    throw callError('governance', 'time', error);
  }
  const now = { time: Date.now() + agent.getTimeDiffMsecs(), at: performance.now() };
  known.set(agent, now);
  return now.time;
}
