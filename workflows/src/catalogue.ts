import type { CheckedWorkflow } from '@livepod/activities/ports';
import { input as checkpointReview } from './checkpointReview.js';
import { input as datasetIntake } from './datasetIntake.js';
import { reading, type Guard, type Reading } from './guards.js';
import { input as modelRollback } from './modelRollback.js';
import { input as modelRollout } from './modelRollout.js';
import { input as recurringRound } from './recurringRound.js';
import { input as lifecycle } from './round.js';
import { input as trainingRound } from './trainingRound.js';
import { input as treasuryWatch } from './treasuryWatch.js';

/** How the input of each workflow that a person can start is read. */
const INPUTS: Record<CheckedWorkflow | 'treasuryWatch', Guard<object>> = {
  lifecycle,
  datasetIntake,
  trainingRound,
  checkpointReview,
  modelRollout,
  modelRollback,
  recurringRound,
  treasuryWatch,
};

export const INPUT_TYPES = Object.keys(INPUTS) as (keyof typeof INPUTS)[];

/** An input with every default, or everything that is wrong with its form: what the workflow itself would say. */
export const readInput = (type: keyof typeof INPUTS, value: unknown): Reading<object> => reading(INPUTS[type], value);
