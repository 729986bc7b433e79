import { setTimeout as sleep } from 'node:timers/promises';
import { CanisterError, isTransient } from '@livepod/client';
import { StoryError } from './errors.js';

/**
 * Asks until there is an answer. A failed attempt counts as no answer yet: any process of the stack may be killed and
 * come back while the story runs.
 *
 * @throws StoryError `tookTooLong` with the last failure
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  seconds: number,
  everyMs = 500,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = 'no answer';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = (error as Error).message;
    }
    if (Date.now() > deadline)
      throw new StoryError('tookTooLong', { what, seconds }, `${what} did not happen within ${seconds} s (${last}).`);
    await sleep(everyMs);
  }
}

/** Refusals by a canister; asking again would bring the same. */
export const refusedForGood = (error: unknown): boolean => error instanceof CanisterError && !isTransient(error);

/** Repeats an action that may be repeated, until it succeeds or is refused for good. */
export async function insist<T>(
  what: string,
  act: () => Promise<T>,
  final: (error: unknown) => boolean = refusedForGood,
  seconds = 180,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (final(error)) throw error;
      if (Date.now() > deadline)
        throw new StoryError(
          'tookTooLong',
          { what, seconds },
          `${what} failed for ${seconds} s: ${(error as Error).message}`,
        );
      await sleep(1000);
    }
  }
}
