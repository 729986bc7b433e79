import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { differentRuns, type Run } from '@livepod/workflows/testing/recording';
import { round, Rehearsal } from '@livepod/workflows/testing/rehearsal';
import { id, World } from '@livepod/workflows/testing/world';

/** Ways that a good story does not take: what voters reject, what fails, and what is cancelled at its stages. */
const ROUNDS: Record<string, { change: Partial<World>; cancelWhen?: (journal: string[]) => boolean }> = {
  rejected: { change: { checkpointWanted: false } },
  stopped: { change: { stopsAfterWave: 1 } },
  failed: { change: { trainingFails: true } },
  'cancelled-in-intake': {
    change: { looks: Infinity },
    cancelWhen: (journal) => journal.includes('propose acceptDataset'),
  },
  'cancelled-in-training': {
    change: { trainingHangs: true },
    cancelWhen: (journal) => journal.includes('open escrow'),
  },
};

/** Runs them on a server of their own. */
export async function staged(): Promise<Run[]> {
  const rehearsal = await Rehearsal.open();
  try {
    for (const [name, { change, cancelWhen }] of Object.entries(ROUNDS)) {
      const world = (rehearsal.world = Object.assign(new World(), change));
      const handle = await rehearsal.start('lifecycle', `staged-${name}`, round(`staged-${name}`.slice(0, 24)));
      if (cancelWhen) {
        while (!cancelWhen(world.journal)) await sleep(50);
        await sleep(1500);
        await handle.cancel();
      }
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
