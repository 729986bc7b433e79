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

const DELEGATION = Buffer.concat([Uint8Array.of(26), Buffer.from('ic-request-auth-delegation', 'ascii')]);

/**
 * Follows a chain of delegations from the sender's key (IC spec: Authentication). An empty chain leaves the sender's key.
 *
 * @throws EnvelopeError `badDelegation`
 */
export function verifyDelegations(senderPubkey: Uint8Array, chain: SignedDelegation[], content: RequestContent, now: bigint, rootKeys: Uint8Array[]): Mandate {
  const keys = [senderPubkey, ...chain.map(({ pubkey }) => pubkey)];
  if (new Set(keys.map(name)).size !== keys.length) throw refused('a key occurs twice in the chain.');
  chain.forEach((delegation, index) => {
    if (delegation.expiration < now) throw refused(`it expired at ${delegation.expiration} ns since the epoch; log in again.`);
    checkPermissions(delegation, content);
    checkSignature(keys[index]!, delegation, rootKeys);
  });
  const targets = intersection(chain);
  if (targets && content.canister_id && !targets.some((id) => name(id) === name(content.canister_id!))) {
    throw refused('the canister is not one of its targets.');
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

function name(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function refused(why: string): EnvelopeError {
  return new EnvelopeError('badDelegation', {}, `Invalid delegation: ${why}`);
}
