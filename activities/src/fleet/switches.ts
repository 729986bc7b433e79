import type { Fleet } from '@livepod/client';

/**
 * Pods of which the fleet canister has heard, between two looks, that they run a release's version now. Never which
 * pods.
 */
export interface PodsSwitched {
  release: number;
  version: number;
  wave: number;
  pods: number;
  /** Milliseconds since the epoch: they switched between these two moments. */
  from: number;
  until: number;
}

/** Makes differences of the counter that pods add to when they have switched. */
export class Switches {
  private readonly seen = new Map<bigint, { installed: bigint; at: number }>();

  constructor(private readonly tell: (switched: PodsSwitched) => void) {}

  look(release: Fleet.Release): void {
    const at = Date.now();
    const before = this.seen.get(release.id);
    const pods = Number(release.installed - (before?.installed ?? 0n));
    if (pods > 0) {
      // The first wave's pods cannot have switched before the release was opened, those of a later one not before it
      // began.
      const began = Number(release.soak_until / 1_000_000n) - release.plan.soak_seconds * 1000;
      const from = Math.min(Math.max(before?.at ?? Number(release.opened_at / 1_000_000n), began), at);
      this.tell({ release: Number(release.id), version: release.version, wave: release.wave, pods, from, until: at });
    }
    if ('completed' in release.state || 'stopped' in release.state || 'superseded' in release.state)
      this.seen.delete(release.id);
    else this.seen.set(release.id, { installed: release.installed, at });
  }
}
