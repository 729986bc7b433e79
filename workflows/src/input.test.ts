import type { WorkflowFailedError } from '@temporalio/client';
import { DEFAULT_PLAN, type Plan } from '@livepod/protocol';
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
    ['checkpointReview', { round: 'bad', checkpoint: 'latest' }, 'checkpointReview: "checkpoint" is "latest"'],
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
    expect(await rehearsal.events(handle.workflowId)).toBeLessThan(6);
  });
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
