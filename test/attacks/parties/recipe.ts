import { hostileRecipes, playHostileRecipe } from '@livepod/activities/hostile';
import { broken, nothing, type Attack } from '../attack.js';

const COUNT = 200;

export const recipe: Attack[] = [
  {
    party: 'recipe',
    name: `hands out records or secrets, or ends its provider: ${COUNT} recipes from a list of tricks`,
    test: 'activities/src/training/sandbox/sandbox.slow.test.ts',
    async play(_, seed) {
      const outcomes = new Map<string, number>();
      for (const hostile of hostileRecipes(seed, COUNT)) {
        const { escaped, alive, where, outcome } = await playHostileRecipe(hostile);
        if (escaped > 0) return broken(`${hostile.trick}: ${escaped} bytes by ${where.join(', ')}`);
        if (!alive) return broken(`${hostile.trick} harmed its provider: ${outcome}`);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      return nothing(`0 bytes escaped, the provider lives: ${[...outcomes].map((one) => one.join(' ')).join(', ')}`);
    },
  },
];
