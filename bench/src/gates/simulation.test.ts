import { DEFAULT_PLAN } from '@livepod/protocol';
import { rollOut, seeded } from './simulation.js';

const share = (releases: number, is: (release: number) => boolean): number =>
  Array.from({ length: releases }, (_, release) => is(release)).filter(Boolean).length / releases;

describe('the default plan’s gate, simulated', () => {
  it.each([6, 100])('stops under 1 %% of healthy releases on %d pods', (pods) => {
    const random = seeded(pods);
    expect(share(2_000, () => rollOut(DEFAULT_PLAN, pods, 0, random).stopped)).toBeLessThan(0.01);
  });

  it.each([6, 100, 100_000])('catches a version that is worse by 10 points in its first wave on %d pods', (pods) => {
    const random = seeded(pods);
    expect(share(500, () => rollOut(DEFAULT_PLAN, pods, 0.1, random, 1).first !== 'passed')).toBeGreaterThan(0.99);
  });

  it('lets a good release of a large fleet through without asking', () => {
    expect(rollOut(DEFAULT_PLAN, 100_000, 0, seeded(1))).toEqual({ stopped: false, asked: 0, first: 'passed' });
  });
});
