import { mutatedCheckpoints } from './checkpoints.js';

/** `npm run attacks` plays 5,000. */
describe('700 checkpoints that are not what they seem', () => {
  it('none runs on a pod otherwise than its evaluator measured it', async () => {
    const { broken, kinds } = await mutatedCheckpoints(12, 700);
    expect(broken).toEqual([]);
    const never = Object.entries(kinds).filter(([, { alike }]) => alike === 0);
    expect(never.map(([kind]) => kind).sort()).toEqual(
      [
        'a function or a second graph',
        'a hidden subgraph',
        'a model that sees the batch',
        'a tensor too large',
        'cut short',
        'data outside of the file',
        'files swapped',
        'labels altered',
        'labels altered for all',
      ].sort(),
    );
    expect(kinds['another model, honestly']!.refused).toBe(0);
  }, 600_000);
});
