import { join } from 'node:path';
import { readIfThere, writeAtomically } from '../disk.js';
import { PodError } from '../errors.js';

export type SlotName = 'a' | 'b';

/** What stands in a slot, and why it was put there. */
export interface Installed {
  checkpoint: string;
  version: number;
  /** the release that brought it, while it is a candidate; null when it came as the channel's stable checkpoint */
  release: number | null;
}

/** One line of a pod's life: what runs since when, and why. `version` 0 is no model. */
export interface HistoryEntry {
  version: number;
  at: string;
  why: string;
}

export interface Report {
  release: number;
  version: number;
  sequence: number;
  event: { installed: null } | { health: null } | { failed: string } | { returned: string };
  windows: number;
  corrections: number;
  errors: number;
}

/**
 * Where the pod is; the one file that says so. Written whole before each step that follows from it, so that a restart
 * at any moment goes on from a named state (after Mender's client).
 */
export interface PodState {
  phase: 'following' | 'probation';
  /** the channel's sequence number; never goes down */
  sequence: number;
  active: SlotName | null;
  previous: SlotName | null;
  slots: Record<SlotName, Installed | null>;
  /** starts since the switch; a checkpoint that keeps killing the pod is left after a few */
  probationStarts: number;
  /**
   * checkpoints that failed here: not tried again in that release, or, for a stable one, before the channel moves on
   */
  refused: { checkpoint: string; release: number | null; sequence: number }[];
  reports: { next: number; waiting: Report[] };
  history: HistoryEntry[];
}

const FRESH: PodState = {
  phase: 'following',
  sequence: 0,
  active: null,
  previous: null,
  slots: { a: null, b: null },
  probationStarts: 0,
  refused: [],
  reports: { next: 1, waiting: [] },
  history: [],
};

/** The state file of a pod. */
export class StateFile {
  private readonly path: string;
  readonly value: PodState;

  /** @throws PodError `stateDamaged` when the file is there and is not a pod's state */
  constructor(directory: string) {
    this.path = join(directory, 'pod.json');
    const kept = readIfThere(this.path);
    try {
      this.value = kept ? (JSON.parse(kept.toString('utf8')) as PodState) : structuredClone(FRESH);
    } catch (cause) {
      throw new PodError(
        'stateDamaged',
        { path: this.path },
        `${this.path} cannot be read; move it away, and the pod installs its channel's checkpoint anew.`,
        { cause },
      );
    }
  }

  /** Changes the state and writes it, before anything is done that follows from the change. */
  change(edit: (state: PodState) => void): void {
    edit(this.value);
    writeAtomically(this.path, JSON.stringify(this.value, null, 1));
  }
}

export const otherSlot = (slot: SlotName | null): SlotName => (slot === 'a' ? 'b' : 'a');
