import { concat } from './bytes.js';
import { sha256 } from './hashes.js';

/** Merkle tree hash of RFC 6962 §2.1 over chunk hashes (32 bytes each); of no chunks, SHA-256 of nothing. */
export function merkleRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array());
  if (hashes.length === 1) return sha256(concat(Uint8Array.of(0), hashes[0] as Uint8Array));
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return sha256(concat(Uint8Array.of(1), merkleRoot(hashes.slice(0, split)), merkleRoot(hashes.slice(split))));
}
