import { numberToBytesBE } from '@noble/curves/utils.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ChainKeyError } from './errors.js';
import { secp256k1Key } from './secp256k1-keys.js';

/** A canister's public key for `sign_with_ecdsa`: 33 bytes, SEC 1 compressed. @throws ChainKeyError `unknownKey` */
export function ecdsaPublicKey(
  keyName: string,
  canisterId: Uint8Array,
  path: Uint8Array[],
): { publicKey: Uint8Array; chainCode: Uint8Array } {
  const { publicKey, chainCode } = secp256k1Key(keyName, canisterId, path);
  return { publicKey, chainCode };
}

/**
 * Signs a hash: r and s, 32 bytes each, s in the lower half, the nonce as RFC 6979 has it.
 *
 * @throws ChainKeyError `unknownKey` · `invalidHash`
 */
export function ecdsaSign(
  keyName: string,
  canisterId: Uint8Array,
  path: Uint8Array[],
  messageHash: Uint8Array,
): Uint8Array {
  const { secret } = secp256k1Key(keyName, canisterId, path);
  if (messageHash.length !== 32) {
    throw new ChainKeyError(
      'invalidHash',
      { length: messageHash.length },
      `message_hash must be 32 bytes, not ${messageHash.length}: send the message's SHA-256.`,
    );
  }
  return secp256k1.sign(messageHash, numberToBytesBE(secret, 32), { lowS: true, prehash: false }).toBytes('compact');
}
