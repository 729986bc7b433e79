import { Principal } from '@dfinity/principal';
import type { RequestContent, SignedDelegation } from './envelope.js';
import { EnvelopeError } from './errors.js';
import { representationIndependentHash } from './request-id.js';
import { verifySignature } from './signatures.js';

/** What a chain of delegations amounts to. */
export interface Mandate {
  /** The key that must have signed the request. */
  signingKey: Uint8Array;
  /** The canisters all delegations agree on; absent means all. */
  targets?: Uint8Array[];
}

const MAX_DELEGATIONS = 20;
const DELEGATION = Buffer.concat([Uint8Array.of(26), Buffer.from('ic-request-auth-delegation', 'ascii')]);

/**
 * Follows a chain of delegations from the sender's key (IC spec: Authentication). An empty chain leaves the sender's
 * key.
 *
 * @throws EnvelopeError `badDelegation`
 */
export function verifyDelegations(
  senderPubkey: Uint8Array,
  chain: SignedDelegation[],
  content: RequestContent,
  now: bigint,
  rootKeys: Uint8Array[],
): Mandate {
  const keys = [senderPubkey, ...chain.map(({ pubkey }) => pubkey)];
  if (chain.length > MAX_DELEGATIONS)
    throw refused(
      `Chain of delegations is too long: got ${chain.length} delegations, but at most ${MAX_DELEGATIONS} are allowed.`,
    );
  const again = keys.find((key, index) => keys.slice(0, index).some((earlier) => name(earlier) === name(key)));
  if (again)
    throw refused(
      `Chain of delegations contains at least one cycle: first repeating public key encountered ${name(again)}`,
    );
  chain.forEach((delegation, index) => {
    if (delegation.expiration < now) {
      throw new EnvelopeError(
        'badDelegation',
        {},
        `Specified sender delegation has expired:\nProvided expiry:    ${utc(delegation.expiration)}\nLocal ` +
          `replica time: ${utc(now)}`,
      );
    }
    checkPermissions(delegation, content);
    checkSignature(keys[index]!, delegation, rootKeys);
  });
  const targets = intersection(chain);
  if (targets && content.canister_id && !targets.some((id) => name(id) === name(content.canister_id!))) {
    throw new EnvelopeError(
      'badDelegation',
      {},
      `Canister ${principal(content.canister_id)} is not one of the delegation targets`,
    );
  }
  return { signingKey: keys.at(-1)!, targets };
}

function checkPermissions({ permissions }: SignedDelegation, content: RequestContent): void {
  if (permissions === undefined || permissions === 'all') return;
  if (permissions !== 'queries') throw refused('its permissions are neither "queries" nor "all".');
  if (content.request_type === 'call') throw refused('it allows queries only.');
}

function checkSignature(by: Uint8Array, delegation: SignedDelegation, rootKeys: Uint8Array[]): void {
  try {
    const message = Buffer.concat([DELEGATION, representationIndependentHash(delegation.fields)]);
    verifySignature(by, message, delegation.signature, rootKeys);
  } catch (cause) {
    throw refused((cause as Error).message);
  }
}

function intersection(chain: SignedDelegation[]): Uint8Array[] | undefined {
  return chain.reduce<Uint8Array[] | undefined>((allowed, { targets }) => {
    if (!targets || !allowed) return targets ?? allowed;
    const others = new Set(targets.map(name));
    return allowed.filter((id) => others.has(name(id)));
  }, undefined);
}

/** A principal as people write it. */
export function principal(bytes: Uint8Array): string {
  return Principal.fromUint8Array(bytes).toText();
}

/** @param nanoseconds  since the epoch, perhaps beyond all dates */
export function utc(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  if (Number.isNaN(date.getTime())) return `${nanoseconds} ns`;
  return (
    `${date.toISOString().slice(0, 19).replace('T', ' ')}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')} ` +
    'UTC'
  );
}

function name(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function refused(why: string): EnvelopeError {
  return new EnvelopeError('badDelegation', {}, `Invalid delegation: ${why}`);
}
