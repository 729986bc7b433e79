import { REWARD, TINY } from '../subjects.js';
import type { Scenario } from './scenario.js';

/**
 * A schedule's round with a provider who is gone: it looks, its lifecycle begins and ends before it has touched
 * anything.
 */
const noProvider: Scenario = {
  name: 'recurringRound/noProvider',
  async prepare(subjects) {
    const { run, lab } = subjects;
    await subjects.dataset('one');
    return {
      workflow: 'recurringRound',
      id: `recurring-${run}`,
      queue: 'orchestrator',
      input: {
        recipe: lab.recipe,
        provider: 'nobody',
        channel: run,
        prefix: run,
        arguments: TINY,
        reward: REWARD,
        holdSeconds: 0,
      },
    };
  },
};

export const recurring = [noProvider];
