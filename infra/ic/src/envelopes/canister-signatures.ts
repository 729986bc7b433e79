import { hash } from 'node:crypto';
import { verifyCertificate } from '../certificates/certificate.js';
import { readHashTree } from '../certificates/hash-tree.js';
import { decodeStrictly } from './cbor.js';

/**
 * Verifies a canister signature (IC spec: Canister signatures): tagged CBOR `{certificate, tree}`, where `tree` has an
 * empty leaf at `sig / H(seed) / H(payload)` and the certificate, under one of the root keys, has the tree's root hash
 * as the canister's certified data.
 *
 * @throws Error saying what does not hold
 */
export function verifyCanisterSignature(
  key: { canisterId: Uint8Array; seed: Uint8Array },
  payload: Uint8Array,
  signature: Uint8Array,
  rootKeys: Uint8Array[],
): void {
  const fields = decodeStrictly(signature);
  const certificate = fields instanceof Map ? fields.get('certificate') : undefined;
  if (!(certificate instanceof Uint8Array)) throw new Error('A canister signature needs a certificate.');
  const tree = readHashTree((fields as Map<string, unknown>).get('tree'));
  const signed = tree.lookup(['sig', sha256(key.seed), sha256(payload)]);
  if (typeof signed === 'string' || signed.length !== 0) throw new Error('The canister did not sign this message.');
  const verified = underOneOf(rootKeys, certificate);
  if (verified.delegated && !verified.covers(key.canisterId))
    throw new Error('The canister lies outside the ranges of the delegation.');
  if (verified.delegated && (verified.subnetType === undefined || verified.subnetType === 'cloud_engine'))
    throw new Error('The subnet must not give canister signatures.');
  const certified = verified.tree.lookup(['canister', key.canisterId, 'certified_data']);
  if (typeof certified === 'string' || Buffer.compare(certified, tree.digest) !== 0)
    throw new Error('The certified data is not the root of the signature tree.');
}

function underOneOf(rootKeys: Uint8Array[], certificate: Uint8Array): ReturnType<typeof verifyCertificate> {
  let failure: unknown = new Error('No root key is known.');
  for (const rootKey of rootKeys) {
    try {
      return verifyCertificate(certificate, rootKey);
    } catch (cause) {
      failure = cause;
    }
  }
  throw failure;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
