import { MAX_VOUCHER_SECONDS, readVoucher, signVoucher } from '@livepod/protocol';
import type { Clients } from './connect.js';
import type { Pod } from './generated/fleet.js';
import { CanisterError } from './errors.js';
import { networkTime } from './time.js';

/** Clocks of issuer and canister may differ by so much, milliseconds. */
const EARLIER_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What a voucher is for. */
export interface Vouched {
  channel: string;
  /** devices that may enrol by it */
  pods: number;
  /** the one device that it is for */
  pod?: string;
  /** how long it holds; default 30 */
  days?: number;
}

/** Signs a voucher with an operator's or a manufacturer's seed, by the network's clock. */
export async function voucherFor(
  clients: Pick<Clients, 'fleet' | 'governance' | 'agent'>,
  seed: Uint8Array,
  { days = 30, ...vouched }: Vouched,
): Promise<string> {
  const now = await networkTime(clients);
  const longest = MAX_VOUCHER_SECONDS * 1_000 - EARLIER_MS;
  const ns = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
  return signVoucher(seed, {
    ...vouched,
    audience: clients.fleet.canisterId.toText(),
    notBefore: ns(now - EARLIER_MS),
    expires: ns(now + Math.min(days * DAY_MS, longest)),
    nonce: crypto.getRandomValues(new Uint8Array(16)),
  });
}

/**
 * Enrols the caller's device; who is enrolled needs no voucher.
 *
 * @throws CanisterError `notAuthorized` (no voucher, or not for this) · `alreadyExists` · `limitExceeded`
 */
export async function enrol(
  clients: Pick<Clients, 'fleet'>,
  as: { name: string; channel: string },
  voucher?: string,
): Promise<Pod> {
  const parts = voucher === undefined ? undefined : readVoucher(voucher);
  const shown = parts ? { document: parts.document, signature: parts.signature } : undefined;
  try {
    return await clients.fleet.enrol({ ...as, voucher: shown ? [shown] : [] });
  } catch (error) {
    // The canister does not take the message of who may not enrol, and so says nothing itself.
    if (!(error instanceof CanisterError && error.code === 'rejected')) throw error;
    throw new CanisterError(
      'notAuthorized',
      { ...error.details, channel: as.channel, voucher: parts?.voucher.nonce },
      `The fleet takes no enrolment of this device on ${as.channel}${parts ? ' by this voucher' : ''}; ask its ` +
        'operator for a voucher: livepod ops voucher.',
      { cause: error },
    );
  }
}
