import { insist } from '../people.js';
import type { Scenario } from './scenario.js';

const play = (run: string, datasets: string[]) => ({
  workflow: 'datasetIntake',
  id: `intake-${run}`,
  queue: 'orchestrator' as const,
  input: { round: run, datasets },
});

/** One dataset in a bucket and one in S3 are voted in, one is voted down, and one is not there. */
const mixed: Scenario = {
  name: 'datasetIntake/mixed',
  async prepare(subjects) {
    const { run, lab } = subjects;
    const [bucket, s3, unwanted] = await Promise.all([
      subjects.dataset('in-a-bucket'),
      subjects.dataset('in-s3', { store: 's3' }),
      subjects.dataset('unwanted'),
    ]);
    const missing = `sha256:${run.slice(1).padStart(64, '0')}`;
    subjects.names.set(missing, 'dataset missing');
    lab.people.rule(run, (_, rendering) => (rendering.includes(unwanted) ? 'no' : 'yes'));
    return play(run, [bucket, s3, unwanted, missing]);
  },
};

/** Cancelled while the vote is open: the proposals are taken back. */
const cancelled: Scenario = {
  name: 'datasetIntake/cancelled',
  async prepare(subjects) {
    const { run, lab } = subjects;
    const dataset = await subjects.dataset('one', { store: 's3' });
    lab.people.rule(run, () => 'leave');
    return {
      ...play(run, [dataset]),
      async steer(handle) {
        await lab.control.reached(run, 'governance.decisions');
        await insist(() => handle.cancel());
      },
    };
  },
};

export const intake = [mixed, cancelled];
