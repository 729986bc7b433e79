import type { Confinement } from '@livepod/runtime';
import type { Counters, Reading } from './runtime/messages.js';
import type { PodState } from './state/state.js';
import type { Trouble } from './trouble.js';

/** What a pod knows of itself beside its state file. */
interface Now {
  /** a model's process is there */
  runs: boolean;
  /** what confines that process */
  confinement: Confinement | undefined;
  /** what it reads; null while there is nothing */
  motion: Reading | null;
  seen: Counters | undefined;
  lastContact: string | undefined;
  troubles: readonly Trouble[];
}

/** `GET /status`. Fields are added, and none is taken away. */
export function statusOf(
  pod: { name: string; channel: string },
  state: Readonly<PodState>,
  now: Now,
): Record<string, unknown> {
  const { active, slots, sequence, phase, history } = state;
  const installed = active ? slots[active] : null;
  const { windows, judged, corrections, errors } = now.seen ?? { windows: 0, judged: 0, corrections: 0, errors: 0 };
  return {
    ...pod,
    sequence,
    phase,
    version: installed?.version ?? 0,
    checkpoint: installed?.checkpoint ?? null,
    slots: { active, ...slots },
    history,
    counters: { windows, judged, corrections, errors },
    lastContact: now.lastContact ?? null,
    /** a model runs, and has something to answer for */
    ready: now.runs && now.motion !== null,
    motion: now.motion,
    confinement: now.confinement ?? null,
    trouble: now.troubles[0] ?? null,
    troubles: now.troubles,
  };
}
