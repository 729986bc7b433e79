export {
  folderOf,
  MAX_FILE_NAME,
  parseDatasetManifest,
  readDatasetSchema,
  type DatasetManifest,
  type DatasetSchema,
  type Licence,
} from './dataset.js';
export { FILE_NAME } from './shape.js';
export {
  parseRecipe,
  parseApproval,
  type RecipeDocument,
  type RecipeManifest,
  type Approval,
  type HyperparameterRange,
} from './recipe.js';
export {
  ranBy,
  parseCheckpointManifest,
  type CheckpointDocument,
  type CheckpointManifest,
  type Input,
} from './checkpoint.js';
export { parseEvaluation, type Evaluation, type EvaluationDocument } from './evaluation.js';
export {
  contractOf,
  windowLength,
  type InputContract,
  type RecipeInput,
  type RecipeTask,
  type TensorSpec,
  type Windowing,
} from './task.js';
export { parseChannel, type Channel } from './channel.js';
export {
  jobState,
  operatorTokenOf,
  operatorTokenText,
  parseOperator,
  readOperatorToken,
  releaseState,
  signOperatorToken,
  whyNotAllowed,
  type Asked,
  type OperatorDocument,
  type OperatorDocumentV1,
  type OperatorToken,
} from './operator.js';
export { parseVoucher, readVoucher, signVoucher, type Voucher } from './voucher.js';
