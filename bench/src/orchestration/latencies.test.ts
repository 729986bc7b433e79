import { between, votesToOfficial } from './latencies.js';

const event = (at: number, more: Record<string, unknown> = {}) => ({ at, type: 'x', ...more });

describe('times between events of audit logs', () => {
  it('are taken per thing, to its first release', () => {
    expect(
      between(
        [event(1, { grant: 1 }), event(2, { grant: 2 })],
        [event(4, { grant: 2 }), event(7, { grant: 1 }), event(9, { grant: 1 })],
        'grant',
      ),
    ).toEqual([6, 2]);
  });

  it('are not taken where the second event never came', () => {
    expect(between([event(1, { grant: 1 })], [event(0.5, { grant: 1 })], 'grant')).toEqual([]);
  });

  it('of a vote go to the first metadata after the adoption that it decided', () => {
    expect(votesToOfficial([event(1), event(10)], [event(11)], [event(5), event(13), event(20)])).toEqual([3]);
  });
});
