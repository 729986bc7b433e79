import { Crowd } from '@livepod/client/testing';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { captureCost, holders, RULES, type World } from './capture.js';
import { starvation, USUAL } from './starvation.js';

export const name = 'governance';
export const what =
  'instructions per vote and proposal with up to 100,000 neurons and the worst followers; the cost of capture';

const MOST_INSTRUCTIONS = 1e9;
const WIDTH = 15;
/** More neurons than this are staked for a quarter of an hour. */
const SIZES = (process.env['LIVEPOD_NEURONS'] ?? '100,10000,100000').split(',').map(Number);

const GRAPHS: Record<string, (neuron: number, size: number) => number[]> = {
  chain: (neuron) => (neuron === 0 ? [] : [neuron - 1]),
  star: (neuron) => (neuron === 0 ? [] : [0]),
  layers: (neuron) => {
    const before = (Math.floor(neuron / WIDTH) - 1) * WIDTH;
    return before < 0 ? [] : Array.from({ length: WIDTH }, (_, n) => before + n);
  },
  cycle: (neuron, size) => [(neuron + 1) % size],
};

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const size of SIZES) rows.push(...(await instructions(size, options)));
  options.note('No number of followers keeps a neuron from voting; before, a chain of about 1,000 tokens did.');
  return [...rows, ...capture(options), ...starved()];
}

async function instructions(size: number, { progress, note }: BenchOptions): Promise<BenchRow[]> {
  const crowd = await Crowd.gather({ neurons: size, tell: progress });
  try {
    for (const [graph, whom] of Object.entries(GRAPHS)) {
      await crowd.follow(graph, (neuron) => whom(neuron, size));
      const proposal = await crowd.propose(crowd.whale, graph);
      const begun = Date.now();
      for (let neuron = 0; neuron < (graph === 'layers' ? WIDTH : 1); neuron += 1)
        await crowd.vote(neuron, proposal, 'no');
      await crowd.until(proposal, (data) => data.decided_timestamp_seconds > 0n);
      note(`${size} neurons, ${graph}: decided ${((Date.now() - begun) / 1000).toFixed(1)} s after the first vote`);
    }
    const costs = await crowd.costs();
    const kinds = ['vote', 'proposal', 'work'].filter((kind) => costs[kind] !== undefined);
    return kinds.map((kind) => ({
      ...figure(`${kind}, ${size.toLocaleString('en')} neurons, at most`, costs[kind]!, 'instructions'),
      target: MOST_INSTRUCTIONS,
      bound: 'most' as const,
    }));
  } finally {
    await crowd.leave();
  }
}

/** Governance with its default rules, among 10,000 holders. */
function capture({ note }: BenchOptions): BenchRow[] {
  const world: World = { holders: holders(10_000, 0.4), cap: 1_000, leastStake: USUAL.leastStake, quorum: 0.03 };
  const all = world.holders.reduce((sum, { stake }) => sum + stake, 0);
  note(
    'Capture: 10,000 holders with a Pareto tail, a fifth of them active with reputation, half of all voting; the ' +
      'attacker buys tokens and splits them as suits the rule. Against who splits, a cap or a root protects nobody.',
  );
  return RULES.map((rule) => {
    const tokens = captureCost(rule, world);
    return figure(`capture by ${rule}`, (100 * tokens) / all, '% of all stake');
  });
}

function starved(): BenchRow[] {
  return starvation(USUAL).map(({ what: kept, before, now }) => {
    const total = ({ locked, spent }: typeof now): number => locked + spent;
    const row = figure(`holding ${kept}`, total(now), 'tokens');
    return { ...row, peer: 'before', peerValue: total(before), ratio: row.value / total(before) };
  });
}

const figure = (of: string, value: number, unit: string): BenchRow => ({
  ...{ name: of, value, unit },
  ...{ peer: null, peerValue: null, ratio: null, target: null },
});
