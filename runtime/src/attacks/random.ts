/** Numbers that a seed decides (mulberry32), for attacks that can be played again. */
export interface Dice {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number below a bound. */
  below(bound: number): number;
  pick<T>(of: readonly T[]): T;
}

export function dice(seed: number): Dice {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return { next, below, pick: (of) => of[below(of.length)]! };
}
