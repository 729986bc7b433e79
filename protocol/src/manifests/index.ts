export { parseDatasetManifest, type DatasetManifest, type DatasetSchema, type Licence } from './dataset.js';
export { parseRecipe, parseApproval, type RecipeDocument, type Approval, type HyperparameterRange } from './recipe.js';
export { parseCheckpointManifest, parseEvaluation, type CheckpointManifest, type Evaluation } from './checkpoint.js';
export { parseChannel, type Channel } from './channel.js';
export {
  operatorTokenOf,
  operatorTokenText,
  parseOperator,
  readOperatorToken,
  signOperatorToken,
  type OperatorDocument,
  type OperatorToken,
} from './operator.js';
