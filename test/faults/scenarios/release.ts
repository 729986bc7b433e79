import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { update } from './operator.js';
import { insist } from '../people.js';
import type { Subjects } from '../subjects.js';
import type { Plan } from '@livepod/protocol';
import type { Play, Scenario } from './scenario.js';

const PODS = 2;
const PLAN = { waves: [1, 2], soakSeconds: 1, gate: { minWindows: 10, maxCorrectionPermille: 250, maxErrors: 0 } };
/**
 * The gate needs the one pod of the first wave, and both of the second: so it is decided by the same reports every
 * time.
 */
const WELL = [
  { windows: 10, corrections: 0, errors: 0 },
  { windows: 5, corrections: 0, errors: 0 },
] as const;
const ILL = { windows: 5, corrections: 0, errors: 3 };

async function opened(subjects: Subjects, plan: Plan = PLAN): Promise<{ play: Play; release: number }> {
  const { run } = subjects;
  const dataset = await subjects.dataset('bucket', { accepted: true });
  await subjects.enrol(PODS);
  const { release } = await subjects.release('one', dataset, plan);
  return {
    release,
    play: {
      workflow: 'modelRollout',
      id: `rollout-${run}`,
      queue: 'orchestrator',
      input: { release, channel: run, waves: PLAN.waves.length, round: run },
    },
  };
}

/**
 * Until its page says so: the canister may be ahead of a workflow that was struck, and an operator ends the soak that
 * they see.
 */
async function soaks(handle: WorkflowHandle, wave: number): Promise<void> {
  for (const until = Date.now() + 180_000; Date.now() < until; await sleep(300)) {
    const state = await handle.query('state').catch(() => undefined); // the server or the worker is away
    if (JSON.stringify(state)?.includes(`the soak of wave ${wave},`)) return;
  }
}

/** Two waves with healthy pods; after the first an operator pauses, resumes, and ends the soak early. */
const completed: Scenario = {
  name: 'modelRollout/completed',
  async prepare(subjects) {
    // nobody waits for that: an operator ends it
    const { play, release } = await opened(subjects, { ...PLAN, soakSeconds: 3600, skippableSoak: true });
    return {
      ...play,
      async steer(handle) {
        await subjects.waveBegun(release, 1);
        await update(subjects, handle, 'pause', { reason: 'a look at the first pods' });
        await update(subjects, handle, 'resume');
        await soaks(handle, 1);
        await update(subjects, handle, 'skipSoak', {}, 'skip 1');
        await subjects.report(release, 1, WELL[0]);
        await subjects.report(release, 2, WELL[1]);
        await soaks(handle, 2);
        await update(subjects, handle, 'skipSoak', {}, 'skip 2');
      },
    };
  },
};

/** The first pod reports errors: the release stops itself. */
const stopped: Scenario = {
  name: 'modelRollout/stopped',
  async prepare(subjects) {
    const { play, release } = await opened(subjects);
    return { ...play, steer: () => subjects.report(release, 1, ILL) };
  },
};

/** Aborted by an operator after the first wave. */
const aborted: Scenario = {
  name: 'modelRollout/aborted',
  async prepare(subjects) {
    const { play, release } = await opened(subjects);
    return {
      ...play,
      async steer(handle) {
        await subjects.waveBegun(release, 1);
        await update(subjects, handle, 'abort', { reason: 'the first pods are too warm' });
      },
    };
  },
};

const rollback = async (subjects: Subjects): Promise<Play> => {
  const { run } = subjects;
  const dataset = await subjects.dataset('bucket', { accepted: true });
  const first = await subjects.stableVersion('one', dataset);
  await subjects.stableVersion('two', dataset);
  return {
    workflow: 'modelRollback',
    id: `rollback-${run}`,
    queue: 'rollback',
    input: { channel: run, version: first, reason: 'A drill', ref: 'back' },
  };
};

/** Back to the version before, by a vote. */
const back: Scenario = { name: 'modelRollback/adopted', prepare: rollback };

/** Cancelled while the vote is open. */
const unwanted: Scenario = {
  name: 'modelRollback/cancelled',
  async prepare(subjects) {
    const { lab, run } = subjects;
    lab.people.rule(run, (reference) => (reference.startsWith('rollback/') ? 'leave' : 'yes'));
    return {
      ...(await rollback(subjects)),
      async steer(handle) {
        await lab.control.reached(run, 'governance.decision');
        await insist(() => handle.cancel());
      },
    };
  },
};

export const release = [completed, stopped, aborted, back, unwanted];
