import { isWorse, outcomeOf, podsOfWave, wavesOf, windowsOfEach, type Plan, type PodTest } from '@livepod/protocol';

/**
 * Pods of a simulated fleet. Their people differ, in how often they are corrected and in how an equally good version
 * suits them; windows of one pod come in bouts that hang together.
 */
export interface People {
  /** Of a pod's windows, how many are corrected with its version before: mean and standard deviation over pods. */
  corrected: number;
  differ: number;
  /** Standard deviation, over pods, of how much better or worse another version of the same quality suits them. */
  taste: number;
  /** Windows of a bout, and how much they hang together (intraclass correlation). */
  bout: number;
  alike: number;
}

export const PEOPLE: People = { corrected: 0.1, differ: 0.05, taste: 0.02, bout: 60, alike: 0.1 };

/** How a simulated release fared: stopped, how many waves asked an operator, and what the first wave came to. */
export interface Fared {
  stopped: boolean;
  asked: number;
  first: 'stopped' | 'asked' | 'passed';
}

/**
 * Rolls a version out that is `worse` by a share of all windows. An operator who is asked lets it go on, so that a
 * healthy release has every chance to be stopped.
 *
 * @param waves  how many waves are played; else all
 */
export function rollOut(plan: Plan, pods: number, worse: number, random: () => number, waves = wavesOf(plan)): Fared {
  const test = plan.gate.test!;
  let [reached, asked]: [number, number] = [0, 0];
  let first: Fared['first'] = 'passed';
  for (let wave = 1; wave <= waves; wave++) {
    const now = podsOfWave(plan, wave, pods);
    const outcome = now === reached ? 'healthy' : judged(plan, test, wave, now - reached, worse, random);
    reached = now;
    if (outcome === 'unhealthy') return { stopped: true, asked, first: wave === 1 ? 'stopped' : first };
    if (outcome === 'inconclusive') {
      asked += 1;
      if (wave === 1) first = 'asked';
    }
  }
  return { stopped: false, asked, first };
}

function judged(plan: Plan, test: PodTest, wave: number, pods: number, worse: number, random: () => number) {
  const windows = windowsOfEach(plan.gate);
  const most = plan.gate.maxCorrectionPermille;
  const seen = { well: 0, worse: 0 };
  for (let pod = 0; pod < pods; pod++) {
    const usual = within(PEOPLE.corrected + PEOPLE.differ * normal(random));
    const rate = within(usual + worse + PEOPLE.taste * normal(random));
    const before = { windows, corrections: counted(usual, windows, random) };
    const after = { windows, corrections: counted(rate, windows, random) };
    if (!isWorse(test, after, before, most)) {
      seen.well += 1;
      continue;
    }
    seen.worse += 1;
    if (outcomeOf(test, wave, seen.well, seen.worse) === 'unhealthy') return 'unhealthy';
  }
  return outcomeOf(test, wave, seen.well, seen.worse);
}

const within = (rate: number): number => Math.min(0.99, Math.max(0.005, rate));

/** Corrections of so many windows in bouts: a binomial number whose variance the bouts multiply, by its normal. */
function counted(rate: number, windows: number, random: () => number): number {
  const spread = Math.sqrt(windows * rate * (1 - rate) * (1 + (PEOPLE.bout - 1) * PEOPLE.alike));
  return Math.min(windows, Math.max(0, Math.round(windows * rate + spread * normal(random))));
}

/** A standard normal number (G. Box and M. Muller, Ann. Math. Statist. 29, 1958). */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** The same numbers from the same seed, from 0 up to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
