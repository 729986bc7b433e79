import { RecipeError } from './errors.js';
import type { Hyperparameter } from './hyperparameters.js';
import motionCnn from '../motion-cnn/recipe.json' with { type: 'json' };
import * as motionCnnCode from '../motion-cnn/index.js';

export interface RecipeDeclaration {
  name: string;
  version: string;
  inputs: { format: string; modality: string; window: number };
  outputs: string[];
  purposes: string[];
  hyperparameters: Record<string, Hyperparameter>;
  resources: { memoryMiB: number; seconds: number };
}

export interface Recipe {
  declaration: RecipeDeclaration;
  run: typeof motionCnnCode.runRecipe;
  /** The module whose bundle is hashed, relative to this package's root. */
  entry: string;
}

const RECIPES: Record<string, Recipe> = {
  'motion-cnn': {
    declaration: motionCnn as RecipeDeclaration,
    run: motionCnnCode.runRecipe,
    entry: 'motion-cnn/index.ts',
  },
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
