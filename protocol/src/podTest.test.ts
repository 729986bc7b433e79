import { readFileSync } from 'node:fs';
import { DEFAULT_TEST, isWorse, outcomeOf, type PodTest, type Sample } from './podTest.js';

type Vector =
  | { test: PodTest; wave: number; well: number; worse: number; outcome: string }
  | { test: PodTest; now: Sample; before: Sample | null; most: number; worse: boolean };
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/podTests.json', import.meta.url), 'utf8'),
) as readonly Vector[];

describe('the test of pods', () => {
  it('says what the canister says', () => {
    expect(vectors.length).toBeGreaterThan(400);
    for (const vector of vectors) {
      if ('outcome' in vector)
        expect({ ...vector, outcome: outcomeOf(vector.test, vector.wave, vector.well, vector.worse) }).toEqual(vector);
      else expect(isWorse(vector.test, vector.now, vector.before ?? undefined, vector.most)).toBe(vector.worse);
    }
  });

  it('passes three pods that are well, stops at two of three that are worse, and asks when it is one', () => {
    expect(outcomeOf(DEFAULT_TEST, 1, 3, 0)).toBe('healthy');
    expect(outcomeOf(DEFAULT_TEST, 1, 2, 1)).toBe('inconclusive');
    expect(outcomeOf(DEFAULT_TEST, 1, 1, 2)).toBe('unhealthy');
  });
});
