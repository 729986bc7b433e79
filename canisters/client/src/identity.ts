import { Ed25519KeyIdentity } from '@dfinity/identity';
import { CanisterError } from './errors.js';

/** An identity from its 32-byte Ed25519 seed. */
export function identityFromSeed(seed: Uint8Array): Ed25519KeyIdentity {
  if (seed.length !== 32)
    throw new CanisterError('invalid', { bytes: seed.length }, 'An identity is made from a seed of exactly 32 bytes.');
  return Ed25519KeyIdentity.fromSecretKey(seed as Uint8Array<ArrayBuffer>);
}

/** A fresh identity, not kept anywhere. */
export function newIdentity(): Ed25519KeyIdentity {
  return identityFromSeed(crypto.getRandomValues(new Uint8Array(32)));
}
