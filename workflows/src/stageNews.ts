import { defineSignal } from '@temporalio/workflow';
import type { Beat } from './narration.js';
import { RELEASE, type States } from './states.js';

/** A job that was paid for, and when its grants end (ISO 8601). */
export interface JobNews {
  job: number;
  deadline: string;
}

/** From a training to the lifecycle that it belongs to. */
export const jobOpened = defineSignal<[JobNews]>('jobOpened');
/** How far a training is, in words, and as facts. */
export interface TrainingNews {
  words: string;
  facts: Record<string, string>;
}

/** From a training to its lifecycle, while the provider is at it. */
export const trainingMoved = defineSignal<[TrainingNews]>('trainingMoved');
/** From a lifecycle to its training: an operator moved the deadline. */
export const deadlineMoved = defineSignal<[JobNews]>('deadlineMoved');

/** How a rollout stands: which state its release is in, what it asks an operator for, and until when it waits. */
export interface RolloutNews {
  state: string;
  /** Such as `wave 2 of 3`; null when nothing waits for approval. */
  asks: string | null;
  until: string | null;
  /** Which pod runs what. */
  pods?: string | null;
}

/** From a rollout to the lifecycle that it belongs to. */
export const rolloutMoved = defineSignal<[RolloutNews]>('rolloutMoved');

/** The same as the lifecycle's page says it. */
export function rolloutInWords({ state, asks, until, pods }: RolloutNews): {
  words: string;
  facts: Record<string, string>;
  beat: Beat;
} {
  const states: States = RELEASE;
  const waits: Partial<Record<string, string>> = {
    soaking: 'the soak of its wave',
    gathering: 'the windows that its gate still needs',
    awaitingApproval: `an operator’s \`approve\` of ${asks}, on the rollout’s page`,
    paused: '`resume`, here or on the rollout’s page',
  };
  const waitsFor = waits[state];
  return {
    words: states[state]?.says ?? state,
    facts: pods ? { pods } : {},
    beat: { ...(waitsFor === undefined ? {} : { waitsFor }), ...(until === null ? {} : { until }) },
  };
}
