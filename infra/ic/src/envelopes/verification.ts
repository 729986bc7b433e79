import { selfAuthenticating } from '../certificates/subnet-keys.js';
import { principal, utc, verifyDelegations } from './delegations.js';
import type { Envelope, RequestContent, RequestType } from './envelope.js';
import { EnvelopeError, malformed } from './errors.js';
import { readPublicKey } from './public-keys.js';
import { representationIndependentHash } from './request-id.js';
import { verifySignature } from './signatures.js';

export interface VerifiedRequest {
  requestId: Uint8Array;
  content: RequestContent;
  /**
   * The canisters that the sender's delegations allow; absent means all. A call or query is within them; `read_state`
   * of a request's status must be.
   */
  targets?: Uint8Array[];
  /** What the sender's canister says about the sender (IC spec: sender_info), verified. */
  senderInfo?: { info: Uint8Array; signer: Uint8Array };
}

export interface VerificationOptions {
  /** Nanoseconds since the epoch. */
  now: bigint;
  /** This network's root key, 133 bytes of DER. */
  rootKey: Uint8Array;
  expectedType: RequestType;
  /**
   * Further root keys under which *senders'* canister signatures count, such as the main network's for Internet
   * Identity.
   */
  senderRootKeys?: Uint8Array[];
}

const REQUEST = separator('ic-request');
const SENDER_INFO = separator('ic-sender-info');
const MAX_INGRESS_TTL = 5n * 60n * 1_000_000_000n;
const PERMITTED_DRIFT = 30n * 1_000_000_000n;

/**
 * Checks that an envelope may be acted upon: type, expiry, sender, delegations, signature (IC spec: Authentication).
 *
 * @throws EnvelopeError `malformed` · `expired` · `wrongSender` · `badDelegation` · `badSignature`
 */
export function verifyEnvelope(envelope: Envelope, options: VerificationOptions): VerifiedRequest {
  const { content } = envelope;
  if (content.request_type !== options.expectedType)
    throw malformed(`this endpoint takes ${options.expectedType} requests, not ${content.request_type}.`);
  const anonymous = content.sender.length === 1 && content.sender[0] === 4;
  if (!anonymous || content.request_type === 'call') checkExpiry(content.ingress_expiry, options.now);
  const requestId = requestIdOf(envelope);
  if (anonymous) return anonymousRequest(envelope, requestId);

  const { senderPubkey, senderSig } = envelope;
  if (!senderPubkey || !senderSig)
    throw new EnvelopeError('badSignature', {}, `Missing signature from user: ${principal(content.sender)}`);
  if (Buffer.compare(selfAuthenticating(senderPubkey), content.sender) !== 0)
    throw new EnvelopeError(
      'wrongSender',
      {},
      `The user id ${principal(content.sender)} does not match the public key ` +
        `${Buffer.from(senderPubkey).toString('hex')}`,
    );
  const rootKeys = [options.rootKey, ...(options.senderRootKeys ?? [])];
  const mandate = verifyDelegations(senderPubkey, envelope.delegations, content, options.now, rootKeys);
  verified('Invalid signature', () =>
    verifySignature(mandate.signingKey, Buffer.concat([REQUEST, requestId]), senderSig, rootKeys),
  );
  return { requestId, content, targets: mandate.targets, senderInfo: senderInfo(envelope, senderPubkey, rootKeys) };
}

function requestIdOf(envelope: Envelope): Uint8Array {
  try {
    return representationIndependentHash(envelope.fields);
  } catch (cause) {
    throw malformed(`the content cannot be hashed (${(cause as Error).message})`);
  }
}

function anonymousRequest(envelope: Envelope, requestId: Uint8Array): VerifiedRequest {
  const { senderPubkey, senderSig, delegations, senderInfo: info } = envelope;
  if (senderPubkey || senderSig || delegations.length > 0 || info) {
    throw new EnvelopeError('wrongSender', {}, 'Signature is not allowed for the anonymous user');
  }
  return { requestId, content: envelope.content };
}

function senderInfo(
  envelope: Envelope,
  senderPubkey: Uint8Array,
  rootKeys: Uint8Array[],
): VerifiedRequest['senderInfo'] {
  const claim = envelope.senderInfo;
  if (!claim) return undefined;
  verified('Invalid sender_info', () => {
    const key = readPublicKey(senderPubkey);
    if (key.scheme !== 'canister' || Buffer.compare(key.canisterId, claim.signer) !== 0)
      throw new Error('The signer is not the canister of sender_pubkey.');
    verifySignature(senderPubkey, Buffer.concat([SENDER_INFO, claim.info]), claim.sig, rootKeys);
  });
  return { info: claim.info, signer: claim.signer };
}

/**
 * The clients' clock correction hangs on the wording: keep `Invalid request expiry: Specified ingress_expiry not within
 * expected range`.
 */
function checkExpiry(expiry: bigint, now: bigint): void {
  const latest = now + MAX_INGRESS_TTL + PERMITTED_DRIFT;
  if (expiry >= now && expiry <= latest) return;
  throw new EnvelopeError(
    'expired',
    { expiry, now },
    'Invalid request expiry: Specified ingress_expiry not within expected range: ' +
      `Minimum allowed expiry: ${utc(now)}, Maximum allowed expiry: ${utc(latest)}, Provided expiry: ${utc(expiry)}`,
  );
}

function verified(what: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new EnvelopeError('badSignature', {}, `${what}: ${(cause as Error).message}`);
  }
}

function separator(name: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(name.length), Buffer.from(name, 'ascii')]);
}
