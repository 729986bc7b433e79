import { setTimeout as sleep } from 'node:timers/promises';
import { Blow } from './blow.js';
import { calledInSource } from './called.js';
import { Names } from './names.js';
import { runIn } from './people.js';
import { difference } from './world.js';

describe('names', () => {
  const dataset = `sha256:${'0a'.repeat(32)}`;
  const names = new Names('r7');
  names.text(dataset, 'dataset one');
  names.number('job', 12, 'the job');

  it('stand for ids, also where a text holds their first digits', () => {
    expect(names.words(`Accept dataset 0a0a0a0a of r7: ${dataset}`)).toBe(
      'Accept dataset ‹dataset one› of $run: ‹dataset one›',
    );
    expect(names.value({ job: 12, escrow: 3, dataset })).toEqual({
      dataset: '‹dataset one›',
      escrow: '#',
      job: 'the job',
    });
  });

  it('leave amounts and counts, and take times away', () => {
    expect(names.value({ amount: '500000000', expires: '1795389642220000000', uses: 3, at: 1 })).toEqual({
      amount: '500000000',
      expires: '#',
      uses: 3,
    });
  });
});

describe('the comparison of two worlds', () => {
  it('says what is missing, what is there besides, and what came in another order', () => {
    const before = { jobs: ['a', 'b'], escrows: ['x'], log: ['1', '2'] };
    expect(difference(before, structuredClone(before))).toEqual([]);
    expect(difference(before, { jobs: ['a'], escrows: ['x', 'x'], log: ['2', '1'] })).toEqual([
      'jobs: is missing: b',
      'escrows: is there besides: x',
      'log: in another order: 2 · 1',
    ]);
  });

  it('knows whose a reference is', () => {
    expect(
      ['intake/r12/0a', 'rollback/r3/back', 'lifecycle-r4-training', 'access-request-r5', 'round/r6', 'recipe'].map(
        runIn,
      ),
    ).toEqual(['r12', 'r3', 'r4', 'r5', 'r6', undefined]);
  });
});

describe('a blow', () => {
  it('strikes all who came in time at once, and those who came later with the next one', async () => {
    const blows: string[][] = [];
    const blow = new Blow<string>(async (members) => void blows.push(members), 60, 500);
    await Promise.all([blow.join('a'), sleep(30).then(() => blow.join('b'))]);
    await blow.join('c');
    expect(blows).toEqual([['a', 'b'], ['c']]);
  });
});

describe('what workflows call', () => {
  it('is read from their source', () => {
    const calls = calledInSource();
    expect(calls).toEqual(
      expect.arrayContaining([
        'datasetIntake.datasets.check',
        'trainingJob.training.train',
        'trainingJob.training.giveUp',
        'modelRollback.models.stableAt',
        'treasuryWatch.watch.settle',
      ]),
    );
    expect(new Set(calls.map((call) => call.split('.')[0])).size).toBeGreaterThanOrEqual(10);
  });
});
