import { hash_to_field } from '@noble/curves/abstract/hash-to-curve.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { sha256 } from '@noble/hashes/sha2.js';
import mcl, { type G1, type G2 } from 'mcl-wasm';

/**
 * The Internet Computer's BLS: signatures in G1 (48 bytes), keys in G2 (96 bytes), ciphersuite
 * `BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_`. By mcl, in WebAssembly: signing takes a sixth of noble's time,
 * verifying a twentieth. (`@chainsafe/blst` has keys in G1 only.)
 */
const CIPHERSUITE = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';
const DER_PREFIX = Buffer.from('308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c05030201036100', 'hex');
const FIELD = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
const TO_FIELD = { p: FIELD, m: 1, k: 128, expand: 'xmd', hash: sha256, DST: CIPHERSUITE } as const;

await mcl.init(mcl.BLS12_381);
mcl.setMapToMode(mcl.IRTF); // as RFC 9380 maps
mcl.setETHserialization(true); // compressed and big-endian, as everybody but mcl writes points
const GENERATOR = g2(
  Buffer.from(
    '93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
      '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8',
    'hex',
  ),
);

export function blsPublicKey(secret: bigint): Uint8Array {
  return mcl.mul(GENERATOR, scalar(secret)).serialize();
}

export function blsSign(secret: bigint, message: Uint8Array): Uint8Array {
  return mcl.mul(hashToG1(message), scalar(secret)).serialize();
}

/** True if the signature holds; false for a wrong one and for bytes that are no points of the right groups. */
export function blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (publicKey.length !== 96 || signature.length !== 48) return false;
    const key = g2(publicKey);
    const point = g1(signature);
    if (key.isZero() || point.isZero() || !key.isValidOrder() || !point.isValidOrder()) return false;
    return mcl
      .finalExp(mcl.mul(mcl.millerLoop(mcl.neg(point), GENERATOR), mcl.millerLoop(hashToG1(message), key)))
      .isOne();
  } catch {
    return false;
  }
}

/** RFC 9380 hash_to_curve: the sum of two field elements' images; mcl clears the cofactor of each. */
function hashToG1(message: Uint8Array): G1 {
  const [first, second] = hash_to_field(message, 2, TO_FIELD).map(([element]) => {
    const field = new mcl.Fp();
    field.deserialize(Buffer.from(element!.toString(16).padStart(96, '0'), 'hex'));
    return field.mapToG1();
  });
  return mcl.add(first!, second!);
}

function g1(bytes: Uint8Array): G1 {
  const point = new mcl.G1();
  point.deserialize(bytes);
  return point;
}

function g2(bytes: Uint8Array): G2 {
  const point = new mcl.G2();
  point.deserialize(bytes);
  return point;
}

function scalar(value: bigint): InstanceType<typeof mcl.Fr> {
  const made = new mcl.Fr();
  made.setStr(value.toString(16), 16);
  return made;
}

/** A BLS key as clients get it: 133 bytes of DER. */
export function blsKeyToDer(publicKey: Uint8Array): Uint8Array {
  return concatBytes(DER_PREFIX, publicKey);
}

/** @throws Error when the bytes are not a DER BLS key */
export function blsKeyFromDer(der: Uint8Array): Uint8Array {
  if (der.length !== DER_PREFIX.length + 96 || !DER_PREFIX.equals(der.subarray(0, DER_PREFIX.length)))
    throw new Error('This is no DER-encoded BLS key.');
  return der.slice(DER_PREFIX.length);
}
