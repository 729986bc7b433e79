import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto';
import { verifyCanisterSignature } from './canister-signatures.js';
import { readPublicKey, type SenderKey } from './public-keys.js';
import { verifyWebAuthn } from './webauthn.js';

/**
 * Verifies one signature by a sender's or delegate's key.
 *
 * @param message   with its domain separator
 * @param rootKeys  under which canister signatures count
 * @throws Error saying what does not hold
 */
export function verifySignature(
  der: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  rootKeys: Uint8Array[],
): void {
  const key = readPublicKey(der);
  if (key.scheme === 'canister')
    return onceOnly([der, message, signature, ...rootKeys], () =>
      verifyCanisterSignature(key, message, signature, rootKeys),
    );
  if (!holds(key, message, signature)) throw new Error('The signature does not verify.');
}

function holds(key: Exclude<SenderKey, { scheme: 'canister' }>, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.scheme === 'webauthn') return verifyWebAuthn(key.cose, message, signature);
  if (signature.length !== 64) return false;
  const spki = keyObject(key.der);
  if (key.scheme === 'ed25519') return verify(null, message, spki, signature);
  return verify('sha256', message, { key: spki, dsaEncoding: 'ieee-p1363' }, signature);
}

/**
 * Reading a key takes as long as verifying with it, and a session's requests come with the same one: those read last
 * are kept.
 */
const read = new Map<string, KeyObject>();
const MOST_READ = 5_000;

function keyObject(der: Uint8Array): KeyObject {
  const name = Buffer.from(der).toString('latin1');
  const known = read.get(name);
  if (known) return known;
  const made = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  if (read.size >= MOST_READ) read.delete(read.keys().next().value!);
  read.set(name, made);
  return made;
}

/**
 * Canister signatures cost two pairings (some 90 ms) and come with every request of a session: those that held are
 * remembered. Only what was verified is kept, under a hash of everything it depends on, so a hit proves as much as a
 * verification.
 */
const held = new Set<string>();
const MOST_HELD = 2_000;

function onceOnly(parts: Uint8Array[], check: () => void): void {
  const name = hash('sha256', Buffer.concat(parts.map((part) => hash('sha256', part, 'buffer'))), 'hex');
  if (held.has(name)) return;
  check();
  if (held.size >= MOST_HELD) held.delete(held.values().next().value!);
  held.add(name);
}
