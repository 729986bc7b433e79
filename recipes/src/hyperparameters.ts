import { RecipeError } from './errors.js';

export type Hyperparameter =
  | { kind: 'integer'; min: number; max: number; default: number }
  | { kind: 'decimal'; min: string; max: string; default: string };

/** Integers are numbers and decimals are strings, as canonical documents carry them. */
export type Arguments = Record<string, number | string>;

/** Every hyper-parameter with its default, overwritten by what was given. */
export function withDefaults(declared: Record<string, Hyperparameter>, given: Arguments = {}): Arguments {
  return {
    ...Object.fromEntries(Object.entries(declared).map(([name, { default: value }]) => [name, value])),
    ...given,
  };
}

/**
 * Checks complete arguments against what a recipe declares.
 * @returns the arguments as numbers
 * @throws RecipeError `unknownHyperparameter` · `missingHyperparameter` · `hyperparameterOutOfRange`
 */
export function checkArguments(declared: Record<string, Hyperparameter>, given: Arguments): Record<string, number> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) {
      throw new RecipeError(
        'unknownHyperparameter',
        { name },
        `The recipe has no hyper-parameter ${name}; it has ${Object.keys(declared).join(', ')}.`,
      );
    }
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, rule]) => {
      const value = given[name];
      if (value === undefined)
        throw new RecipeError(
          'missingHyperparameter',
          { name },
          `Give ${name}, ${rule.kind} from ${rule.min} to ${rule.max}; the recipe's default is ${rule.default}.`,
        );
      const fits =
        rule.kind === 'integer'
          ? Number.isSafeInteger(value)
          : typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
      const number = Number(value);
      if (!fits || number < Number(rule.min) || number > Number(rule.max)) {
        throw new RecipeError(
          'hyperparameterOutOfRange',
          { name, value, min: rule.min, max: rule.max },
          `${name} is ${JSON.stringify(value)}; give ` +
            `${rule.kind === 'integer' ? 'an integer' : 'a decimal in quotes'} from ${rule.min} to ${rule.max}.`,
        );
      }
      return [name, number];
    }),
  );
}
