import { RecipeError } from './errors.js';
import type { Recipe } from './recipe.js';
import { run, type RecipeRequest, type RecipeResult } from './run.js';
import { recipe as heartRate } from '../heart-rate/index.js';
import { recipe as motionCnn } from '../motion-cnn/index.js';
import { recipe as motionCnnCausal } from '../motion-cnn-causal/index.js';

/** Every recipe there is, by the name of its folder: one line each. */
const RECIPES: Record<string, Recipe> = {
  'motion-cnn': motionCnn,
  'motion-cnn-causal': motionCnnCausal,
  'heart-rate': heartRate,
};

export const recipeNames = Object.keys(RECIPES);

/** @throws RecipeError `unknownRecipe` */
export function recipeByName(name: string): Recipe {
  if (Object.hasOwn(RECIPES, name)) return RECIPES[name]!;
  throw new RecipeError(
    'unknownRecipe',
    { name },
    `There is no recipe ${name} here; there is ${recipeNames.join(', ')}.`,
  );
}

/** Trains a recipe by name. @throws RecipeError · RuntimeError */
export const runRecipe = (name: string, request: RecipeRequest): Promise<RecipeResult> =>
  run(recipeByName(name), request);
