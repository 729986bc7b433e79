import { insist } from '../people.js';
import type { Subjects } from '../subjects.js';
import type { Play, Scenario } from './scenario.js';

const PLAN = { waves: [1], soakSeconds: 0, gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 } };

async function submitted(subjects: Subjects): Promise<Play> {
  const { run } = subjects;
  const { checkpoint } = await subjects.checkpoint('one', await subjects.dataset('bucket', { accepted: true }));
  return {
    workflow: 'checkpointReview',
    id: `review-${run}`,
    queue: 'orchestrator',
    input: { round: run, checkpoint, channel: run, plan: PLAN },
  };
}

/** Measured, voted in, released. */
const adopted: Scenario = { name: 'checkpointReview/adopted', prepare: submitted };

/** Measured and voted down. */
const rejected: Scenario = {
  name: 'checkpointReview/rejected',
  prepare(subjects) {
    subjects.lab.people.rule(subjects.run, (reference) => (reference.startsWith('adopt/') ? 'no' : 'yes'));
    return submitted(subjects);
  },
};

/** Cancelled while the vote is open: the proposal is taken back. */
const cancelled: Scenario = {
  name: 'checkpointReview/cancelled',
  async prepare(subjects) {
    const { lab, run } = subjects;
    lab.people.rule(run, (reference) => (reference.startsWith('adopt/') ? 'leave' : 'yes'));
    return {
      ...(await submitted(subjects)),
      async steer(handle) {
        await lab.control.reached(run, 'governance.decision');
        await insist(() => handle.cancel());
      },
    };
  },
};

export const review = [adopted, rejected, cancelled];
