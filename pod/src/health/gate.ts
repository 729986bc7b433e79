import type { Counters } from '../runtime/runtime.js';

/**
 * The pod's own gate, beside the fleet's: when a new model is corrected this often, the pod goes back without being
 * told.
 */
export const OWN_GATE = { minWindows: 60, maxCorrections: 0.6 };

/** Counts since the switch to the present model, and what the pod makes of them. */
export class OwnGate {
  /** @param correction  what a correction is, as the task says it: "its person corrected" */
  constructor(private readonly correction: string) {}

  readonly seen: Counters = { windows: 0, corrections: 0, errors: 0 };

  add(counters: Counters): void {
    this.seen.windows += counters.windows;
    this.seen.corrections += counters.corrections;
    this.seen.errors += counters.errors;
  }

  /** A sentence when the model is to be left, else undefined. */
  verdict(): string | undefined {
    const { windows, corrections, errors } = this.seen;
    if (errors > 0) return `the model failed on ${errors} windows`;
    if (windows >= OWN_GATE.minWindows && corrections / windows > OWN_GATE.maxCorrections) {
      return `${this.correction} ${corrections} of ${windows} windows`;
    }
    return undefined;
  }
}
