import { bls12_381 } from '@noble/curves/bls12-381.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { multiplyG1, type G1Point } from '../certificates/g1-multiply.js';
import { ChainKeyError } from './errors.js';
import { requireKnownKey } from './key-names.js';

const { G1, G2 } = bls12_381;

const TEST_MASTER_KEY = 'ic-crypto-vetkd-test-utils-generate-test-key';
const CANISTER_ID = 'ic-vetkd-bls12-381-g2-canister-id';
const CONTEXT = 'ic-vetkd-bls12-381-g2-context';
const AUGMENTED = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_AUG_';
const RANDOMNESS = 'livepod-vetkd-bls12-381-encryption-randomness';

interface Key {
  secret: bigint;
  publicKey: Uint8Array;
}

/**
 * The public key (96 bytes, compressed G2) under which `vetkdDeriveKey` derives for a canister and context.
 *
 * @throws ChainKeyError `unknownKey`
 */
export function vetkdPublicKey(keyName: string, canisterId: Uint8Array, context: Uint8Array): Uint8Array {
  return contextKey(keyName, canisterId, context).publicKey.slice();
}

/**
 * The master public key (96 bytes) from which clients derive the keys of any canister and context without asking the
 * host.
 */
export function vetkdMasterPublicKey(keyName: string): Uint8Array {
  requireKnownKey(keyName);
  return masterKey(keyName).publicKey.slice();
}

/**
 * Derives a vetKey and encrypts it to a transport key: `E1 ‖ E2 ‖ E3` = `g1^r ‖ g2^r ‖ tpk^r · H1(dpk ‖ input)^dsk`,
 * 192 bytes.
 *
 * @param transportPublicKey  48 bytes, compressed G1
 * @param randomness32        32 fresh secret random bytes
 * @throws ChainKeyError `unknownKey` · `invalidTransportKey` (off the curve, outside the subgroup, or the identity)
 */
export function vetkdDeriveKey(
  keyName: string,
  canisterId: Uint8Array,
  context: Uint8Array,
  input: Uint8Array,
  transportPublicKey: Uint8Array,
  randomness32: Uint8Array,
): Uint8Array {
  const { secret, publicKey } = contextKey(keyName, canisterId, context);
  const transport = transportKey(transportPublicKey);
  const random = toScalar(randomness32, RANDOMNESS);
  const vetKey = multiplyG1(G1.hashToCurve(concatBytes(publicKey, input), { DST: AUGMENTED }) as G1Point, secret);
  const masked = multiplyG1(transport, random).add(vetKey);
  return concatBytes(
    G1.Point.BASE.multiply(random).toBytes(),
    G2.Point.BASE.multiply(random).toBytes(),
    masked.toBytes(),
  );
}

function contextKey(keyName: string, canisterId: Uint8Array, context: Uint8Array): Key {
  requireKnownKey(keyName);
  const canister = remembered(`${keyName}/${hex(canisterId)}`, () =>
    derive(masterKey(keyName), canisterId, CANISTER_ID),
  );
  if (context.length === 0) return canister;
  return remembered(`${keyName}/${hex(canisterId)}/${hex(context)}`, () => derive(canister, context, CONTEXT));
}

function masterKey(keyName: string): Key {
  return remembered(keyName, () => fromSecret(toScalar(utf8ToBytes(keyName), TEST_MASTER_KEY)));
}

function derive(parent: Key, info: Uint8Array, separator: string): Key {
  const message = concatBytes(length(parent.publicKey), parent.publicKey, length(info), info);
  return fromSecret(G2.Point.Fn.add(parent.secret, toScalar(message, separator)));
}

function fromSecret(secret: bigint): Key {
  return { secret, publicKey: G2.Point.BASE.multiply(secret).toBytes() };
}

function transportKey(bytes: Uint8Array): G1Point {
  try {
    const point = G1.Point.fromBytes(bytes);
    point.assertValidity();
    if (point.is0()) throw new Error('it is the identity');
    return point;
  } catch (cause) {
    throw new ChainKeyError(
      'invalidTransportKey',
      { length: bytes.length },
      `The transport public key is no valid point of G1 (${(cause as Error).message}): ` +
        'send the 48 bytes of TransportSecretKey.publicKeyBytes().',
    );
  }
}

/** RFC 9380 hash_to_field into the scalar field. */
function toScalar(message: Uint8Array, separator: string): bigint {
  return G2.hashToScalar(message, { DST: separator });
}

/** Eight bytes, big-endian. */
function length(bytes: Uint8Array): Uint8Array {
  const field = Buffer.alloc(8);
  field.writeBigUInt64BE(BigInt(bytes.length));
  return field;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Each step costs a multiplication in G2, so the keys in use are kept, oldest out first. */
const keys = new Map<string, Key>();
const MOST_KEYS = 500;

function remembered(name: string, make: () => Key): Key {
  const known = keys.get(name);
  if (known) return known;
  const made = make();
  if (keys.size >= MOST_KEYS) keys.delete(keys.keys().next().value!);
  keys.set(name, made);
  return made;
}
