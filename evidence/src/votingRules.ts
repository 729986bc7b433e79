import { IDL } from '@dfinity/candid';

/** What votes on the rules of voting carry (governance.did). */
const maybe = IDL.Opt(IDL.Nat64);
export const parameters = IDL.Record({
  voting_period_seconds: IDL.Nat64,
  quorum_basis_points: IDL.Nat64,
  neuron_minimum_stake_e8s: IDL.Nat64,
  neuron_minimum_dissolve_delay_to_vote_seconds: IDL.Nat64,
  max_dissolve_delay_seconds: IDL.Nat64,
  max_dissolve_delay_bonus_percentage: IDL.Nat64,
  max_neuron_age_for_age_bonus: IDL.Nat64,
  max_age_bonus_percentage: IDL.Nat64,
  reject_cost_e8s: maybe,
  max_open_proposals_per_neuron: IDL.Opt(IDL.Nat32),
  max_neurons: maybe,
  wait_for_quiet_deadline_increase_seconds: maybe,
  time_lock_seconds: maybe,
});
const minima = IDL.Record({
  voting_period_seconds: IDL.Nat64,
  quorum_basis_points: IDL.Nat64,
  wait_for_quiet_deadline_increase_seconds: IDL.Nat64,
  time_lock_seconds: IDL.Nat64,
  reject_cost_e8s: IDL.Nat64,
  neuron_minimum_stake_e8s: IDL.Nat64,
  neuron_minimum_dissolve_delay_to_vote_seconds: IDL.Nat64,
});
const lane = IDL.Variant({ Stop: IDL.Null, Ordinary: IDL.Null, Constitutional: IDL.Null });
const weight = IDL.Variant({ Stake: IDL.Null, Capped: IDL.Null, SquareRoot: IDL.Null, Reputation: IDL.Null });
export const articles = IDL.Record({
  minima,
  long_vote: IDL.Record({
    voting_period_seconds: IDL.Nat64,
    quorum_basis_points: IDL.Nat64,
    time_lock_seconds: IDL.Nat64,
  }),
  weight_cap_e8s: IDL.Nat64,
  rules: IDL.Vec(IDL.Record({ function_id: IDL.Nat64, lane, weight })),
});
