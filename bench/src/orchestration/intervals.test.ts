import { covered } from './intervals.js';

describe('time that intervals cover', () => {
  it('counts once what runs side by side', () => {
    expect(
      covered(
        [
          [0, 10],
          [5, 15],
          [6, 7],
          [20, 30],
        ],
        [0, 100],
      ),
    ).toBe(25);
  });

  it('counts nothing outside the window', () => {
    expect(
      covered(
        [
          [0, 10],
          [90, 200],
          [300, 400],
        ],
        [5, 100],
      ),
    ).toBe(15);
  });

  it('is nothing for no intervals', () => {
    expect(covered([], [0, 100])).toBe(0);
  });
});
