import { concat, lengthPrefixed, u64be, utf8 } from './bytes.js';
import { sha256 } from './hashes.js';

/**
 * Where a pod stands in a release's order: a number below 2^64, another one for each release, so that no pod is always
 * first.
 */
export function cohortPosition(release: bigint, pod: Uint8Array): bigint {
  const hash = sha256(concat(lengthPrefixed(utf8('livepod.cohort/v1')), u64be(release), pod));
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0);
}

/** Whether a pod is in the present wave. `threshold` is the channel's, 16 hexadecimal digits. */
export const isExposed = (release: bigint, pod: Uint8Array, threshold: string): boolean =>
  cohortPosition(release, pod) <= BigInt(`0x${threshold}`);
