import { insist } from '../people.js';
import type { Scenario } from './scenario.js';

/** One escrow whose checkpoint is official, and one whose job failed: nobody closed them. */
const swept: Scenario = {
  name: 'treasuryWatch/swept',
  async prepare(subjects) {
    const { run, lab } = subjects;
    const dataset = await subjects.dataset('bucket', { accepted: true });
    await subjects.release('one', dataset, { waves: [1], soakSeconds: 0, gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 } });
    const failed = await subjects.job('two', dataset);
    const provider = await lab.people.as('provider');
    await insist(() => provider.access.fail_job({ job: BigInt(failed), reason: 'the host is gone' }));
    return { workflow: 'treasuryWatch', id: `watch-${run}`, queue: 'orchestrator', input: {} };
  },
};

export const watch = [swept];
