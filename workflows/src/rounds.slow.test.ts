import { serialize } from 'node:v8';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { DEFAULT_PLAN, type OperatorAction } from '@livepod/protocol';
import {
  abortUpdate,
  approveUpdate,
  extendDeadlineUpdate,
  pauseUpdate,
  planQuery,
  replaceProviderUpdate,
  resumeUpdate,
  retryStageUpdate,
  skipSoakUpdate,
  stateQuery,
  timelineQuery,
  type LifecycleResult,
  type RecurringRoundResult,
  type TreasuryWatchResult,
} from './index.js';
import { round, Rehearsal } from '../test/rehearsal.js';
import { id, World } from '../test/world.js';

let rehearsal: Rehearsal;
beforeAll(async () => void (rehearsal = await Rehearsal.open()));
afterAll(() => rehearsal?.close());

const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `sha256:${index.toString(16).padStart(8, '0').padEnd(64, '0')}`);
const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
};

describe('a round', () => {
  it('takes in, trains, reviews, settles and rolls out, across two namespaces', async () => {
    const world = (rehearsal.world = new World());
    world.unwanted.add(id('2'));
    const handle = await rehearsal.start('lifecycle', 'lifecycle-whole', round('whole'));
    const result: LifecycleResult = await handle.result();
    expect(result).toMatchObject({
      outcome: 'completed',
      decision: 'adopted',
      version: 1,
      release: 1,
      job: 7,
      escrow: 3,
      slashing: [],
    });
    expect(result.datasets.map((dataset) => dataset.decision)).toEqual(['accepted', 'rejected']);
    expect(world.journal).toEqual([
      'propose acceptDataset',
      'close 2222',
      'request job',
      'open escrow',
      'train',
      'publish',
      'wipe',
      'propose adoptCheckpoint',
      'settle',
      'wave 1',
      'wave 2',
      'wave 3',
      'wave 4',
    ]);
    expect(await handle.query(stateQuery)).toMatchObject({ headline: 'Version 1 reached the whole channel' });
    expect((await handle.query(timelineQuery)).length).toBeGreaterThan(4);
    const elsewhere: string[] = [];
    for await (const run of rehearsal.inProviderNamespace().workflow.list()) elsewhere.push(run.type);
    expect(new Set(elsewhere)).toEqual(new Set(['accessRequest', 'trainingJob']));
  });

  it('keeps every history under 300 events with 1,000 datasets', async () => {
    rehearsal.world = new World();
    await (await rehearsal.start('lifecycle', 'lifecycle-large', round('large', { datasets: ids(1000) }))).result();
    const counts: Record<string, number> = {};
    for await (const run of rehearsal.client.list({ query: 'LivepodRound = "large"' }))
      counts[run.workflowId] = await rehearsal.events(run.workflowId);
    expect(Object.keys(counts).length).toBe(12);
    expect(Math.max(...Object.values(counts))).toBeLessThan(300);
  });

  it('puts no bond up for slashing by itself when its release stops', async () => {
    const world = (rehearsal.world = new World());
    world.stopsAfterWave = 1;
    const started = await rehearsal.start('lifecycle', 'lifecycle-only-stopped', round('only-stopped'));
    const result: LifecycleResult = await started.result();
    expect(result).toMatchObject({ outcome: 'stopped', slashing: [] });
  });

  it('puts bonds up for slashing when its release stops itself and somebody asked for that', async () => {
    const world = (rehearsal.world = new World());
    world.stopsAfterWave = 1;
    const result: LifecycleResult = await (
      await rehearsal.start('lifecycle', 'lifecycle-stopped', round('stopped', { proposeSlashing: true }))
    ).result();
    expect(result).toMatchObject({ outcome: 'stopped', why: '400 of 1000 windows were corrected, the gate is 250' });
    expect(result.slashing).toHaveLength(3);
  });

  it('refunds and ends when voters reject the checkpoint', async () => {
    const world = (rehearsal.world = new World());
    world.checkpointWanted = false;
    const result: LifecycleResult = await (
      await rehearsal.start('lifecycle', 'lifecycle-rejected', round('rejected'))
    ).result();
    expect(result).toMatchObject({ outcome: 'rejected', decision: 'rejected', release: null });
    expect(world.journal.slice(-3)).toEqual(['close checkpoint', 'fail job', 'refund']);
  });

  it('gives the money back when training fails', async () => {
    const world = (rehearsal.world = new World());
    world.trainingFails = true;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-failed', round('failed'));
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(world.journal.slice(-4)).toEqual(['wipe', 'give up', 'fail job', 'refund']);
  });

  it('undoes in reverse order when an operator cancels it during training', async () => {
    const world = (rehearsal.world = new World());
    world.trainingHangs = true;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-cancelled', round('cancelled'));
    await until(() => world.journal.includes('open escrow'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(world.journal.slice(-4)).toEqual(['wipe', 'give up', 'fail job', 'refund']);
  });

  it('withdraws open proposals when an operator aborts it, and says so', async () => {
    const world = (rehearsal.world = new World());
    world.looks = Infinity;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-aborted', round('aborted'));
    await until(() => world.journal.includes('propose acceptDataset'));
    await expect(
      handle.executeUpdate(abortUpdate, {
        args: [{ reason: '', ...(await rehearsal.sign('lifecycle-aborted', 'abort')) }],
      }),
    ).rejects.toThrow(WorkflowUpdateFailedError);
    await handle.executeUpdate(abortUpdate, {
      args: [{ reason: 'the recipe is wrong', ...(await rehearsal.sign('lifecycle-aborted', 'abort')) }],
    });
    expect(await handle.result()).toMatchObject({ outcome: 'aborted', why: 'the recipe is wrong', job: null });
    expect(world.journal).toEqual(['propose acceptDataset', 'withdraw acceptDataset']);
  });
});

describe('a round that fails', () => {
  it('is held, tells why, and goes on when an operator has it tried again with another provider', async () => {
    const world = (rehearsal.world = new World());
    world.trainingFails = true;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-held', round('held', { holdSeconds: 600 }));
    const state = async () => handle.query(stateQuery);
    await until(async () => (await state()).waitsFor?.includes('retryStage') ?? false);
    expect(await state()).toMatchObject({ headline: 'Stage training failed: Training failed in epoch 2' });
    expect((await state()).possible).toEqual(
      expect.arrayContaining(['retryStage', 'replaceProvider', 'extendDeadline', 'abort']),
    );
    expect(world.journal.slice(-2)).toEqual(['fail job', 'refund']);

    const may = (action: OperatorAction) => rehearsal.sign('lifecycle-held', action);
    expect((await state()).signs['retryStage']).toEqual({ object: 'workflow', state: 'held/1/0' });
    expect(
      await handle.executeUpdate(extendDeadlineUpdate, { args: [{ seconds: 3600, ...(await may('extendDeadline')) }] }),
    ).toContain('It is held until');
    await expect(
      handle.executeUpdate(replaceProviderUpdate, {
        args: [{ provider: 'provider-9', ...(await may('replaceProvider')) }],
      }),
    ).rejects.toMatchObject({ cause: { message: 'There is no provider provider-9' } });
    await expect(
      handle.executeUpdate(retryStageUpdate, {
        args: [await rehearsal.sign('lifecycle-held', 'retryStage', { workflow: 'lifecycle-other' })],
      }),
    ).rejects.toMatchObject({
      cause: { message: 'The token does not allow retryStage of lifecycle-held: it is for workflow lifecycle-other' },
    });
    world.trainingFails = false;
    await handle.executeUpdate(retryStageUpdate, { args: [await may('retryStage')] });
    expect(await handle.result()).toMatchObject({ outcome: 'completed', version: 1 });
    expect(world.journal).toContain('request job 2');
    await expect(handle.query(planQuery)).resolves.toContainEqual({ step: 'rollout', state: 'done' });
  });

  it('ends and undoes when nobody mends it in time', async () => {
    const world = (rehearsal.world = new World());
    world.trainingFails = true;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-unmended', round('unmended', { holdSeconds: 1 }));
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(world.journal.at(-1)).toBe('refund');
  });

  it('has its job’s deadline moved from the lifecycle’s page and from the training’s own', async () => {
    const world = (rehearsal.world = new World());
    world.trainingHangs = true;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-longer', round('longer'));
    await until(async () => (await handle.query(stateQuery)).headline === 'Provider provider-1 has job 7');
    await handle.executeUpdate(extendDeadlineUpdate, {
      args: [{ seconds: 3600, ...(await rehearsal.sign('lifecycle-longer', 'extendDeadline')) }],
    });
    const training = rehearsal.client.getHandle('lifecycle-longer-training');
    const said = await training.executeUpdate(extendDeadlineUpdate, {
      args: [{ seconds: 3600, ...(await rehearsal.sign('lifecycle-longer-training', 'extendDeadline')) }],
    });
    expect(Date.parse(/now (\S+)\.$/.exec(said)![1]!)).toBeGreaterThan(Date.now() + 2.9 * 3_600_000);
    await handle.executeUpdate(abortUpdate, {
      args: [{ reason: 'enough seen', ...(await rehearsal.sign('lifecycle-longer', 'abort')) }],
    });
    expect(await handle.result()).toMatchObject({ outcome: 'aborted' });
  });
});

describe('a stage on its own', () => {
  it('is aborted from its page: it undoes, and fails with the reason', async () => {
    const world = (rehearsal.world = new World());
    world.looks = Infinity;
    const handle = await rehearsal.start(
      'modelRollback',
      'rollback-aborted',
      { channel: 'stable', version: 1, reason: 'a drill', ref: 'drill' },
      'rollback',
    );
    await until(() => world.journal.includes('propose rollbackChannel'));
    await handle.executeUpdate(abortUpdate, {
      args: [{ reason: 'the wrong version', ...(await rehearsal.sign('rollback-aborted', 'abort')) }],
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'Aborted', message: 'Aborted by an operator: the wrong version' },
    });
    expect(world.journal).toEqual(['propose rollbackChannel', 'withdraw rollbackChannel']);
  });
});

describe('a rollout', () => {
  it('takes a token once, in the state that it names, and none that is older than a person’s pause', async () => {
    const world = (rehearsal.world = new World());
    world.soaks = { until: new Date(Date.now() + 3_600_000).toISOString(), enough: false };
    const id = 'rollout-attacked';
    const handle = await rehearsal.start('modelRollout', id, {
      ...{ release: 1, channel: 'stable', waves: 3, approveWaves: true },
    });
    await until(async () => (await handle.query(stateQuery)).possible.includes('approve'));
    const before = await rehearsal.sign(id, 'approve');
    const stop = await rehearsal.sign(id, 'abort');
    const pause = await rehearsal.sign(id, 'pause');
    await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'looking', ...pause }] });
    const resume = await rehearsal.sign(id, 'resume');
    const kept = await rehearsal.sign(id, 'resume');
    await handle.executeUpdate(resumeUpdate, { args: [resume] });
    const why = (update: Promise<unknown>) =>
      update.then(
        () => 'done',
        (error: WorkflowUpdateFailedError) => (error.cause as Error).message,
      );
    expect(await why(handle.executeUpdate(approveUpdate, { args: [before] }))).toContain(
      'it is for workflow in awaitingApproval/1/0, and that is in awaitingApproval/1/1 now',
    );
    expect(await why(handle.executeUpdate(abortUpdate, { args: [{ reason: 'replayed', ...stop }] }))).toContain(
      'it is for release/1 in rolling/1/0, and that is in rolling/1/1 now',
    );
    await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'again', ...(await rehearsal.sign(id, 'pause')) }] });
    expect(await why(handle.executeUpdate(resumeUpdate, { args: [resume] }))).toContain('The token was used already');
    expect(await why(handle.executeUpdate(resumeUpdate, { args: [kept] }))).toContain('and that is in paused/1/2 now');
    expect(world.release.state).toBe('paused');
    await handle.executeUpdate(abortUpdate, { args: [{ reason: 'seen', ...(await rehearsal.sign(id, 'abort')) }] });
    expect(await handle.result()).toMatchObject({ outcome: 'stopped', why: 'seen' });
  });

  it('holds while it is paused, and its soak is skipped', async () => {
    const world = (rehearsal.world = new World());
    world.soaks = { until: new Date(Date.now() + 3_600_000).toISOString(), enough: false };
    const may = (action: OperatorAction) => rehearsal.sign('rollout-paused', action);
    const handle = await rehearsal.start('modelRollout', 'rollout-paused', {
      release: 1,
      channel: 'stable',
      waves: 3,
      approveWaves: true,
    });
    await until(async () => (await handle.query(stateQuery)).possible.includes('approve'));
    await handle.executeUpdate(pauseUpdate, { args: [{ reason: 'looking at the numbers', ...(await may('pause')) }] });
    await expect(
      handle.executeUpdate(pauseUpdate, { args: [{ reason: 'again', ...(await may('pause')) }] }),
    ).rejects.toThrow(WorkflowUpdateFailedError);
    await expect(handle.executeUpdate(resumeUpdate, { args: [{ token: 'mine' }] })).rejects.toMatchObject({
      cause: {
        message: expect.stringContaining(
          'resume: "token" is "mine", which does not fit. Give a whole line as "livepod ops token" printed it',
        ),
      },
    });
    expect(world.release.state).toBe('paused');
    await handle.executeUpdate(resumeUpdate, { args: [await may('resume')] });
    await handle.executeUpdate(approveUpdate, { args: [await may('approve')] });
    await until(async () => (await handle.query(stateQuery)).possible.includes('skipSoak'));
    await handle.executeUpdate(skipSoakUpdate, { args: [await may('skipSoak')] });
    await until(() => world.journal.includes('wave 2'));
    await handle.executeUpdate(abortUpdate, { args: [{ reason: 'enough seen', ...(await may('abort')) }] });
    expect(await handle.result()).toMatchObject({ outcome: 'stopped', why: 'enough seen' });
    expect(world.journal).toEqual(['wave 1', 'skip soak 1', 'wave 2', 'abort release']);
  });
});

