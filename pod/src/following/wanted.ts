import { isExposed, unhex, type Channel } from '@livepod/protocol';
import type { Installed, PodState } from '../state/state.js';

/**
 * What a pod is to run: the candidate when its cohort is in the present wave and it has not failed here before; else
 * the stable checkpoint.
 */
export function wantedBy(channel: Channel, state: PodState, principal: Uint8Array): Installed | undefined {
  const candidate = candidateFor(channel, principal);
  if (candidate && !isRefused(candidate, state)) return candidate;
  const offered = stableOf(channel);
  return offered && !isRefused(offered, state) ? offered : undefined;
}

/** The candidate, when its present wave reaches this pod. */
export function candidateFor({ candidate }: Channel, principal: Uint8Array): Installed | undefined {
  if (!candidate) return undefined;
  const { release, checkpoint, version, threshold } = candidate;
  const seed = 'seed' in candidate ? unhex(candidate.seed) : undefined;
  return isExposed(BigInt(release), principal, threshold, seed) ? { checkpoint, version, release } : undefined;
}

export const stableOf = ({ stable }: Channel): Installed | undefined =>
  stable ? { ...stable, release: null } : undefined;

/**
 * Whether the channel no longer stands behind what a pod has: a candidate whose release was stopped or is over without
 * it, or a version above the one that the channel was rolled back to. Recovery does not go back to these.
 */
export function isWithdrawn(installed: Installed, { stable, candidate }: Channel): boolean {
  if (installed.checkpoint === stable?.checkpoint) return false;
  if (candidate && installed.checkpoint === candidate.checkpoint && installed.release === candidate.release)
    return false;
  return installed.release !== null || (stable !== null && installed.version > stable.version);
}

/** Whether a pod may go back to what it has: the channel stands, or stood, behind it as its stable version. */
export const mayGoBackTo = (installed: Installed, channel: Channel): boolean =>
  !isWithdrawn(installed, channel) &&
  (installed.release === null || installed.checkpoint === channel.stable?.checkpoint);

/** Not tried again in its release, or, for a stable one, before the channel moves on. */
export function isRefused(offered: Installed, { refused, sequence }: PodState): boolean {
  return refused.some(
    (entry) =>
      entry.checkpoint === offered.checkpoint &&
      entry.release === offered.release &&
      (entry.release !== null || entry.sequence === sequence),
  );
}

export function refuseIn(state: PodState, left: Installed): void {
  state.refused = [
    ...state.refused,
    { checkpoint: left.checkpoint, release: left.release, sequence: state.sequence },
  ].slice(-50);
}

/** Writes a line of the pod's life. */
export function remember(state: PodState, version: number, why: string): void {
  state.history = [...state.history, { version, at: new Date().toISOString(), why }].slice(-200);
}

export const whyOf = (channel: Channel, wanted: Installed): string =>
  wanted.release === null
    ? `channel ${channel.channel}, sequence ${channel.sequence}: ${channel.reason}`
    : `release ${wanted.release}, in the present wave`;
