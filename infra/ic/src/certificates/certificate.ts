import { encode } from 'cborg';
import { concatBytes } from '@noble/hashes/utils.js';
import { decodeStrictly, selfDescribed } from '../envelopes/cbor.js';
import { blsKeyFromDer, blsVerify } from './bls.js';
import { readHashTree, type SentTree } from './hash-tree.js';
import { STATE_ROOT } from './subnet-keys.js';

/** Nanoseconds for which a certificate is shown again where nothing it tells has changed. */
export const FRESH = 1_000_000_000n;

export interface Delegation {
  subnet_id: Uint8Array;
  certificate: Uint8Array;
}

/** A certificate in tagged CBOR: `{tree, signature, delegation?}`. */
export function encodeCertificate(tree: unknown, signature: Uint8Array, delegation?: Delegation): Uint8Array {
  return selfDescribed(encode(delegation ? { tree, signature, delegation } : { tree, signature }));
}

/** A certificate that was verified: its state, and what speaks for the subnet that signed it. */
export interface Verified {
  tree: SentTree;
  /** Whether the delegation (if any) covers this canister. Always true for a certificate of the root subnet. */
  covers(canisterId: Uint8Array): boolean;
  /** The signing subnet's type, if there is a delegation that says it. */
  subnetType?: string;
  delegated: boolean;
}

/**
 * Verifies a certificate against a root key (IC spec: Certificate validation). Its time is not judged.
 *
 * @param rootKey  133 bytes of DER
 * @throws Error saying what is wrong
 */
export function verifyCertificate(bytes: Uint8Array, rootKey: Uint8Array): Verified {
  return verify(bytes, rootKey, true);
}

function verify(bytes: Uint8Array, rootKey: Uint8Array, mayDelegate: boolean): Verified {
  const fields = decodeStrictly(bytes);
  if (!(fields instanceof Map)) throw new Error('A certificate is a CBOR map.');
  const signature = fields.get('signature');
  if (!(signature instanceof Uint8Array)) throw new Error('A certificate needs a signature.');
  const tree = readHashTree(fields.get('tree'));
  const sent = fields.get('delegation');
  if (sent !== undefined && !mayDelegate)
    throw new Error('The certificate of a delegation must not be delegated itself.');
  const subnet = sent === undefined ? undefined : verifyDelegation(sent, rootKey);
  const key = subnet?.key ?? rootKey;
  if (!blsVerify(blsKeyFromDer(key), concatBytes(STATE_ROOT, tree.digest), signature))
    throw new Error("The certificate's signature does not verify.");
  return {
    tree,
    delegated: subnet !== undefined,
    subnetType: subnet?.type,
    covers: (id) => subnet === undefined || inRanges(subnet.ranges, id),
  };
}

function verifyDelegation(
  sent: unknown,
  rootKey: Uint8Array,
): { key: Uint8Array; type?: string; ranges: [Uint8Array, Uint8Array][] } {
  const id = sent instanceof Map ? sent.get('subnet_id') : undefined;
  const certificate = sent instanceof Map ? sent.get('certificate') : undefined;
  if (!(id instanceof Uint8Array) || !(certificate instanceof Uint8Array))
    throw new Error('A delegation needs subnet_id and certificate.');
  const { tree } = verify(certificate, rootKey, false);
  const key = tree.lookup(['subnet', id, 'public_key']);
  if (typeof key === 'string') throw new Error("The delegation does not show the subnet's key.");
  const type = tree.lookup(['subnet', id, 'type']);
  const flat = tree.lookup(['subnet', id, 'canister_ranges']);
  const shards = typeof flat === 'string' ? tree.leaves(['canister_ranges', id]).map(([, value]) => value) : [flat];
  return {
    key,
    type: typeof type === 'string' ? undefined : new TextDecoder().decode(type),
    ranges: shards.flatMap(readRanges),
  };
}

function readRanges(cbor: Uint8Array): [Uint8Array, Uint8Array][] {
  const ranges = decodeStrictly(cbor);
  const wellFormed =
    Array.isArray(ranges) &&
    ranges.every(
      (range) => Array.isArray(range) && range.length === 2 && range.every((end) => end instanceof Uint8Array),
    );
  if (!wellFormed) throw new Error('The canister ranges of a delegation are malformed.');
  return ranges as [Uint8Array, Uint8Array][];
}

function inRanges(ranges: [Uint8Array, Uint8Array][], id: Uint8Array): boolean {
  return ranges.some(([first, last]) => Buffer.compare(first, id) <= 0 && Buffer.compare(id, last) <= 0);
}
