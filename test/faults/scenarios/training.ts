import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { insist } from '../people.js';
import { REWARD, TINY, type Subjects } from '../subjects.js';
import { update } from './operator.js';
import type { Play, Scenario } from './scenario.js';

const round = ({ run, lab }: Subjects, datasets: string[], training: object = TINY): Play => ({
  workflow: 'trainingRound',
  id: `training-${run}`,
  queue: 'orchestrator',
  input: {
    round: run,
    provider: 'provider-1',
    recipe: lab.recipe,
    arguments: training,
    seed: 1,
    datasets,
    base: null,
    reward: REWARD,
    deadlineSeconds: 3600,
  },
});

/**
 * Trained on data in a bucket and in S3; one licence asks for a vote on each access, before which an operator gives the
 * job more time.
 */
const trained: Scenario = {
  name: 'trainingRound/trained',
  async prepare(subjects) {
    const { lab, run } = subjects;
    const datasets = await Promise.all([
      subjects.dataset('bucket', { accepted: true, access: 'vote' }),
      subjects.dataset('s3', { store: 's3', accepted: true }),
    ]);
    let extended = false;
    lab.people.rule(run, (reference) => (reference.startsWith('access/') && !extended ? 'leave' : 'yes'));
    return {
      ...round(subjects, datasets),
      async steer(handle) {
        await lab.control.reached(run, 'governance.decision');
        await update(subjects, handle, 'extendDeadline', { seconds: 600 });
        extended = true;
      },
    };
  },
};

/** Cancelled in the middle of training: the provider gives up and wipes, the escrow goes back. */
const cancelled: Scenario = {
  name: 'trainingRound/cancelled',
  async prepare(subjects) {
    const { lab, run } = subjects;
    const dataset = await subjects.dataset('bucket', { accepted: true });
    return {
      ...round(subjects, [dataset], { ...TINY, epochs: 200, windowsPerEpoch: 512 }),
      async steer(handle) {
        await lab.control.reached(run, 'training.train');
        // An epoch is done: the keys were released, and a killed training goes on from here.
        while (
          !lab.control
            .jobsOf(run)
            .some((job) =>
              lab.workspaces().some((folder) => existsSync(join(folder, String(job), 'epochs', 'resume.bin'))),
            )
        )
          await sleep(100);
        await insist(() => handle.cancel());
      },
    };
  },
};

/** Voted down where a licence asks for a vote: nothing is trained, the escrow goes back. */
const refused: Scenario = {
  name: 'trainingRound/refused',
  async prepare(subjects) {
    const dataset = await subjects.dataset('bucket', { accepted: true, access: 'vote' });
    subjects.lab.people.rule(subjects.run, (reference) => (reference.startsWith('access/') ? 'no' : 'yes'));
    return round(subjects, [dataset]);
  },
};

/** The reward is more than there is: the provider is told to give its job up, and nothing was paid. */
const unpaid: Scenario = {
  name: 'trainingRound/unpaid',
  async prepare(subjects) {
    const play = round(subjects, [await subjects.dataset('bucket', { accepted: true })]);
    return { ...play, input: { ...(play.input as object), reward: '1000000000000000000' } };
  },
};

export const training = [trained, cancelled, refused, unpaid];
