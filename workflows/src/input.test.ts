import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_PLAN, type Plan } from '@livepod/protocol';
import { readInput, retryStageUpdate, stateQuery, type LifecycleResult } from './index.js';
import { round, Rehearsal } from '../test/rehearsal.js';
import { id, World } from '../test/world.js';

let rehearsal: Rehearsal;
beforeAll(async () => void (rehearsal = await Rehearsal.open()));
afterAll(() => rehearsal?.close());

describe('malformed input', () => {
  it.each([
    ['lifecycle', undefined, 'lifecycle: The input is missing. Give one JSON object with round, channel'],
    [
      'lifecycle',
      round('bad', { datasets: ['sha256:12'] }),
      'lifecycle: "datasets[0]" is "sha256:12", which does not fit. Give an id',
    ],
    ['lifecycle', { ...round('bad'), dataset: 'x' }, 'lifecycle: "dataset" is not a field of this input. Leave it out'],
    ['lifecycle', round('bad', { datasets: [] }), 'lifecycle: "datasets" names no dataset'],
    [
      'lifecycle',
      round('bad', {
        plan: { waves: [3, 1], soakSeconds: 1, gate: { minWindows: 1, maxCorrectionPermille: 1, maxErrors: 0 } },
      }),
      'lifecycle: "plan.waves[1]" is not larger',
    ],
    [
      'lifecycle',
      round('bad', { plan: { ...DEFAULT_PLAN, shares: [10, 500] } as Plan }),
      'lifecycle: "plan.shares[1]" is not 1000, the whole fleet. Give growing shares',
    ],
    [
      'datasetIntake',
      { round: 'bad', datasets: [id('1'), id('1')] },
      'datasetIntake: "datasets[1]" stands in the list twice',
    ],
    ['trainingRound', { ...round('bad'), arguments: { learningRate: 0.1 } }, 'trainingRound: "channel"'],
    [
      'checkpointReview',
      { round: 'bad', checkpoint: 'latest' },
      'checkpointReview: 3 things are wrong.\n- "checkpoint" is "latest"',
    ],
    [
      'recurringRound',
      { recipe: 'typo', provider: 'provider-1', atleast: 5 },
      '- "atleast" is not a field of this input. Leave it out, or call it "atLeast".\n- "recipe" is "typo"',
    ],
    [
      'modelRollout',
      { release: -1, channel: 'stable', waves: 3 },
      'modelRollout: "release" is -1, which does not fit. Give a whole number',
    ],
    ['modelRollback', { channel: 'stable', version: 1, reason: 'x', ref: 'r1' }, 'modelRollback: "reason" is "x"'],
    [
      'recurringRound',
      { recipe: id('e'), provider: 'provider-1', prefix: 'Every day' },
      'recurringRound: "prefix" is "Every day"',
    ],
    ['treasuryWatch', { all: true }, 'treasuryWatch: "all" is not a field'],
  ])('of %s fails at once and starts nothing (%#)', async (workflow, input, sentence) => {
    const world = (rehearsal.world = new World());
    const handle = await rehearsal.start(workflow, `bad-${workflow}-${Math.random()}`, input);
    const error = await handle.result().catch((failure: WorkflowFailedError) => failure.cause);
    if (!sentence.includes('"channel"'))
      expect(error).toMatchObject({
        type: 'InvalidInput',
        nonRetryable: true,
        message: expect.stringContaining(sentence),
      });
    else expect(error).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect(world.journal).toEqual([]);
    expect(await rehearsal.steps(handle.workflowId)).toEqual(world.compared.map(() => 'checks.input'));
  });

  const nowhere = {
    ...{ path: 'channel', found: 'is "stable", on which release 3 is open' },
    ...{ expected: 'a channel without an open release', remedy: 'Wait until release 3 is over' },
  };
  const alsoWrong = { path: 'datasets[1]', found: 'is rejected', expected: 'another', remedy: 'Leave it out' };

  it('is listed together with what the world says to the rest of it', async () => {
    const world = (rehearsal.world = new World());
    world.wrong = [nowhere, alsoWrong, { ...alsoWrong, path: 'datasets[0]', found: 'never said' }];
    const input = { ...round('both'), datasets: ['sha256:12', id('2')], acceptsWorse: 'x', holdSeconds: '600' };
    const handle = await rehearsal.start('lifecycle', 'lifecycle-both', { ...input, provider: 'provider-9' });
    const failure = await handle.result().catch((error: WorkflowFailedError) => error.cause);
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    expect((failure as Error).message.split('\n- ').map((line) => line.split(/(?<=") /)[0])).toEqual([
      'lifecycle: 6 things are wrong.',
      '"acceptsWorse"',
      '"datasets[0]"',
      '"holdSeconds"',
      expect.stringContaining('"provider"'),
      '"channel"',
      '"datasets[1]"',
    ]);
    expect(world.compared).toEqual([
      expect.objectContaining({ provider: 'provider-9', channel: 'stable', datasets: [null, id('2')] }),
    ]);
    expect(world.compared[0]).not.toHaveProperty('holdSeconds');
    expect(world.journal).toEqual([]);
  });

  it('of a schedule is listed so too (kind of B15)', async () => {
    const world = (rehearsal.world = new World());
    world.wrong = [nowhere];
    const input = { recipe: 'typo', provider: 'provider-1', atleast: 5 };
    const handle = await rehearsal.start('recurringRound', 'rounds-both', input);
    const failure = await handle.result().catch((error: WorkflowFailedError) => error.cause as Error);
    expect((failure as Error).message).toMatch(/3 things are wrong\.\n- "atleast" .*\n- "recipe" .*\n- "channel" /);
  });

  it('is told though the world does not answer, and so is that', async () => {
    const world = (rehearsal.world = new World());
    world.checks.input = () => Promise.reject(ApplicationFailure.nonRetryable('The gateway is away.', 'network'));
    const handle = await rehearsal.start('lifecycle', 'lifecycle-away', { ...round('away'), seed: -1 });
    const failure = await handle.result().catch((error: WorkflowFailedError) => error.cause as Error);
    expect((failure as Error).message).toBe(
      'lifecycle: 2 things are wrong.\n' +
        '- "seed" is -1, which does not fit. Give a whole number from 0 to 4294967295.\n' +
        '- The input could not be compared with what is there: The gateway is away. Check it again when that answers.',
    );
  });
});

describe('what of a malformed input can be compared', () => {
  const rest = (type: Parameters<typeof readInput>[0], input: unknown) => {
    const read = readInput(type, input);
    return 'findings' in read ? { paths: read.findings.map(({ path }) => path), rest: read.rest } : read;
  };

  it('is every field that is well formed, defaults included, and of lists every entry in its place', () => {
    const { plan: _, ...bare } = round('rest');
    const lists = { datasets: [id('1'), 5, id('1')], trainOn: 'all' };
    const read = rest('lifecycle', { ...bare, ...lists, arguments: { epochs: 0.5, batch: 8 }, more: 1 });
    expect(read).toMatchObject({
      paths: ['more', 'datasets[1]', 'datasets[2]', 'trainOn', 'arguments.epochs'],
      rest: { round: 'rest', channel: 'stable', datasets: [id('1'), null, id('1')], arguments: { batch: 8 } },
    });
    expect('rest' in read && read.rest).not.toHaveProperty('trainOn');
    expect('rest' in read && read.rest).not.toHaveProperty('more');
  });

  it('and what must be so of several fields is said with what is wrong of one', () => {
    expect(rest('lifecycle', { ...round('none', { datasets: [] }), seed: 'x' })).toMatchObject({
      paths: ['seed', 'datasets'],
    });
  });

  it('is nothing of what is no object', () => expect(rest('lifecycle', 'round-1')).toMatchObject({ rest: undefined }));
});

it('a round with a provider that does not exist begins nothing', async () => {
  const world = (rehearsal.world = new World());
  const handle = await rehearsal.start('lifecycle', 'lifecycle-nobody', round('nobody', { provider: 'provider-9' }));
  const failure = await handle.result().catch((error: WorkflowFailedError) => error.cause);
  expect(failure).toMatchObject({
    type: 'InvalidInput',
    message: expect.stringContaining('There is no provider provider-9'),
  });
  expect(world.journal).toEqual([]);
});

describe('a round in two waves, the second larger than the fleet (B01)', () => {
  const plan: Plan = {
    ...{ waves: [1, 9], soakSeconds: 10, skippableSoak: true },
    gate: { minWindows: 40, maxCorrectionPermille: 350, maxErrors: 0 },
  };
  const asked = (name: string) => ({
    ...{ round: name, recipe: id('e'), provider: 'provider-1', base: id('b'), plan },
    ...{ datasets: [], trainOn: [...'12345678'].map(id), arguments: { epochs: 1, windowsPerEpoch: 2048 } },
    ...{ approveWaves: false, holdSeconds: 600 },
  });

  it('is taken as it stands: two waves, and nobody is asked', async () => {
    const world = (rehearsal.world = new World());
    const handle = await rehearsal.start('lifecycle', 'lifecycle-slots-full', asked('slots-full'));
    expect(await handle.result()).toMatchObject({ outcome: 'completed', slashing: [] });
    expect(world.plans).toEqual([plan]);
    expect(world.journal.filter((did) => did.startsWith('wave'))).toEqual(['wave 1', 'wave 2', 'wave 3']);
  });

  it('that is stopped after its first wave puts up nobody’s bond by itself', async () => {
    const world = (rehearsal.world = new World());
    world.stopsAfterWave = 1;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-slots-stop', asked('slots-stop'));
    expect(await handle.result()).toMatchObject({ outcome: 'stopped', slashing: [] });
    expect(world.journal).not.toContain('propose slashBond');
  });
});

describe('a round that is started without a plan', () => {
  it('puts the slow and safe default to the vote, and rolls out in as many waves', async () => {
    const world = (rehearsal.world = new World());
    const { plan: _, ...bare } = round('no-plan');
    await (await rehearsal.start('lifecycle', 'lifecycle-no-plan', bare)).result();
    expect(world.plans).toEqual([DEFAULT_PLAN]);
    expect(world.journal.filter((did) => did.startsWith('wave'))).toEqual([
      'wave 1',
      'wave 2',
      'wave 3',
      'wave 4',
      'wave 5',
    ]);
  });
});

describe('an input that does not fit the world', () => {
  const wrong = [
    {
      path: 'channel',
      found: 'is "stable", on which release 3 is open',
      expected: 'a channel without an open release',
      remedy: 'Wait until release 3 is over',
    },
    { path: 'base', found: 'is rejected', expected: 'an official checkpoint', remedy: 'Train from null' },
  ];

  it.each([
    ['lifecycle', round('world')],
    ['datasetIntake', { round: 'world', datasets: [id('1')] }],
    [
      'trainingRound',
      {
        ...{ round: 'world', provider: 'provider-1', recipe: id('e'), arguments: {}, seed: 1, datasets: [id('1')] },
        ...{ base: null, reward: '0', deadlineSeconds: 60 },
      },
    ],
    ['checkpointReview', { round: 'world', checkpoint: id('c'), channel: 'stable', plan: DEFAULT_PLAN }],
    ['modelRollout', { release: 4, channel: 'beta', waves: 1 }],
    ['modelRollback', { channel: 'stable', version: 1, reason: 'Version 2 misreads stairs', ref: 'forward' }],
    ['recurringRound', { recipe: id('e'), provider: 'provider-1' }],
  ])('of %s begins nothing, and everything is said at once', async (workflow, input) => {
    const world = (rehearsal.world = new World());
    world.wrong = wrong;
    const handle = await rehearsal.start(workflow, `world-${workflow}`, input);
    const error = await handle.result().catch((failure: WorkflowFailedError) => failure.cause);
    expect(error).toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message:
        `${workflow}: 2 things are wrong.\n` +
        '- "channel" is "stable", on which release 3 is open. Wait until release 3 is over.\n' +
        '- "base" is rejected. Train from null.',
      details: [{ findings: wrong }],
    });
    expect(world.journal).toEqual([]);
    expect(await handle.query(stateQuery)).toMatchObject({
      state: 'failed',
      headline: expect.stringContaining('nothing was begun'),
      possible: [],
      signs: {},
    });
  });

  it('may call datasets by their titles', async () => {
    const world = (rehearsal.world = new World());
    world.titles = { 'Watch of Ann': id('1') };
    const handle = await rehearsal.start(
      'lifecycle',
      'lifecycle-titles',
      round('titles', { datasets: ['Watch of Ann'], trainOn: ['Watch of Ann'] }),
    );
    const result: LifecycleResult = await handle.result();
    expect(result.datasets.map((dataset) => dataset.id)).toEqual([id('1')]);
  });
});

