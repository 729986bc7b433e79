import { REWARD, TINY, type Subjects } from '../subjects.js';
import { update } from './operator.js';
import type { Play, Scenario } from './scenario.js';

const PODS = 2;
const PLAN = { waves: [1, 2], soakSeconds: 0, gate: { minWindows: 10, maxCorrectionPermille: 250, maxErrors: 0 } };
/**
 * The gate needs the one pod of the first wave, and both of the second: so it is decided by the same reports every
 * time.
 */
const WELL = [
  { windows: 10, corrections: 0, errors: 0 },
  { windows: 5, corrections: 0, errors: 0 },
] as const;

const lifecycle = ({ run, lab }: Subjects, more: object): Play => ({
  workflow: 'lifecycle',
  id: `lifecycle-${run}`,
  queue: 'orchestrator',
  input: {
    round: run,
    channel: run,
    recipe: lab.recipe,
    provider: 'provider-1',
    arguments: TINY,
    reward: REWARD,
    plan: PLAN,
    holdSeconds: 0,
    ...more,
  },
});

/** From an unknown dataset to every pod. An operator gives the job more time, and pauses and resumes the release. */
const completed: Scenario = {
  name: 'lifecycle/completed',
  async prepare(subjects) {
    const { lab, run } = subjects;
    const dataset = await subjects.dataset('one', { access: 'vote' });
    await subjects.enrol(PODS);
    let extended = false;
    lab.people.rule(run, (reference) => (reference.startsWith('access/') && !extended ? 'leave' : 'yes'));
    return {
      ...lifecycle(subjects, { datasets: [dataset] }),
      async steer(handle) {
        await lab.control.reached(run, 'governance.decision', 'trainingRound');
        await update(subjects, handle, 'extendDeadline', { seconds: 600 });
        extended = true;
        const release = await subjects.releaseOpened();
        await subjects.waveBegun(release, 1);
        await update(subjects, handle, 'pause', { reason: 'a look at the first pods' });
        await update(subjects, handle, 'resume');
        await subjects.report(release, 1, WELL[0]);
        await subjects.report(release, 2, WELL[1]);
      },
    };
  },
};

/** The release stops itself, and bonds are put up for slashing; voters keep them. */
const stopped: Scenario = {
  name: 'lifecycle/stopped',
  async prepare(subjects) {
    const { lab, run } = subjects;
    const dataset = await subjects.dataset('one');
    await subjects.enrol(PODS);
    lab.people.rule(run, (reference) => (reference.startsWith('slash/') ? 'no' : 'yes'));
    return {
      ...lifecycle(subjects, { datasets: [dataset] }),
      async steer() {
        const release = await subjects.releaseOpened();
        await subjects.report(release, 1, { windows: 5, corrections: 0, errors: 3 });
      },
    };
  },
};

/** Voters reject the checkpoint: the escrow goes back. */
const rejected: Scenario = {
  name: 'lifecycle/rejected',
  async prepare(subjects) {
    const { lab, run } = subjects;
    const dataset = await subjects.dataset('one', { accepted: true });
    lab.people.rule(run, (reference) => (reference.startsWith('adopt/') ? 'no' : 'yes'));
    return lifecycle(subjects, { trainOn: [dataset] });
  },
};

export const whole = [completed, stopped, rejected];
