import { hkdf } from '@noble/hashes/hkdf.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { bytesToNumberBE, bytesToNumberLE, numberToBytesBE, numberToBytesLE } from '@noble/curves/utils.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { ChainKeyError } from './errors.js';
import { requireKnownKey } from './key-names.js';
import { NO_CHAIN_CODE, secp256k1Key, SEED, type Derived } from './secp256k1-keys.js';

export type SchnorrAlgorithm = 'ed25519' | 'bip340secp256k1';

const ED_ORDER = ed25519.Point.Fn.ORDER;
const K1_ORDER = secp256k1.Point.Fn.ORDER;

/**
 * A canister's public key, as the management canister's `schnorr_public_key` gives it: Ed25519 32 bytes, BIP-340 33
 * bytes (SEC 1 compressed).
 *
 * @throws ChainKeyError `unknownKey`
 */
export function schnorrPublicKey(
  algorithm: SchnorrAlgorithm,
  keyName: string,
  canisterId: Uint8Array,
  derivationPath: Uint8Array[],
): { publicKey: Uint8Array; chainCode: Uint8Array } {
  const { publicKey, chainCode } = canisterKey(algorithm, keyName, canisterId, derivationPath);
  return { publicKey, chainCode };
}

/**
 * Signs with a canister's key, 64 bytes. Ed25519 signatures are deterministic; BIP-340 takes the randomness as its
 * auxiliary data.
 *
 * @param merkleRoot for Taproot (BIP-341), with BIP-340 only: nothing or 32 bytes; the signature is then valid under
 *   the tweaked key
 * @throws ChainKeyError `unknownKey` · `invalidAux`
 */
export function schnorrSign(
  algorithm: SchnorrAlgorithm,
  keyName: string,
  canisterId: Uint8Array,
  derivationPath: Uint8Array[],
  message: Uint8Array,
  randomness32: Uint8Array,
  merkleRoot?: Uint8Array,
): Uint8Array {
  const key = canisterKey(algorithm, keyName, canisterId, derivationPath);
  if (merkleRoot && algorithm === 'ed25519')
    throw new ChainKeyError(
      'invalidAux',
      {},
      'The auxiliary parameter bip341 is for bip340secp256k1 only, not for ed25519.',
    );
  if (algorithm === 'ed25519') return signEd25519(key, message);
  return schnorr.sign(
    message,
    numberToBytesBE(merkleRoot ? tweaked(key.secret, merkleRoot) : key.secret, 32),
    randomness32,
  );
}

/** BIP-341 `taproot_tweak_seckey`. */
function tweaked(secret: bigint, merkleRoot: Uint8Array): bigint {
  if (merkleRoot.length !== 0 && merkleRoot.length !== 32) {
    throw new ChainKeyError(
      'invalidAux',
      { length: merkleRoot.length },
      `A merkle_root_hash has no bytes or 32, not ${merkleRoot.length}.`,
    );
  }
  const point = secp256k1.Point.BASE.multiply(secret);
  const even = point.y % 2n === 0n ? secret : K1_ORDER - secret;
  const tweak = bytesToNumberBE(schnorr.utils.taggedHash('TapTweak', point.toBytes(true).subarray(1), merkleRoot));
  return (even + tweak) % K1_ORDER;
}

function canisterKey(
  algorithm: SchnorrAlgorithm,
  keyName: string,
  canisterId: Uint8Array,
  path: Uint8Array[],
): Derived {
  if (algorithm === 'bip340secp256k1') return secp256k1Key(keyName, canisterId, path);
  requireKnownKey(keyName);
  const master = deriveEd25519(ed25519Secret(SEED), [utf8ToBytes(keyName)]);
  return deriveEd25519(master.secret, [canisterId, ...path]);
}

function ed25519Secret(seed: Uint8Array): bigint {
  return ed25519.utils.getExtendedPublicKey(sha512(seed).slice(0, 32)).scalar;
}

/**
 * The Internet Computer's hierarchical derivation for Ed25519: each step adds an offset from HKDF-SHA-512 of the public
 * key and the index.
 */
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

/** RFC 8032 with a derived scalar, whose nonce prefix comes from the scalar and the chain code. */
function signEd25519({ secret, publicKey, chainCode }: Derived, message: Uint8Array): Uint8Array {
  const prefix = sha512(concatBytes(numberToBytesLE(secret, 32), chainCode)).subarray(0, 32);
  const nonce = bytesToNumberLE(sha512(concatBytes(prefix, message))) % ED_ORDER;
  const commitment = ed25519.Point.BASE.multiply(nonce).toBytes();
  const challenge = bytesToNumberLE(sha512(concatBytes(commitment, publicKey, message))) % ED_ORDER;
  return concatBytes(commitment, numberToBytesLE((nonce + challenge * secret) % ED_ORDER, 32));
}
