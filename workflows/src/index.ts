/** For programs that start, watch or steer workflows. Workers take `orchestrator.ts` and `provider.ts`. */
export { idsOf } from './ids.js';
export { INPUT_TYPES, readInput } from './catalogue.js';
export { stages } from './stages.js';
export { ALL_STATES } from './states.js';
export { searchAttributes } from './searchAttributes.js';
export { planQuery, stateQuery, timelineQuery, type PlanStep, type WorkflowState } from './narration.js';
export {
  abortUpdate,
  approveUpdate,
  extendDeadlineUpdate,
  pauseUpdate,
  replaceProviderUpdate,
  resumeUpdate,
  retryStageUpdate,
  skipSoakUpdate,
  type Signed,
} from './operatorDesk.js';
export { trainingService, type TrainingProgress } from './trainingService.js';
export type { LifecycleInput, LifecycleResult } from './round.js';
export type { DatasetIntakeInput, IntakeDecision } from './datasetIntake.js';
export type { TrainingRoundInput, TrainingRoundResult } from './trainingRound.js';
export type { CheckpointReviewInput, CheckpointReviewResult } from './checkpointReview.js';
export type { ModelRolloutInput, ModelRolloutResult } from './modelRollout.js';
export type { RecurringRoundInput, RecurringRoundResult } from './recurringRound.js';
export type { ModelRollbackInput, ModelRollbackResult } from './modelRollback.js';
export type { TreasuryWatchInput, TreasuryWatchResult } from './treasuryWatch.js';
