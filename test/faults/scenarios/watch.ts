import { insist } from '../people.js';
import { REWARD, TINY } from '../subjects.js';
import type { Scenario } from './scenario.js';

const QUIETLY = { quietSeconds: 24 * 3600 };

/** One escrow whose checkpoint is official, and one whose job failed: nobody closed them. */
const swept: Scenario = {
  name: 'treasuryWatch/swept',
  async prepare(subjects) {
    const { run, lab } = subjects;
    const dataset = await subjects.dataset('bucket', { accepted: true });
    await subjects.release('one', dataset, {
      waves: [1],
      soakSeconds: 0,
      gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 },
    });
    const failed = await subjects.job('two', dataset);
    const provider = await lab.people.as('provider');
    await insist(() => provider.access.fail_job({ job: BigInt(failed), reason: 'the host is gone' }));
    return { workflow: 'treasuryWatch', id: `watch-${run}`, queue: 'orchestrator', input: QUIETLY, aboutAll: true };
  },
};

/**
 * A round was terminated while the vote on its access was open: its proposal, its job and its money are left, and
 * something in S3 that nobody registered.
 */
const left: Scenario = {
  name: 'treasuryWatch/left',
  async prepare(subjects) {
    const { run, lab } = subjects;
    const dataset = await subjects.dataset('s3', { store: 's3', accepted: true, access: 'vote' });
    lab.people.rule(run, (reference) => (reference.startsWith('access/') ? 'leave' : 'yes'));
    const handle = await insist(() =>
      lab.temporal.workflow.start('trainingRound', {
        workflowId: `training-${run}`,
        taskQueue: 'orchestrator',
        args: [
          {
            round: run,
            provider: 'provider-1',
            recipe: lab.recipe,
            arguments: TINY,
            seed: 1,
            datasets: [dataset],
            base: null,
            reward: REWARD,
            deadlineSeconds: 3600,
          },
        ],
      }),
    );
    await lab.people.proposed(`access/${run}/`);
    await insist(() => handle.terminate('the operator’s hand slipped'));
    return {
      workflow: 'treasuryWatch',
      id: `watch-${run}`,
      queue: 'orchestrator',
      input: { quietSeconds: 0 },
      aboutAll: true,
    };
  },
};

export const watch = [swept, left];
