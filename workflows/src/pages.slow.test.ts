import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { OperatorAction } from '@livepod/protocol';
import type { ReleaseView } from '@livepod/activities/ports';
import { Pages } from '../test/pages.js';
import { round, Rehearsal } from '../test/rehearsal.js';
import { id as dataset, World } from '../test/world.js';
import type { WorkflowState } from './index.js';
import { ALL_STATES, type States } from './states.js';

const id1 = dataset('1');

describe('the page of a release', () => {
  let rehearsal: Rehearsal;
  beforeAll(async () => void (rehearsal = await Rehearsal.open()));
  afterAll(() => rehearsal?.close());

  const FAR = '2030-01-01T00:00:00.000Z';
  const pages = new Pages(() => rehearsal);
  const page = (workflowId: string) => pages.of(workflowId);
  const updates = (workflowId: string) => (action: OperatorAction, more?: object) =>
    pages.send(workflowId, action, more);
  const reaches = (workflowId: string, state: string) => pages.reaches(workflowId, state);
  const tellsTheTruth = (workflowId: string, table: States, state: string) =>
    pages.tellsTheTruth(workflowId, table, state);
  const { release } = ALL_STATES;

  it('walks through soak, gate, approval and pause as the canister does', async () => {
    const world = (rehearsal.world = new World());
    world.soaks = { until: FAR, enough: false };
    const handle = await rehearsal.start('modelRollout', 'walk', {
      release: 1,
      channel: 'stable',
      waves: 3,
      approveWaves: true,
    });
    expect(await tellsTheTruth('walk', release, 'awaitingApproval')).toMatchObject({
      headline: 'Waiting for approval: wave 2 of 3',
      waitsFor: '`approve`',
    });

    world.change({ state: 'paused' });
    expect(await tellsTheTruth('walk', release, 'paused')).toMatchObject({ until: null });
    await expect(updates('walk')('approve')).rejects.toMatchObject({
      cause: { message: 'It is paused; resume it first.' },
    });
    await updates('walk')('resume');
    await tellsTheTruth('walk', release, 'awaitingApproval');
    await updates('walk')('approve');
    expect(await tellsTheTruth('walk', release, 'soaking')).toMatchObject({ until: FAR });

    await updates('walk')('pause', { reason: 'Looking at it' });
    expect(await tellsTheTruth('walk', release, 'paused')).toMatchObject({ until: null });
    world.change({ state: 'rolling' });
    await tellsTheTruth('walk', release, 'soaking');

    world.change({ soaksUntil: '2020-01-01T00:00:00.000Z' });
    expect(await tellsTheTruth('walk', release, 'gathering')).toMatchObject({
      waitsFor: 'the windows that the gate of wave 1 still needs',
      until: null,
    });
    world.soaks = { enough: true };
    await reaches('walk', 'awaitingApproval');
    await updates('walk')('approve');
    expect(await handle.result()).toMatchObject({ outcome: 'completed' });
    expect(await page('walk')).toMatchObject({ state: 'completed', possible: [], waitsFor: null });
  });

  it.each(['superseded', 'stopped'] as const)('ends when it is %s while it waits for approval', async (state) => {
    const world = (rehearsal.world = new World());
    const id = `walk-${state}`;
    const handle = await rehearsal.start('modelRollout', id, {
      ...{ release: 1, channel: 'stable', waves: 2, approveWaves: true },
    });
    await reaches(id, 'awaitingApproval');
    world.change({ state: state satisfies ReleaseView['state'], why: 'another version took its place' });
    expect(await handle.result()).toMatchObject({ outcome: state, why: 'another version took its place' });
    expect(await page(id)).toMatchObject({
      state,
      headline: `Release 1 was ${state}: another version took its place`,
      possible: [],
      waitsFor: null,
    });
  });

  it('of a failed rollout keeps the reason, and offers nothing', async () => {
    const world = (rehearsal.world = new World());
    world.fleet.beginWave = async () => Promise.reject(broken());
    const handle = await rehearsal.start('modelRollout', 'walk-failed', { release: 1, channel: 'stable', waves: 2 });
    await expect(handle.result()).rejects.toThrow(/Workflow execution failed/);
    expect(await page('walk-failed')).toMatchObject({
      state: 'failed',
      headline: 'Failed: Release 1 is damaged; what was begun is undone',
      facts: { 'failed because': 'Release 1 is damaged.' },
      possible: [],
      waitsFor: null,
    });
  });

  it('and those of its round and job take what their tables say, in every stage', async () => {
    const world = (rehearsal.world = new World());
    const id = 'lifecycle-stages';
    world.looks = Infinity;
    const handle = await rehearsal.start('lifecycle', id, round('stages', { approveWaves: true, datasets: [id1] }));
    await tellsTheTruth(id, ALL_STATES.round, 'intake');
    expect(await page(id)).toMatchObject({ waitsFor: 'the votes on datasets' });

    world.trainingHangs = true;
    world.looks = 0;
    await tellsTheTruth(id, ALL_STATES.round, 'job');
    await tellsTheTruth(`${id}-training`, ALL_STATES.job, 'training');
    world.progress = { state: 'running', epoch: 2, epochs: 4, loss: '0.1250' };
    while ((await page(id)).facts['epoch'] === undefined) await sleep(200);
    expect(await page(id)).toMatchObject({
      headline: 'Provider provider-1 trains: epoch 2 of 4, loss 0.1250',
      facts: { epoch: '2 of 4', 'loss, epoch 2': '0.1250' },
      waitsFor: 'provider provider-1',
    });

    world.looks = Infinity;
    world.trainingHangs = false;
    await tellsTheTruth(id, ALL_STATES.round, 'review');
    await tellsTheTruth(`${id}-review`, ALL_STATES.step, 'working');
    expect(await page(`${id}-training`)).toMatchObject({ state: 'over', possible: [] });

    world.looks = 0;
    await tellsTheTruth(id, ALL_STATES.round, 'rollout');
    await reaches(`${id}-rollout`, 'awaitingApproval');
    await updates(id)('abort', { reason: 'Enough seen' });
    expect(await handle.result()).toMatchObject({ outcome: 'aborted', why: 'Enough seen' });
    expect(await page(id)).toMatchObject({ headline: 'Aborted: Enough seen', possible: [], waitsFor: null });
    expect(world.release.state).toBe('stopped');
  });

  it('stands on the lifecycle’s page too: what it waits for, and that it was paused on its own page', async () => {
    rehearsal.world = new World();
    const id = 'lifecycle-parent';
    const handle = await rehearsal.start('lifecycle', id, round('parent', { approveWaves: true }));
    await reaches(`${id}-rollout`, 'awaitingApproval');
    const waits = async (text: string): Promise<WorkflowState> => {
      for (let tried = 0; tried < 200; tried++) {
        const now = await page(id);
        if (now.waitsFor?.includes(text)) return now;
        await sleep(50);
      }
      throw new Error(`the lifecycle's page says ${JSON.stringify(await page(id))}`);
    };
    expect(await waits('`approve` of wave 2 of 3')).toMatchObject({
      state: 'rollout',
      facts: { pods: 'version 1: pod-1; 1 have told that they switched' },
    });

    await updates(id)('pause', { reason: 'Looking at it' });
    await tellsTheTruth(`${id}-rollout`, release, 'paused');
    await waits('`resume`');
    await updates(`${id}-rollout`)('resume');
    await waits('`approve` of wave 2 of 3');
    expect((await page(id)).possible).toContain('pause');
    await updates(`${id}-rollout`)('approve');
    await waits('`approve` of wave 3 of 3');
    await updates(`${id}-rollout`)('approve');
    expect(await handle.result()).toMatchObject({ outcome: 'completed' });
  });

  it('of a worse checkpoint waits for a word, and says *worse* to voters and at the end', async () => {
    const world = (rehearsal.world = new World());
    world.parent = { accuracy: '0.990000', worstPerson: '0.870000' };
    const id = 'lifecycle-worse';
    const handle = await rehearsal.start('lifecycle', id, round('worse', { holdSeconds: 600 }));
    const held = await reaches(id, 'held');
    expect(held.headline).toContain('accuracy 0.951 against 0.990000, worse by 0.039000');
    expect(world.journal).not.toContain('propose adoptCheckpoint');
    await updates(id)('retryStage', { change: { acceptWorse: 'Six new people join' } });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'completed', worse: expect.stringContaining('worse by 0.039000') });
    expect(await page(id)).toMatchObject({ headline: expect.stringContaining('*worse* than its parent') });
    expect(world.words.at(-1)).toMatchObject({
      title: expect.stringMatching(/^Adopt checkpoint .* on channel stable, WORSE than its parent$/),
      summary: expect.stringContaining(
        'It is WORSE than its parent: accuracy 0.951 against 0.990000, worse by 0.039000',
      ),
    });
  });

  it('of a worse checkpoint that nobody stands up for ends before the vote, with the reason', async () => {
    const world = (rehearsal.world = new World());
    world.parent = { accuracy: '0.900000', worstPerson: '0.900000' };
    const handle = await rehearsal.start('lifecycle', 'lifecycle-worst', round('worst'));
    expect(await handle.result()).toMatchObject({
      outcome: 'rejected',
      why: expect.stringMatching(/worst person 0.88 against 0.900000, worse by 0.020000\. .*"acceptWorse"/),
    });
    expect(world.journal).not.toContain('propose adoptCheckpoint');
    expect(world.journal.slice(-2)).toEqual(['fail job', 'refund']);
  });
});

const broken = (): Error => ApplicationFailure.nonRetryable('Release 1 is damaged.', 'notFound');