describe('a held round', () => {
  it('goes on with a changed input, once that fits the world, and never with one that does not', async () => {
    const world = (rehearsal.world = new World());
    world.trainingFails = true;
    const handle = await rehearsal.start('lifecycle', 'lifecycle-amended', round('amended', { holdSeconds: 600 }));
    while ((await handle.query(stateQuery)).state !== 'held') await sleep(50);
    const retry = async (change: object) => {
      const signed = await rehearsal.sign('lifecycle-amended', 'retryStage');
      return handle.executeUpdate(retryStageUpdate, { args: [{ change: { ...change }, ...signed }] });
    };

    await expect(retry({ seeds: 2, plan: { shares: [1] } })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/"seeds" is not a field.*"seed".*"plan.shares\[0\]" is not 1000/s) },
    });
    await expect(retry({ round: 'other' })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"round" stays as it is') },
    });
    world.wrong = [{ path: 'base', found: 'is rejected', expected: 'x', remedy: 'Train from null' }];
    await expect(retry({ base: id('9'), seeds: 2 })).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/2 things are wrong.*"seeds" is not a field.*"base" is rejected/s) },
    });
    await expect(retry({ base: id('9') })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"base" is rejected') },
    });
    world.trainingFails = false;
    await retry({ seed: 2 });
    expect(await handle.result()).toMatchObject({ outcome: 'completed' });
    expect(world.requested.at(-1)).toMatchObject({ seed: 2, clientRef: 'round/amended/2' });
  });
});