describe('a round whose money never arrives', () => {
  it('is given up by the provider, who alone can end an unpaid job', async () => {
    const world = (rehearsal.world = new World());
    world.treasury.openEscrow = async () => {
      throw ApplicationFailure.nonRetryable('The account is empty', 'insufficientFunds');
    };
    const handle = await rehearsal.start('lifecycle', 'lifecycle-unpaid', round('unpaid', { holdSeconds: 0 }));
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(world.journal.slice(-3)).toEqual(['request job', 'fail job', 'give up request']);
  });
});

describe('treasuryWatch', () => {
  it('settles what was left behind, collects, reports low cycles, and goes on where its last run ended', async () => {
    const world = (rehearsal.world = new World());
    world.left = [
      {
        of: 'round gone',
        why: 'lifecycle-gone was terminated',
        by: { attribute: 'round', value: 'gone' },
        proposals: [3],
        jobs: [7],
        releases: [],
      },
    ];
    const result: TreasuryWatchResult = await (await rehearsal.start('treasuryWatch', 'watch-once', {})).result();
    expect(result).toMatchObject({
      left: [{ of: 'round gone', failed: [7] }],
      objects: { next: 'datasets/7' },
      lowCycles: [{ canister: 'bucket' }],
    });
    expect(world.journal).toEqual(['settle round gone']);
  });
});

