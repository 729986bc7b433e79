import { cohortPosition } from '@livepod/protocol';
import type { Pod, Release } from './generated/fleet.js';

const EVERYONE = 2n ** 64n - 1n;

/** Where a pod stands in a release's order. */
export function placeIn({ id, seed: [seed] }: Release, pod: Uint8Array): bigint {
  return cohortPosition(id, pod, seed && Uint8Array.from(seed));
}

/** Whether the present wave of a release reaches a pod: who enrolled after its order was drawn is in the last. */
export function reaches(release: Release, pod: Pick<Pod, 'principal' | 'enrolled_at'>): boolean {
  const {
    threshold,
    wave,
    drawn_at: [drawnAt],
  } = release;
  const inTime = threshold === EVERYONE || drawnAt === undefined || pod.enrolled_at <= drawnAt;
  return wave > 0 && inTime && placeIn(release, pod.principal.toUint8Array()) <= threshold;
}
