import { scores } from './metrics.js';

describe('scores', () => {
  it('count accuracy over windows, macro-F1 over labels, and the person served worst', () => {
    const result = scores([0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 2, 2], ['a', 'a', 'a', 'b', 'b', 'b'], 3, () => true);
    expect(result).toMatchObject({
      windows: 6,
      accuracy: '0.833333',
      macroF1: '0.822222',
      worstPerson: '0.666667',
      perPerson: { a: '1.000000', b: '0.666667' },
    });
    expect(result.confusion).toEqual([
      [2, 0, 0],
      [1, 1, 0],
      [0, 0, 2],
    ]);
  });
  it('leave out a label that neither occurs nor is predicted, and people without windows', () => {
    expect(scores([0, 1], [0, 1], ['a', 'b'], 9, (at) => at === 0)).toMatchObject({
      windows: 1,
      macroF1: '1.000000',
      perPerson: { a: '1.000000' },
    });
  });
});
