import type { Counted, Installed, PodState } from '../state/state.js';

/** Windows of a checkpoint that are remembered; then the older half is let go, since habits change. */
const MOST = 200_000;

/** Adds to what is remembered of the checkpoint that runs; another one's is forgotten. */
export function addCounted(state: PodState, { checkpoint }: Installed, more: Counted): void {
  const known = state.ran?.checkpoint === checkpoint ? state.ran : { windows: 0, corrections: 0 };
  const share = known.windows + more.windows > MOST ? 2 : 1;
  state.ran = {
    checkpoint,
    windows: Math.floor(known.windows / share) + more.windows,
    corrections: Math.floor(known.corrections / share) + more.corrections,
  };
}

/** What was counted of the version that is left, if anything was. */
export function ranBefore({ ran }: PodState, { checkpoint }: Installed): Counted | undefined {
  if (ran?.checkpoint !== checkpoint) return undefined;
  return { windows: ran.windows, corrections: ran.corrections };
}
