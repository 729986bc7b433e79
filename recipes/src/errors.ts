import { errorsOf } from '@livepod/protocol';

/**
 * What can go wrong between recordings and an exported model. The table in this package's README says what to do about
 * each.
 */
export class RecipeError extends errorsOf({
  unknownRecipe: 'person',
  unknownHyperparameter: 'person',
  missingHyperparameter: 'person',
  hyperparameterOutOfRange: 'person',
  unsuitableSchema: 'data',
  noWindows: 'data',
  unknownLayer: 'artifact',
  badModel: 'artifact',
  baseMismatch: 'artifact',
  diverged: 'data',
  cancelled: 'person',
  noBackend: 'host',
}) {}
export type RecipeErrorCode = RecipeError['code'];
