/**
 * The test by which a gate of the third version judges pods: a sequential probability ratio test (A. Wald, "Sequential
 * Tests of Statistical Hypotheses", Ann. Math. Statist. 16, 1945). One pod is one observation: worse off than with its
 * own version before, or not. The Rust of it, with the reasons, is `rollout::sequential`; both are held to
 * `vectors/podTests.json`. Without dependencies, for workflows.
 */

/** What the test has to keep to. Shares are of 1000. */
export interface PodTest {
  /** Pods that a good version makes worse, by chance and because people differ. */
  healthyPermille: number;
  /** Pods that a version makes worse which has to be stopped. */
  unhealthyPermille: number;
  /** Releases of good versions that may be stopped. */
  falseAlarmPermille: number;
  /** Waves of bad versions that may pass. */
  missPermille: number;
  /** How much more often than with its version before a pod's windows are corrected, for it to be worse off. */
  marginPermille: number;
  /** Newly switched pods that a wave reaches, and that a verdict needs, as far as the fleet has so many. */
  minNewPods: number;
  /** How long a pod must have run the version before it is judged: windows of a minute hang together. */
  minPodSeconds: number;
}

/** Three pods that are all well pass; two that are worse of three stop the first wave. */
export const DEFAULT_TEST: PodTest = {
  healthyPermille: 20,
  unhealthyPermille: 800,
  falseAlarmPermille: 10,
  missPermille: 10,
  marginPermille: 50,
  minNewPods: 3,
  minPodSeconds: 86_400,
};

/** Windows that share no sample, and how many of them were corrected. */
export interface Sample {
  windows: number;
  corrections: number;
}

export type Outcome = 'healthy' | 'unhealthy' | 'inconclusive';

/** What a wave's pods say together; waves count from 1. */
export function outcomeOf(test: PodTest, wave: number, well: number, worse: number): Outcome {
  const { healthyPermille: healthy, unhealthyPermille: unhealthy } = test;
  const forWorse = bits(unhealthy, healthy);
  const forWell = bits(1000 - healthy, 1000 - unhealthy);
  const evidence = BigInt(worse) * forWorse - BigInt(well) * forWell;
  if (evidence >= bits(1000, test.falseAlarmPermille) + (BigInt(wave) << FRACTION)) return 'unhealthy';
  return evidence <= -bits(1000, test.missPermille) ? 'healthy' : 'inconclusive';
}

/** Whether a pod is worse off than with its version before; against `most` of 1000 windows where it had none. */
export function isWorse(test: PodTest, now: Sample, before: Sample | undefined, most: number): boolean {
  const [windows, corrections] = [BigInt(now.windows), BigInt(now.corrections)];
  if (before === undefined) return corrections * 1000n > windows * BigInt(most);
  const [windowsBefore, correctionsBefore] = [BigInt(before.windows), BigInt(before.corrections)];
  const more = corrections * windowsBefore - correctionsBefore * windows;
  return more * 1000n > BigInt(test.marginPermille) * windows * windowsBefore;
}

/** Binary digits after the point. */
const FRACTION = 32n;
const known = new Map<number, bigint>();

/** log2(part / whole) in 2^-32 bits. */
const bits = (part: number, whole: number): bigint => log2(part) - log2(whole);

function log2(number: number): bigint {
  const before = known.get(number);
  if (before !== undefined) return before;
  const whole = BigInt(31 - Math.clz32(number));
  let rest = BigInt(number) << (63n - whole);
  let digits = whole;
  for (let digit = 0n; digit < FRACTION; digit++) {
    rest = (rest * rest) >> 63n;
    const next = rest >> 64n;
    rest >>= next;
    digits = (digits << 1n) | next;
  }
  known.set(number, digits);
  return digits;
}
