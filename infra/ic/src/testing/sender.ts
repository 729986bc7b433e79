import { encode } from 'cborg';
import { generateKeyPairSync, sign } from 'node:crypto';
import { selfAuthenticating } from '../certificates/index.js';
import { representationIndependentHash, selfDescribed } from '../envelopes/index.js';

/** Somebody with a key who writes envelopes by hand, good ones and bad ones. */
export interface Sender {
  der: Uint8Array;
  principal: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export interface Link {
  delegation: Record<string, unknown>;
  signature: Uint8Array;
}

export const NO_ARGUMENTS = Buffer.from('4449444c0000', 'hex');
const MINUTE = 60_000_000_000n;

export function newSender(): Sender {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  return {
    der,
    principal: selfAuthenticating(der),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** Nanoseconds since the epoch, so many minutes from now. */
export function inMinutes(minutes: number): bigint {
  return BigInt(Date.now()) * 1_000_000n + BigInt(Math.round(minutes * 60)) * (MINUTE / 60n);
}

export function separated(name: string, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), bytes]);
}

/** Content of a call unless told otherwise. */
export function contentOf(sender: Sender, canister: Uint8Array, more: object = {}): Record<string, unknown> {
  return {
    request_type: 'call',
    sender: sender.principal,
    ingress_expiry: inMinutes(4),
    canister_id: canister,
    method_name: 'increment',
    arg: NO_ARGUMENTS,
    nonce: crypto.getRandomValues(new Uint8Array(16)),
    ...more,
  };
}

/** Content of a `read_state`; labels that are texts in UTF-8. */
export function readingOf(
  sender: Sender,
  paths: (string | Uint8Array)[][],
  more: object = {},
): Record<string, unknown> {
  return {
    request_type: 'read_state',
    sender: sender.principal,
    ingress_expiry: inMinutes(4),
    paths: paths.map((path) => path.map((label) => (typeof label === 'string' ? Buffer.from(label) : label))),
    ...more,
  };
}

export function delegate(from: Sender, to: Sender, more: object = {}): Link {
  const delegation = { pubkey: to.der, expiration: inMinutes(60), ...more };
  return {
    delegation,
    signature: from.sign(separated('ic-request-auth-delegation', representationIndependentHash(delegation))),
  };
}

/** @param signer  who signs: the sender, or the end of the chain */
export function envelopeOf(sender: Sender, content: object, signer: Sender = sender, chain?: Link[]): Uint8Array {
  const signature = signer.sign(separated('ic-request', representationIndependentHash(content)));
  return selfDescribed(
    encode({ content, sender_pubkey: sender.der, sender_sig: signature, ...(chain && { sender_delegation: chain }) }),
  );
}
