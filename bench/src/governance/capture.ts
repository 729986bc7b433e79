/**
 * What it costs to capture a DAO under each weight rule, by simulation: holders as unequal as token holders are, of
 * whom a part votes, and an attacker who buys tokens, locks them and splits them as suits the rule best.
 */

export const RULES = ['stake', 'capped', 'square root', 'reputation × stake'] as const;
export type Rule = (typeof RULES)[number];

export interface Holder {
  /** Tokens. */
  stake: number;
  /** Points, at most 900 of which count. */
  reputation: number;
  votes: boolean;
}

export interface World {
  holders: Holder[];
  /** Tokens that a capped vote weighs at most. */
  cap: number;
  /** The least stake of a neuron, in tokens: as small as an attacker can split. */
  leastStake: number;
  /** Yes votes of all power that are needed. */
  quorum: number;
}

/** As `Electorate::weigh` of governance has it, in tokens. */
export function weightOf(rule: Rule, stake: number, reputation: number, cap: number): number {
  switch (rule) {
    case 'stake':
      return stake;
    case 'capped':
      return Math.min(stake, cap);
    case 'square root':
      return Math.sqrt(stake);
    case 'reputation × stake':
      return (stake * (100 + Math.min(reputation, 900))) / 1000;
  }
}

/** What an attacker's tokens weigh, without reputation, in as many neurons as suits the rule best. */
function bought(rule: Rule, tokens: number, { cap, leastStake }: World): number {
  const one = weightOf(rule, tokens, 0, cap);
  const inSmallest = Math.floor(tokens / leastStake) * weightOf(rule, leastStake, 0, cap);
  return Math.max(one, inSmallest);
}

/**
 * The least tokens that carry a proposal against everybody who votes: at the deadline, more than they and the quorum.
 * What is bought counts towards all power.
 */
export function captureCost(rule: Rule, world: World): number {
  const weights = world.holders.map(({ stake, reputation }) => weightOf(rule, stake, reputation, world.cap));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const against = weights.reduce((sum, weight, n) => sum + (world.holders[n]!.votes ? weight : 0), 0);
  const carries = (tokens: number): boolean => {
    const yes = bought(rule, tokens, world);
    return yes > against && yes >= world.quorum * (all + yes);
  };
  let [low, high] = [0, 1];
  while (!carries(high)) high *= 2;
  while (high - low > 1e-6 * high) {
    const middle = (low + high) / 2;
    if (carries(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Holders with a Pareto tail (the richest fifth has four fifths), the same for the same seed. */
export function holders(count: number, turnout: number, seed = 1): Holder[] {
  const random = mulberry(seed);
  return Array.from({ length: count }, () => {
    const stake = Math.min(10 / (1 - random()) ** (1 / 1.16), 1e6);
    const active = random() < 0.2;
    return { stake, reputation: active ? Math.floor(random() * 900) : 0, votes: active || random() < turnout };
  });
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
