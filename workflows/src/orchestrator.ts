/** The workflows of the namespace `livepod`: what an operator can start. */
export { lifecycle } from './lifecycle.js';
export { datasetIntake } from './datasetIntake.js';
export { trainingRound } from './trainingRound.js';
export { checkpointReview } from './checkpointReview.js';
export { modelRollout } from './modelRollout.js';
export { modelRollback } from './modelRollback.js';
export { treasuryWatch } from './treasuryWatch.js';
