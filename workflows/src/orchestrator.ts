import { setWorkflowOptions } from '@temporalio/workflow';
import { treasuryWatch } from './treasuryWatch.js';

/** The workflows of the namespace `livepod`: what an operator can start. */
export { lifecycle } from './lifecycle.js';
export { datasetIntake } from './datasetIntake.js';
export { trainingRound } from './trainingRound.js';
export { checkpointReview } from './checkpointReview.js';
export { modelRollout } from './modelRollout.js';
export { modelRollback } from './modelRollback.js';
export { recurringRound } from './recurringRound.js';
export { treasuryWatch };

// A round or release ends on the code that it began on, which is the workers' default. A watcher goes on for ever, so
// it moves to new code.
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, treasuryWatch);
