import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { mapHashToField } from '@noble/curves/abstract/modular.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha224, sha256 } from '@noble/hashes/sha2.js';
import { bytesToNumberBE, concatBytes, utf8ToBytes } from '@noble/curves/utils.js';
import { blsKeyToDer, blsPublicKey, blsSign } from './bls.js';

export interface SubnetKeys {
  /** The subnet's BLS key, 133 bytes of DER. */
  readonly der: Uint8Array;
  /** The root subnet's: what clients pin. The same unless the subnet stands under a root. */
  readonly rootDer: Uint8Array;
  /** Signs for the root subnet, where that is another. */
  signAsRoot?(rootHash: Uint8Array): Uint8Array;
  readonly subnetId: Uint8Array;
  /** Signs a state's root hash (32 bytes) for a certificate; 48 bytes. */
  sign(rootHash: Uint8Array): Uint8Array;
  /** The one node's Ed25519 key, 44 bytes of DER. */
  readonly nodeDer: Uint8Array;
  readonly nodeId: Uint8Array;
  /** Signs with the node key; the message carries its own domain separator. */
  signNode(message: Uint8Array): Uint8Array;
  /** The seed: keep it secret, give it to `createSubnetKeys` for the same keys again. */
  export(): Uint8Array;
}

export const STATE_ROOT = concatBytes(Uint8Array.of(13), utf8ToBytes('ic-state-root'));
/** Of BLS12-381's G1 and G2. */
const GROUP_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const SEED = 32;
/** After the seed of a subnet that stands under a root. */
const UNDER_A_ROOT = 1;

/** The seed of a subnet under a root subnet that delegates to it, as on the main network. */
export function seedUnderARoot(seed: Uint8Array): Uint8Array {
  return concatBytes(seed, Uint8Array.of(UNDER_A_ROOT));
}

/** All keys of a subnet of one node, from a seed of 32 random bytes, or from `seedUnderARoot`. */
export function createSubnetKeys(seed: Uint8Array): SubnetKeys {
  const underARoot = seed.length === SEED + 1 && seed[SEED] === UNDER_A_ROOT;
  if (seed.length !== SEED && !underARoot)
    throw new RangeError(
      `A subnet's seed has ${SEED} bytes, not ${seed.length}: draw it with crypto.randomBytes(${SEED}).`,
    );
  const kept = Uint8Array.from(seed);
  const { secret, der } = blsPair(kept, 'livepod subnet key');
  const root = underARoot ? blsPair(kept, 'livepod root key') : undefined;
  const nodeSeed = hkdf(sha256, kept, undefined, 'livepod node key', 32);
  const nodeKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, nodeSeed]), format: 'der', type: 'pkcs8' });
  const nodeDer = new Uint8Array(createPublicKey(nodeKey).export({ format: 'der', type: 'spki' }));
  return {
    der,
    rootDer: root?.der ?? der,
    signAsRoot: root && ((rootHash) => blsSign(root.secret, concatBytes(STATE_ROOT, rootHash))),
    subnetId: selfAuthenticating(der),
    sign: (rootHash) => blsSign(secret, concatBytes(STATE_ROOT, rootHash)),
    nodeDer,
    nodeId: selfAuthenticating(nodeDer),
    signNode: (message) => new Uint8Array(sign(null, message, nodeKey)),
    export: () => kept.slice(),
  };
}

function blsPair(seed: Uint8Array, purpose: string): { secret: bigint; der: Uint8Array } {
  const secret = bytesToNumberBE(mapHashToField(hkdf(sha256, seed, undefined, purpose, 48), GROUP_ORDER));
  return { secret, der: blsKeyToDer(blsPublicKey(secret)) };
}

/** The principal of a DER public key: SHA-224 of it, then 0x02 (IC spec: Principals). */
export function selfAuthenticating(der: Uint8Array): Uint8Array {
  return concatBytes(sha224(der), Uint8Array.of(2));
}
