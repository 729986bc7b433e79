import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { requireKnownKey } from './key-names.js';

/**
 * A derived key: the secret scalar, the public key as the management canister shows it, and the chain code for further
 * derivation.
 */
export interface Derived {
  secret: bigint;
  publicKey: Uint8Array;
  chainCode: Uint8Array;
}

/** What PocketIC's master keys come from. */
export const SEED = new Uint8Array(32).fill(42);
export const NO_CHAIN_CODE = new Uint8Array(32);
const ORDER = secp256k1.Point.Fn.ORDER;

/** A canister's key on secp256k1, the same one for ECDSA and BIP-340. @throws ChainKeyError `unknownKey` */
export function secp256k1Key(keyName: string, canisterId: Uint8Array, path: Uint8Array[]): Derived {
  requireKnownKey(keyName);
  const master = derive(bytesToNumberBE(sha256(SEED)) % ORDER, [utf8ToBytes(keyName)]);
  return derive(master.secret, [canisterId, ...path]);
}

/** BIP-32 public derivation, generalised to indices of any length (IC spec: ecdsa_public_key). */
function derive(secret: bigint, path: Uint8Array[]): Derived {
  let scalar = secret;
  let chainCode: Uint8Array = NO_CHAIN_CODE;
  let publicKey = secp256k1.Point.BASE.multiply(scalar).toBytes(true);
  for (const index of path) {
    let input = publicKey;
    for (;;) {
      const bytes = hmac(sha512, chainCode, concatBytes(input, index));
      const offset = bytesToNumberBE(bytes.subarray(0, 32));
      const next = (scalar + offset) % ORDER;
      if (offset < ORDER && next !== 0n) {
        scalar = next;
        chainCode = bytes.slice(32);
        break;
      }
      input = concatBytes(Uint8Array.of(1), bytes.subarray(32)); // SLIP-0010: out of range, once in 2^127
    }
    publicKey = secp256k1.Point.BASE.multiply(scalar).toBytes(true);
  }
  return { secret: scalar, publicKey, chainCode };
}
