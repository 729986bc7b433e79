import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { bytesToNumberBE, bytesToNumberLE, numberToBytesBE, numberToBytesLE } from '@noble/curves/utils.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { requireKnownKey } from './key-names.js';

export type SchnorrAlgorithm = 'ed25519' | 'bip340secp256k1';

/** A derived key: the secret scalar, the public key as the management canister shows it, and the chain code for further derivation. */
interface Derived { secret: bigint; publicKey: Uint8Array; chainCode: Uint8Array }

const SEED = new Uint8Array(32).fill(42);
const NO_CHAIN_CODE = new Uint8Array(32);
const ED_ORDER = ed25519.Point.Fn.ORDER;
const K1_ORDER = secp256k1.Point.Fn.ORDER;

/**
 * A canister's public key, as the management canister's `schnorr_public_key` gives it: Ed25519 32 bytes, BIP-340 33 bytes (SEC 1 compressed).
 *
 * @throws ChainKeyError `unknownKey`
 */
export function schnorrPublicKey(
  algorithm: SchnorrAlgorithm, keyName: string, canisterId: Uint8Array, derivationPath: Uint8Array[],
): { publicKey: Uint8Array; chainCode: Uint8Array } {
  const { publicKey, chainCode } = canisterKey(algorithm, keyName, canisterId, derivationPath);
  return { publicKey, chainCode };
}

/**
 * Signs with a canister's key, 64 bytes. Ed25519 signatures are deterministic; BIP-340 takes the randomness as its auxiliary data.
 *
 * @throws ChainKeyError `unknownKey`
 */
export function schnorrSign(
  algorithm: SchnorrAlgorithm, keyName: string, canisterId: Uint8Array, derivationPath: Uint8Array[], message: Uint8Array, randomness32: Uint8Array,
): Uint8Array {
  const key = canisterKey(algorithm, keyName, canisterId, derivationPath);
  return algorithm === 'ed25519' ? signEd25519(key, message) : schnorr.sign(message, numberToBytesBE(key.secret, 32), randomness32);
}

function canisterKey(algorithm: SchnorrAlgorithm, keyName: string, canisterId: Uint8Array, path: Uint8Array[]): Derived {
  requireKnownKey(keyName);
  const derive = algorithm === 'ed25519' ? deriveEd25519 : deriveSecp256k1;
  const master = derive(algorithm === 'ed25519' ? ed25519Secret(SEED) : secp256k1Secret(SEED), [utf8ToBytes(keyName)]);
  return derive(master.secret, [canisterId, ...path]);
}

function ed25519Secret(seed: Uint8Array): bigint {
  return ed25519.utils.getExtendedPublicKey(sha512(seed).slice(0, 32)).scalar;
}

function secp256k1Secret(seed: Uint8Array): bigint {
  return bytesToNumberBE(sha256(seed)) % K1_ORDER;
}

/** The Internet Computer's hierarchical derivation for Ed25519: each step adds an offset from HKDF-SHA-512 of the public key and the index. */
function deriveEd25519(secret: bigint, path: Uint8Array[]): Derived {
  let scalar = secret % ED_ORDER;
  let chainCode: Uint8Array = NO_CHAIN_CODE;
  let publicKey = ed25519.Point.BASE.multiply(scalar).toBytes();
  for (const index of path) {
    const bytes = hkdf(sha512, concatBytes(publicKey, index), chainCode, utf8ToBytes('Ed25519'), 96);
    scalar = (scalar + bytesToNumberBE(bytes.subarray(0, 64))) % ED_ORDER;
    publicKey = ed25519.Point.BASE.multiply(scalar).toBytes();
    chainCode = bytes.slice(64);
  }
  return { secret: scalar, publicKey, chainCode };
}

/** BIP-32 public derivation, generalised to indices of any length (IC spec: ecdsa_public_key). */
function deriveSecp256k1(secret: bigint, path: Uint8Array[]): Derived {
  let scalar = secret;
  let chainCode: Uint8Array = NO_CHAIN_CODE;
  let publicKey = secp256k1.Point.BASE.multiply(scalar).toBytes(true);
  for (const index of path) {
    let input = publicKey;
    for (;;) {
      const bytes = hmac(sha512, chainCode, concatBytes(input, index));
      const offset = bytesToNumberBE(bytes.subarray(0, 32));
      const next = (scalar + offset) % K1_ORDER;
      if (offset < K1_ORDER && next !== 0n) {
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

/** RFC 8032 with a derived scalar, whose nonce prefix comes from the scalar and the chain code. */
function signEd25519({ secret, publicKey, chainCode }: Derived, message: Uint8Array): Uint8Array {
  const prefix = sha512(concatBytes(numberToBytesLE(secret, 32), chainCode)).subarray(0, 32);
  const nonce = bytesToNumberLE(sha512(concatBytes(prefix, message))) % ED_ORDER;
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
  const challenge = bytesToNumberLE(sha512(concatBytes(commitment, publicKey, message))) % ED_ORDER;
  return concatBytes(commitment, numberToBytesLE((nonce + challenge * secret) % ED_ORDER, 32));
}
