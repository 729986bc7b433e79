import { concat, lengthPrefixed, u64be, utf8 } from './bytes.js';
import { sha256 } from './hashes.js';

/**
 * Where a pod stands in a release's order: a number below 2^64, another one for each release, so that no pod is always
 * first. The seed is drawn once no pod can enrol for the early waves any more, so that nobody can choose a key for its
 * place; releases of before there were seeds have none.
 */
export function cohortPosition(release: bigint, pod: Uint8Array, seed?: Uint8Array): bigint {
  const tag = lengthPrefixed(utf8(seed ? 'livepod.cohort/v2' : 'livepod.cohort/v1'));
  const hash = sha256(concat(tag, seed ?? new Uint8Array(), u64be(release), pod));
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0);
}

/** Whether a pod is in the present wave. `threshold` is the channel's, 16 hexadecimal digits. */
export const isExposed = (release: bigint, pod: Uint8Array, threshold: string, seed?: Uint8Array): boolean =>
  cohortPosition(release, pod, seed) <= BigInt(`0x${threshold}`);
