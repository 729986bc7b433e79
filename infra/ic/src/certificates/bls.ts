import { bls12_381 } from '@noble/curves/bls12-381.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { multiplyG1, type G1Point } from './g1-multiply.js';

/** The Internet Computer's BLS: signatures in G1 (48 bytes), keys in G2 (96 bytes), ciphersuite `BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_`. */
const CIPHERSUITE = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';
const DER_PREFIX = Buffer.from('308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c05030201036100', 'hex');
const { G1, G2, fields, pairingBatch } = bls12_381;

export function blsPublicKey(secret: bigint): Uint8Array {
  return G2.Point.BASE.multiply(secret).toBytes();
}

export function blsSign(secret: bigint, message: Uint8Array): Uint8Array {
  return multiplyG1(hashToG1(message), secret).toBytes();
}

/** True if the signature holds; false for a wrong one and for bytes that are no points of the right groups. */
export function blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const key = G2.Point.fromBytes(publicKey);
    const sig = G1.Point.fromBytes(signature);
    key.assertValidity();
    sig.assertValidity();
    if (key.is0() || sig.is0()) return false;
    const product = pairingBatch([{ g1: sig.negate(), g2: G2.Point.BASE }, { g1: hashToG1(message), g2: key }]);
    return fields.Fp12.eql(product, fields.Fp12.ONE);
  } catch {
    return false;
  }
}

function hashToG1(message: Uint8Array): G1Point {
  return G1.hashToCurve(message, { DST: CIPHERSUITE }) as G1Point;
}

/** A BLS key as clients get it: 133 bytes of DER. */
export function blsKeyToDer(publicKey: Uint8Array): Uint8Array {
  return concatBytes(DER_PREFIX, publicKey);
}

/** @throws Error when the bytes are not a DER BLS key */
export function blsKeyFromDer(der: Uint8Array): Uint8Array {
  if (der.length !== DER_PREFIX.length + 96 || !DER_PREFIX.equals(der.subarray(0, DER_PREFIX.length))) throw new Error('This is no DER-encoded BLS key.');
  return der.slice(DER_PREFIX.length);
}
