import { CodedError } from '@livepod/protocol';

export type RecipeErrorCode =
  | 'unknownRecipe'
  | 'unknownHyperparameter'
  | 'missingHyperparameter'
  | 'hyperparameterOutOfRange'
  | 'unsuitableSchema'
  | 'noWindows'
  | 'unknownLayer'
  | 'badModel'
  | 'baseMismatch'
  | 'diverged'
  | 'cancelled'
  | 'noBackend';

/**
 * What can go wrong between recordings and an exported model. The table in this package's README says what to do about
 * each.
 */
export class RecipeError extends CodedError<RecipeErrorCode> {}
