import { join } from 'node:path';
import { hex } from '@livepod/protocol';
import { readIfThere, renameDurably, writeAtomically } from './disk.js';

/** Two that take turns, and one that keeps the first official checkpoint that ran here. */
export const SLOTS = ['a', 'b', 'bootstrap'] as const;
export type SlotName = (typeof SLOTS)[number];

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
  /** of those, how many something true is known of; reports that an earlier version left waiting judged all */
  judged?: number;
  corrections: number;
  errors: number;
  /** of the judged windows those that share no sample; earlier versions did not tell them apart */
  apart?: Counted;
  /** the same of the version that ran before, while it ran; said with the switch */
  before?: Counted;
}

/** Windows that share no sample, and how many of them were corrected. */
export interface Counted {
  windows: number;
  corrections: number;
}

/**
 * Where the pod is; the one file that says so. Written whole before each step that follows from it, so that a restart
 * at any moment goes on from a named state (after Mender's client).
 */
export interface PodState {
  /** the pod's principal, hex: the state of another pod is none of its own; earlier versions did not write it */
  pod?: string;
  phase: 'following' | 'probation';
  /** the channel's sequence number; never goes down */
  sequence: number;
  active: SlotName | null;
  /** the slot that may be gone back to; null when policy withdrew what is in the other one */
  previous: SlotName | null;
  slots: Record<SlotName, Installed | null>;
  /** starts since the switch; a checkpoint that keeps killing the pod is left after a few */
  probationStarts: number;
  /**
   * checkpoints that failed here: not tried again in that release, or, for a stable one, before the channel moves on
   */
  refused: { checkpoint: string; release: number | null; sequence: number }[];
  /** starts of a model that were begun, and of which nothing more is known: the pod ended meanwhile */
  starting?: { checkpoint: string; times: number }[];
  reports: { next: number; waiting: Report[] };
  /** what was counted of a checkpoint while it ran, also by earlier starts: a later one is compared with it */
  ran?: Counted & { checkpoint: string };
  history: HistoryEntry[];
}

const fresh = (pod: string): PodState => ({
  pod,
  phase: 'following',
  sequence: 0,
  active: null,
  previous: null,
  slots: { a: null, b: null, bootstrap: null },
  probationStarts: 0,
  refused: [],
  // A pod whose file was lost must not use a number again that the fleet has counted: it begins at the time.
  reports: { next: Math.floor(Date.now() / 1000), waiting: [] },
  history: [],
});

/** The state file of a pod. */
export class StateFile {
  private readonly path: string;
  /** whose it is: the pod's principal, hex */
  readonly pod: string;
  private now: PodState;
  /** Where a file that was no pod's state has been moved to, if there was one. */
  readonly movedAside: string | undefined;

  /**
   * Reads the file. One that is damaged, or another pod's, is moved aside and the pod begins anew: it runs its
   * bootstrap model until it has the channel's checkpoint. TUF's own numbers, kept elsewhere, still say what is old.
   */
  constructor(directory: string, principal: Uint8Array) {
    this.path = join(directory, 'pod.json');
    this.pod = hex(principal);
    const { pod } = this;
    const kept = readIfThere(this.path);
    const read = kept && stateIn(kept, pod);
    this.now = read ?? fresh(pod);
    if (kept && !read) {
      this.movedAside = `${this.path}.damaged`;
      renameDurably(this.path, this.movedAside);
    }
  }

  get value(): Readonly<PodState> {
    return this.now;
  }

  /**
   * Changes the state and writes it, before anything is done that follows from the change. When it cannot be written
   * (a full disk), nothing has changed.
   */
  change(edit: (state: PodState) => void): void {
    const next = structuredClone(this.now);
    edit(next);
    writeAtomically(this.path, JSON.stringify(next, null, 1));
    this.now = next;
  }
}

/** Where the next checkpoint goes: never into the slot that runs, and never over the bootstrap model. */
export const otherSlot = (slot: SlotName | null): 'a' | 'b' => (slot === 'a' ? 'b' : 'a');

/** The state in a file's bytes; undefined when they are not this pod's state. */
function stateIn(bytes: Buffer, pod: string): PodState | undefined {
  try {
    const kept = JSON.parse(bytes.toString('utf8')) as Partial<PodState>;
    const begin = fresh(pod);
    const state = { ...begin, ...kept, slots: { ...begin.slots, ...kept.slots } };
    return kept.slots !== undefined && state.pod === pod && isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isState(state: PodState): boolean {
  const counts = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const slotName = (value: unknown): boolean => value === null || SLOTS.some((slot) => slot === value);
  const installed = (value: Installed | null): boolean =>
    value === null ||
    (/^sha256:[0-9a-f]{64}$/.test(value.checkpoint) &&
      counts(value.version) &&
      (value.release === null || counts(value.release)));
  return (
    ['following', 'probation'].includes(state.phase) &&
    [state.sequence, state.probationStarts, state.reports.next].every(counts) &&
    [state.active, state.previous].every(slotName) &&
    SLOTS.every((slot) => installed(state.slots[slot])) &&
    (state.active === null || state.slots[state.active] !== null) &&
    [state.refused, state.reports.waiting, state.history, state.starting ?? []].every(Array.isArray) &&
    state.refused.every(({ checkpoint }) => typeof checkpoint === 'string') &&
    (state.starting ?? []).every(({ checkpoint, times }) => typeof checkpoint === 'string' && counts(times)) &&
    state.history.every(
      ({ version, at, why }) => counts(version) && typeof at === 'string' && typeof why === 'string',
    ) &&
    state.reports.waiting.every(isReport) &&
    (state.ran === undefined || (typeof state.ran.checkpoint === 'string' && inside(state.ran).every(counts)))
  );
}

const inside = (counted: Counted | undefined): number[] =>
  counted === undefined ? [] : [counted.windows, counted.corrections];

/** One that is none would never be taken, and hold up all that come after it. */
function isReport(report: Report): boolean {
  const { release, version, sequence, windows, corrections, errors, judged = 0, event, apart, before } = report;
  const numbers = [
    release,
    version,
    sequence,
    windows,
    corrections,
    errors,
    judged,
    ...[apart, before].flatMap(inside),
  ];
  const [[kind, why] = [], ...more] = Object.entries(event);
  return (
    numbers.every((value) => Number.isSafeInteger(value) && value >= 0) &&
    more.length === 0 &&
    (kind === 'installed' || kind === 'health' ? why === null : kind === 'failed' || kind === 'returned') &&
    (why === null || typeof why === 'string')
  );
}
