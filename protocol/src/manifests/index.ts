export { parseDatasetManifest, type DatasetManifest, type DatasetSchema, type Licence } from './dataset.js';
export { parseRecipe, parseApproval, type RecipeDocument, type Approval, type HyperparameterRange } from './recipe.js';
export {
  parseCheckpointManifest,
  parseEvaluation,
  MAX_CHECKPOINT_BYTES,
  type CheckpointManifest,
  type Evaluation,
} from './checkpoint.js';
export { parseChannel, type Channel } from './channel.js';
export {
  OPERATOR_ACTIONS,
  operatorTokenOf,
  operatorTokenText,
  parseOperator,
  readOperatorToken,
  signOperatorToken,
  type OperatorAction,
  type OperatorDocument,
  type OperatorToken,
} from './operator.js';
