/**
 * What it costs to hold all of something against others, in tokens that are locked and in tokens that are gone, by the
 * rules of `canisters/governance`; before: by those of the version that had no such bounds.
 */
export interface Starvation {
  what: string;
  /** Tokens one must have, and tokens that are spent. */
  before: { locked: number; spent: number };
  now: { locked: number; spent: number };
}

export interface Rules {
  /** Tokens. */
  leastStake: number;
  rejectCost: number;
  maxNeurons: number;
  maxOpen: number;
  maxOpenPerNeuron: number;
  maxStops: number;
  maxStopsPerNeuron: number;
  /** Stake of the one who is to be kept out. */
  victim: number;
}

export const USUAL: Rules = {
  leastStake: 1,
  rejectCost: 1,
  maxNeurons: 200_000,
  maxOpen: 1_000,
  maxOpenPerNeuron: 50,
  maxStops: 64,
  maxStopsPerNeuron: 4,
  victim: 1_000,
};

export function starvation(rules: Rules): Starvation[] {
  const proposers = Math.ceil(rules.maxOpen / rules.maxOpenPerNeuron);
  const stoppers = Math.ceil(rules.maxStops / rules.maxStopsPerNeuron);
  return [
    {
      what: 'all room for proposals, for one voting period',
      before: { locked: 1, spent: 0 }, // 200 of one neuron, none of which cost anything
      now: { locked: proposers * rules.leastStake, spent: rules.maxOpen * rules.rejectCost },
    },
    {
      what: 'all room for stops, against a neuron with 1,000 tokens',
      before: { locked: 1, spent: 0 }, // there was no room for stops alone
      now: { locked: stoppers * rules.victim, spent: rules.maxStops * rules.rejectCost },
    },
    {
      what: 'all slots for neurons, against a stake of 1,000 tokens',
      before: { locked: 1, spent: 1 }, // one token through 10,000 neurons, each emptied again for two fees of 0.0001
      now: { locked: rules.maxNeurons * rules.victim, spent: 0 },
    },
  ];
}
