import { met } from '../benchmark.js';
import { growth } from './growth.js';
import type { Sample } from './sample.js';

const at = (inFlight: number, cost: number): Sample => ({
  inFlight,
  workerMB: 300,
  serverMB: 100 + cost,
  databaseMB: cost,
  rows: inFlight * 2,
  eventsEach: 40,
  bytesEach: 9000,
});
const judged = (cost: (inFlight: number) => number): Record<string, boolean | null> =>
  Object.fromEntries(
    growth([0, 250, 500, 1000].map((inFlight) => at(inFlight, cost(inFlight)))).map((row) => [
      row.name.split(': ')[1]!,
      met(row),
    ]),
  );

describe('growth', () => {
  it('that is linear is met, and what stays the same', () => {
    expect(Object.values(judged((inFlight) => inFlight / 2)).every((kept) => kept === true)).toBe(true);
  });

  it('that is faster than linear is missed', () => {
    expect(judged((inFlight) => inFlight ** 2 / 1000)).toMatchObject({
      database: false,
      "server's memory": false,
      'visibility rows': true,
    });
  });
});
