import { defineSignal } from '@temporalio/workflow';

/** A job that was paid for, and when its grants end (ISO 8601). */
export interface JobNews {
  job: number;
  deadline: string;
}

/** From a training to the lifecycle that it belongs to. */
export const jobOpened = defineSignal<[JobNews]>('jobOpened');
/** From a lifecycle to its training: an operator moved the deadline. */
export const deadlineMoved = defineSignal<[JobNews]>('deadlineMoved');
