import type { Installed, PodState, StateFile } from '../state/state.js';

/** After so many starts that the pod did not live to see the end of, a model is given up: beside another, or alone. */
const MOST = { beside: 1, alone: 3 };
/** Checkpoints that are kept in mind. */
const KEPT = 8;

/**
 * Starts that were begun and not ended. They are written down before the model is touched, so that one that exhausts
 * the memory or restarts the device is not tried again and again.
 */
export class Attempts {
  constructor(private readonly state: StateFile) {}

  /** Whether this pod went down each time that it began to start a checkpoint. @param beside  another model is there */
  areSpent({ checkpoint }: Installed, beside: boolean): boolean {
    return this.times(checkpoint) >= (beside ? MOST.beside : MOST.alone);
  }

  /** Does what starts a model between two notes. */
  async noted<T>(checkpoint: string, start: () => Promise<T>): Promise<T> {
    const times = this.times(checkpoint) + 1;
    this.write(checkpoint, times);
    try {
      return await start();
    } finally {
      this.write(checkpoint, 0);
    }
  }

  private times(checkpoint: string): number {
    return this.state.value.starting?.find((one) => one.checkpoint === checkpoint)?.times ?? 0;
  }

  private write(checkpoint: string, times: number): void {
    this.state.change((state) => countIn(state, checkpoint, times));
  }
}

/** Notes how often a start was begun and not ended; none, and it is forgotten. */
export function countIn(state: PodState, checkpoint: string, times: number): void {
  const others = (state.starting ?? []).filter((one) => one.checkpoint !== checkpoint);
  state.starting = [...others, ...(times > 0 ? [{ checkpoint, times }] : [])].slice(-KEPT);
}
