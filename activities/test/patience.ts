import { ActivityError } from '../src/errors.js';

/** Repeats a step as Temporal does: waits where it says "later". */
export async function patiently<T>(step: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof ActivityError) || (error.code !== 'notYet' && error.code !== 'notDecided')) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.details['delayMs'] as number));
    }
  }
}
