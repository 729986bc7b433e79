import { captureCost, holders, RULES, weightOf, type World } from './capture.js';

const world = (change: Partial<World> = {}): World => ({
  holders: holders(1000, 0.4),
  cap: 1000,
  leastStake: 1,
  quorum: 0.03,
  ...change,
});

describe('the cost of capture', () => {
  it('is what all who vote have, by stake', () => {
    const { holders: all } = world();
    const against = all.filter(({ votes }) => votes).reduce((sum, { stake }) => sum + stake, 0);
    const cost = captureCost('stake', world());
    expect(cost).toBeGreaterThan(against);
    expect(cost).toBeLessThan(against * 1.001);
  });

  it('is at least the quorum even when nobody votes', () => {
    const silent = world({ holders: holders(1000, 0.4).map((holder) => ({ ...holder, votes: false })) });
    const all = silent.holders.reduce((sum, { stake }) => sum + stake, 0);
    expect(captureCost('stake', silent)).toBeCloseTo((0.03 / 0.97) * all, -1);
  });

  it('falls under a cap or a root, because an attacker splits and honest whales do not', () => {
    expect(captureCost('capped', world())).toBeLessThan(captureCost('stake', world()));
    expect(captureCost('square root', world())).toBeLessThan(captureCost('stake', world()));
  });

  it('rises with reputation, which an attacker does not have', () => {
    expect(captureCost('reputation × stake', world())).toBeGreaterThan(captureCost('stake', world()));
  });

  it.each(RULES)('weighs nothing for nothing by %s', (rule) => {
    expect(weightOf(rule, 0, 900, 1000)).toBe(0);
  });
});
