/** [from, to] in milliseconds since the epoch. */
export type Interval = readonly [number, number];

/** Milliseconds within `window` that at least one of the intervals covers: what runs side by side counts once. */
export function covered(intervals: readonly Interval[], window: Interval): number {
  const sorted = intervals
    .map(([from, to]) => [Math.max(from, window[0]), Math.min(to, window[1])] as const)
    .filter(([from, to]) => to > from)
    .sort((a, b) => a[0] - b[0]);
  let sum = 0;
  let reached = -Infinity;
  for (const [from, to] of sorted) {
    sum += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return sum;
}
