import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { LifecycleInput } from '@livepod/workflows';
import { Pages } from '@livepod/workflows/testing/pages';
import { differentRuns, type Run } from '@livepod/workflows/testing/recording';
import { round, Rehearsal } from '@livepod/workflows/testing/rehearsal';
import { id, World } from '@livepod/workflows/testing/world';

interface Way {
  change?: Partial<World>;
  input?: Partial<LifecycleInput>;
  /** What happens meanwhile. */
  meanwhile?: (run: Running) => Promise<unknown>;
}
interface Running {
  world: World;
  pages: Pages;
  /** The lifecycle's id; its stages have it before theirs. */
  id: string;
  handle: WorkflowHandle;
}

const cancelsWhen =
  (did: string): Way['meanwhile'] =>
  async ({ world, handle }) => {
    while (!world.journal.includes(did)) await sleep(50);
    await sleep(1500);
    await handle.cancel();
  };

/** Ways that a good story does not take: what voters reject, what fails, what is cancelled, and what people change. */
const ROUNDS: Record<string, Way> = {
  rejected: { change: { checkpointWanted: false } },
  stopped: { change: { stopsAfterWave: 1 } },
  slashed: { change: { stopsAfterWave: 1 }, input: { proposeSlashing: true } },
  failed: { change: { trainingFails: true } },
  'cancelled-in-intake': { change: { looks: Infinity }, meanwhile: cancelsWhen('propose acceptDataset') },
  'cancelled-in-paying': {
    change: { held: new Set(['treasury.openEscrow']) },
    meanwhile: cancelsWhen('request job'),
  },
  'cancelled-in-access': {
    change: { needVote: [id('1')], held: new Set(['governance.decision']) },
    meanwhile: cancelsWhen('propose grantAccess'),
  },
  'cancelled-in-training': { change: { trainingHangs: true }, meanwhile: cancelsWhen('open escrow') },
  malformed: { input: { seed: -1 } },
  amended: {
    change: { trainingFails: true },
    input: { holdSeconds: 600 },
    meanwhile: async ({ world, pages, id }) => {
      await pages.reaches(id, 'held');
      await pages.send(id, 'retryStage', { change: { seeds: 2 } }).catch(() => undefined); // it is refused
      world.trainingFails = false;
      await pages.send(id, 'retryStage', { change: { seed: 2 } });
    },
  },
  worse: {
    change: { parent: { accuracy: '0.990000' } },
    input: { holdSeconds: 600 },
    meanwhile: async ({ pages, id }) => {
      await pages.reaches(id, 'held');
      await pages.send(id, 'retryStage', { change: { acceptWorse: 'Six new people join' } });
    },
  },
  approved: {
    input: { approveWaves: true },
    meanwhile: async ({ pages, id }) => {
      const rollout = `${id}-rollout`;
      for (const _ of [2, 3]) {
        await pages.reaches(rollout, 'awaitingApproval');
        await pages.send(rollout, 'pause', { reason: 'Looking at it' });
        await pages.send(rollout, 'resume');
        await pages.send(rollout, 'approve');
        await sleep(1000);
      }
    },
  },
  slow: {
    change: { trainingHangs: true, progress: { state: 'running', epoch: 1, epochs: 4, loss: '0.5' } },
    meanwhile: async ({ world, pages, id }) => {
      await pages.reaches(id, 'job');
      await sleep(15_000); // the first look at how far it is comes after ten seconds
      world.trainingHangs = false;
    },
  },
};

/** Runs them on a server of their own. */
export async function staged(): Promise<Run[]> {
  const rehearsal = await Rehearsal.open();
  try {
    const pages = new Pages(() => rehearsal);
    for (const [name, { change, input, meanwhile }] of Object.entries(ROUNDS)) {
      const world = (rehearsal.world = Object.assign(new World(), change));
      const id = `staged-${name}`;
      const handle = await rehearsal.start('lifecycle', id, round(id.slice(0, 24), input));
      await meanwhile?.({ world, pages, id, handle });
      world.held.clear();
      await handle.result().catch(() => undefined);
    }
    rehearsal.world = new World();
    await (
      await rehearsal.start(
        'modelRollback',
        'staged-rollback',
        { channel: 'stable', version: 1, reason: 'version 2 errs on stairs', ref: 'r1' },
        'rollback',
      )
    ).result();
    await (await rehearsal.start('treasuryWatch', 'staged-treasury-watch', {})).result();
    await (
      await rehearsal.start('recurringRound', 'staged-recurring', {
        recipe: id('e'),
        provider: 'provider-1',
        holdSeconds: 0,
      })
    ).result();
    const occupied = (rehearsal.world = new World());
    occupied.submitted = [id('1')];
    occupied.models.current = async ({ channel }) => ({
      ...{ channel, sequence: 9, stable: null },
      candidate: { checkpoint: id('c'), version: 5, release: 4 },
    });
    await (
      await rehearsal.start('recurringRound', 'staged-recurring-open', { recipe: id('e'), provider: 'provider-1' })
    ).result();
    rehearsal.world = new World();
    await givenUp(rehearsal.inProviderNamespace());
    await sleep(2000); // visibility follows
    return [
      ...(await differentRuns(rehearsal.environment.client)),
      ...(await differentRuns(rehearsal.inProviderNamespace())),
    ].map((run) => ({ ...run, workflowId: named(run.workflowId) }));
  } finally {
    await rehearsal.close();
  }
}

/** Only what comes at one moment of a training round leads to it, so it is run by itself. */
const givenUp = (client: Client): Promise<unknown> =>
  client.workflow.execute('accessGivenUp', {
    taskQueue: 'provider',
    workflowId: 'staged-access-given-up',
    args: [{ round: 'staged-failed', attempt: 1, reason: 'the round was given up' }],
  });

/** Without the request's id that the rehearsal adds: names of files that mean something. */
const named = (workflowId: string): string => {
  const short = workflowId.replace(/-[0-9a-f]{8}-[0-9a-f-]{27}$/, '');
  return short.startsWith('staged-') ? short : `staged-${short}`;
};