describe('a recurring round', () => {
  const order = { recipe: id('e'), provider: 'provider-1', holdSeconds: 0, requireBetterThanParent: false };
  it('begins nothing while nothing is new', async () => {
    const world = (rehearsal.world = new World());
    expect(await (await rehearsal.start('recurringRound', 'rounds-idle', order)).result()).toEqual({
      round: null,
      waiting: 0,
      outcome: null,
    });
    expect(world.journal).toEqual([]);
  });

  it('takes what waits, goes on from the stable version, and names itself by the minute', async () => {
    const world = (rehearsal.world = new World());
    world.submitted = [id('1')];
    const result: RecurringRoundResult = await (await rehearsal.start('recurringRound', 'rounds-busy', order)).result();
    expect(result).toMatchObject({ waiting: 1, outcome: 'completed' });
    expect(result.round).toMatch(/^daily-\d{8}-\d{4}$/);
    expect(world.journal).toContain('wave 5');
    expect(world.plans).toEqual([DEFAULT_PLAN]);
  });
});

describe('what Temporal keeps', () => {
  it('is encrypted: inputs, results, details and what fails, on both sides of Nexus', async () => {
    for (const [client, run] of [
      [rehearsal.client, 'lifecycle-whole'],
      [rehearsal.client, 'lifecycle-failed'],
      [rehearsal.client, 'lifecycle-failed-training'],
      [rehearsal.inProviderNamespace().workflow, 'access-request-whole-1'],
    ] as const) {
      const text = serialize(await client.getHandle(run).fetchHistory()).toString('latin1');
      expect(text).toContain('binary/livepod-aes-gcm');
      expect(text).not.toMatch(/Training failed in epoch|Paying|Asking provider/);
    }
  });

  it('says why training failed to whoever has the keys, through Nexus', async () => {
    const failure = await rehearsal.client
      .getHandle('lifecycle-failed')
      .result()
      .catch((error: WorkflowFailedError) => error);
    let deepest = failure as Error;
    while (deepest.cause instanceof Error) deepest = deepest.cause;
    expect(deepest.message).toBe('Training failed in epoch 2');
  });
});

describe('replay', () => {
  it('of every history of these rounds gives the same commands', async () => {
    for (const run of [
      'lifecycle-whole',
      'lifecycle-stopped',
      'lifecycle-cancelled',
      'lifecycle-whole-training',
      'lifecycle-whole-review',
      'lifecycle-whole-rollout',
    ]) {
      const history = await rehearsal.history(run);
      await Worker.runReplayHistory({ workflowBundle: rehearsal.bundles.orchestrator }, history, run);
    }
  });
});
