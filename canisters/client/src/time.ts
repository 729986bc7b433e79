import {
  AgentError,
  HttpErrorCode,
  IngressExpiryInvalidErrorCode,
  MissingSignatureErrorCode,
  type HttpAgent,
} from '@dfinity/agent';
import type { Principal } from '@dfinity/principal';
import type { Clients } from './connect.js';
import { callError } from './errors.js';

const KEPT_MS = 60_000;
const known = new WeakMap<HttpAgent, { time: number; at: number }>();

/**
 * The network's time in milliseconds since the epoch, from a certificate: what the canisters go by, however wrong this
 * machine's clock is. Asked for once a minute.
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

/**
 * Repeats a request once by the network's time, when this machine's was not near enough for it to be taken. The agent
 * itself does so for updates only, and only the first time: a clock may also be set right while we run.
 */
export async function byNetworkTime<T>(agent: HttpAgent, canister: Principal, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof AgentError) || !isOfAWrongClock(error)) throw error;
    await agent.syncTime(canister);
    return request();
  }
}

/** Refused was the request itself, or the agent's own request for the keys that sign answers. */
function isOfAWrongClock({ code }: AgentError): boolean {
  if (code instanceof HttpErrorCode) return code.bodyText?.startsWith('Invalid request expiry: ') ?? false;
  return code instanceof IngressExpiryInvalidErrorCode || code instanceof MissingSignatureErrorCode;
}
