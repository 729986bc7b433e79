import { setTimeout as sleep } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { round, Rehearsal } from '../test/rehearsal.js';
import { id, World } from '../test/world.js';

/** One workflow task is scheduled, started, completed. Two answers may come in one task or in two, by the clock. */
const TASKS_BY_THE_CLOCK = 2 * 3;

let rehearsal: Rehearsal;
beforeAll(async () => void (rehearsal = await Rehearsal.open()));
afterAll(() => rehearsal?.close());

describe('how long a lifecycle waits', () => {
  it('costs no event more: votes, training and soaks of one look, and of six', async () => {
    const short = await events('short', 1);
    const long = await events('long', 6);
    expect(Object.keys(long).sort()).toEqual([
      'accessRequest',
      'checkpointReview',
      'datasetIntake',
      'lifecycle',
      'modelRollout',
      'trainingJob',
      'trainingRound',
    ]);
    for (const [type, { steps, tasks }] of Object.entries(long)) {
      expect({ type, steps }).toEqual({ type, steps: short[type]!.steps });
      expect(Math.abs(tasks - short[type]!.tasks)).toBeLessThanOrEqual(TASKS_BY_THE_CLOCK);
    }
  });
});

/**
 * Runs a lifecycle in which every wait takes so many looks. @returns per workflow the events of its steps and of its
 * tasks
 */
async function events(name: string, looks: number): Promise<Record<string, { steps: number; tasks: number }>> {
  const world = (rehearsal.world = new World());
  world.looks = looks;
  const train = world.training.train;
  world.training.train = async (request) => {
    for (let epoch = 0; epoch < looks; epoch++) {
      heartbeat({ epoch });
      await sleep(50);
    }
    return train(request);
  };
  const soaks = new Map<number, number>();
  const beginWave = world.fleet.beginWave;
  world.fleet.beginWave = async (request) => {
    const looked = soaks.get(request.wave) ?? 0;
    soaks.set(request.wave, looked + 1);
    if (looked < looks)
      throw ApplicationFailure.create({
        type: 'notYet',
        message: 'The wave soaks',
        nextRetryDelay: 50,
        category: 'BENIGN',
      });
    return beginWave(request);
  };
  const began = new Date();
  await (await rehearsal.start('lifecycle', `lifecycle-${name}`, round(name, { datasets: [id('1')] }))).result();
  return {
    ...(await counts(rehearsal.environment.client, began)),
    ...(await counts(rehearsal.inProviderNamespace(), began)),
  };
}

async function counts({ workflow }: Client, began: Date): Promise<Record<string, { steps: number; tasks: number }>> {
  const found: Record<string, { steps: number; tasks: number }> = {};
  for await (const { workflowId, runId, type } of workflow.list({ query: `StartTime >= "${began.toISOString()}"` })) {
    const all = (await workflow.getHandle(workflowId, runId).fetchHistory()).events!;
    const tasks = all.filter(
      (event) =>
        event.workflowTaskScheduledEventAttributes ??
        event.workflowTaskStartedEventAttributes ??
        event.workflowTaskCompletedEventAttributes,
    ).length;
    found[type] = { steps: all.length - tasks, tasks };
  }
  return found;
}
