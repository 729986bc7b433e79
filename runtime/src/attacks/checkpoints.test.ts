import { mutatedCheckpoints } from './checkpoints.js';

describe('mutated checkpoints', () => {
  it('none of 140 runs on a pod otherwise than its evaluator measured it, and the seed decides all', async () => {
    const first = await mutatedCheckpoints(7, 140);
    expect(first.broken).toEqual([]);
    expect(first.kinds['another model, honestly']).toEqual({ refused: 0, alike: 10 });
    expect(first.kinds['files swapped']).toEqual({ refused: 10, alike: 0 });
    expect(first.kinds['labels altered']).toEqual({ refused: 10, alike: 0 });
    expect(await mutatedCheckpoints(7, 140)).toEqual(first);
  });
});
