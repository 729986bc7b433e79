import { setTimeout as sleep } from 'node:timers/promises';
import { StoryError } from './errors.js';

/**
 * Asks until there is an answer. A failed attempt counts as no answer yet: any process of the stack may be killed and come back while the
 * story runs.
 *
 * @throws StoryError `tookTooLong` with the last failure
 */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, seconds: number, everyMs = 500): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last = 'no answer';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = (error as Error).message;
    }
    if (Date.now() > deadline) throw new StoryError('tookTooLong', { what, seconds }, `${what} did not happen within ${seconds} s (${last}).`);
    await sleep(everyMs);
  }
}

/** Repeats an action that may be repeated, until it succeeds. */
export async function insist<T>(what: string, act: () => Promise<T>, final: (error: unknown) => boolean = () => false, seconds = 180): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (final(error) || Date.now() > deadline) throw error;
      await sleep(1000);
    }
  }
}
