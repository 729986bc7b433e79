import { DEFAULT_PLAN } from '@livepod/protocol';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { PEOPLE, rollOut, seeded, type Fared } from './simulation.js';

export const name = 'gates';
export const what = 'how often the default plan’s gate cries wolf, and whether it finds a version that is worse';

/** Fleets, and how many releases of each are played: of 1,000 a share under 1 % is told from 0.5 %. */
const FLEETS = [
  { pods: 6, healthy: 20_000, bad: 20_000 },
  { pods: 100, healthy: 10_000, bad: 20_000 },
  { pods: 100_000, healthy: 1_000, bad: 2_000 },
];
/** Points of accuracy that the bad version loses. */
const WORSE = 0.1;

export async function run({ note, progress }: BenchOptions): Promise<BenchRow[]> {
  const rows = FLEETS.flatMap(({ pods, healthy, bad }) => {
    progress(`gates: ${pods} pods`);
    const random = seeded(pods);
    const play = (releases: number, worse: number, waves?: number): Fared[] =>
      Array.from({ length: releases }, () => rollOut(DEFAULT_PLAN, pods, worse, random, waves));
    const well = play(healthy, 0);
    const worse = play(bad, WORSE, 1);
    const fleet = `${pods.toLocaleString('en')} pods`;
    return [
      row(
        `${fleet}: healthy releases stopped`,
        percent(well, ({ stopped }) => stopped),
        1,
        'most',
      ),
      row(
        `${fleet}: healthy releases that asked an operator`,
        percent(well, ({ asked }) => asked > 0),
      ),
      row(`${fleet}: worse by 10 points, caught in the first wave`, percent(worse, isCaught), 99, 'least'),
      row(
        `${fleet}: of these stopped without asking`,
        percent(worse, ({ first }) => first === 'stopped'),
      ),
    ];
  });
  const { corrected, differ, taste, bout, alike } = PEOPLE;
  note(
    `A simulation with the canister's own test (vectors hold both to the same): pods are corrected on ` +
      `${100 * corrected} % of their windows, ±${100 * differ} over pods; a version of the same quality suits them ` +
      `±${100 * taste} points; windows come in bouts of ${bout} with a correlation of ${alike}. Each pod brings as ` +
      'few windows as the plan asks for. Caught is stopped, or held until an operator decides.',
  );
  return rows;
}

const isCaught = ({ first }: Fared): boolean => first !== 'passed';

const percent = (all: readonly Fared[], is: (one: Fared) => boolean): number =>
  (100 * all.filter(is).length) / all.length;

const row = (name: string, value: number, target: number | null = null, bound?: 'least' | 'most'): BenchRow => ({
  ...{ name, value, unit: '%', peer: null, peerValue: null, ratio: null, target },
  ...(bound && { bound }),
});
