//! Dissolving, ageing and voting power as SNS has them: its own cases (dfinity/ic at 002d5530,
//! rs/sns/governance/src/neuron.rs and neuron/tests.rs).

use super::*;
use crate::api::{Nothing, Parameters};
use crate::claims::claim_or_refresh;
use crate::power::{Electorate, Reputation};
use crate::proposals::tests::{governance, governance_with, kind, principal, rules, START};

const E8: u64 = 100_000_000;
const DAY: u64 = 86_400;
const MONTH: u64 = YEAR / 12;
const YEAR: u64 = 31_557_600;

const AMOUNTS: [u64; 14] = [0, 1, 2, 3, 10, 100, 1_000, 10_000, 100_000, E8 - 1, E8, E8 + 1, 2 * E8, 10 * E8];
const DURATIONS: [u64; 18] =
    [0, 1, 2, 3, 10, 30, 60, 90, 600, 3_600, DAY, 7 * DAY, MONTH, 6 * MONTH, YEAR, 2 * YEAR, 4 * YEAR, 8 * YEAR];
const PERCENTAGES: [u64; 15] = [0, 1, 2, 3, 10, 25, 50, 75, 95, 99, 100, 101, 200, 500, 1_000];

fn electorate(at: u64, delay: (u64, u64), age: (u64, u64)) -> Electorate {
    Electorate {
        at,
        minimum_delay: 0,
        longest_delay: delay.0,
        delay_bonus_percentage: delay.1,
        oldest_age: age.0,
        age_bonus_percentage: age.1,
        weight: Weight::Stake,
        cap: u64::MAX,
    }
}

fn state(stake: u64, delay: u64) -> State {
    State { stake, aging_since: 0, dissolve: Dissolve::Delay(delay), reputation: Reputation::default() }
}

/// SNS: test_voting_power_fully_boosted.
#[test]
fn a_neuron_with_all_of_both_bonuses_has_five_halves_of_its_stake() {
    assert_eq!(electorate(100, (100, 100), (100, 25)).power(&state(100, 100)), 100 * 2 * 5 / 4);
}

/// SNS: test_voting_power_with_bonus_thresholds_zero.
#[test]
fn a_bonus_without_a_maximum_is_none() {
    assert_eq!(electorate(100, (0, 100), (0, 25)).power(&state(100, 100)), 100);
}

/// SNS: test_voting_power_dissolve_delay_boost, …_half, test_voting_power_age_boost, …_half.
#[test]
fn bonuses_are_as_in_snss_table_for_all_its_stakes_times_and_percentages() {
    for stake in AMOUNTS {
        for duration in DURATIONS {
            for percentage in PERCENTAGES {
                let bonus = if duration > 0 { stake * percentage / 100 } else { 0 };
                let half = if duration > 0 { stake * percentage / 2 / 100 } else { 0 };
                let by_delay = |longest: u64| electorate(0, (longest, percentage), (100, 25));
                assert_eq!(by_delay(duration).power(&state(stake, duration)), stake + bonus);
                let delayed = by_delay(duration * 2).power(&state(stake, duration));
                assert!(
                    delayed == stake + half || 2 * (delayed - stake) / 2 == half,
                    "{stake} {duration} {percentage}"
                );
                if duration == 0 {
                    continue;
                }
                // SNS's cases have no dissolve delay and age all the same; here age needs one, which adds nothing.
                let by_age = |oldest: u64| electorate(duration, (8 * YEAR, 0), (oldest, percentage));
                assert_eq!(by_age(duration).power(&state(stake, 1)), stake + bonus);
                assert_eq!(by_age(duration * 2).power(&state(stake, 1)), stake + half);
            }
        }
    }
}

/// SNS: increase_dissolve_delay_sets_age_correctly_for_dissolved_neurons (NOW = 1,000, longest 2,000, increase by 1).
#[test]
fn a_delay_on_a_dissolved_neuron_begins_its_age_anew() {
    const NOW: u64 = 1_000;
    governance_with(Parameters { max_dissolve_delay_seconds: 2_000, ..rules() });
    let cases = [
        (0, Dissolve::Delay(0)),
        (0, Dissolve::At(NOW)),
        (0, Dissolve::At(NOW - 1)),
        (0, Dissolve::At(0)),
        (NOW + 100, Dissolve::Delay(0)),
        (NOW + 100, Dissolve::At(NOW)),
        (NOW - 100, Dissolve::Delay(0)),
        (u64::MAX, Dissolve::At(NOW)),
        (u64::MAX, Dissolve::At(NOW - 1)),
        (u64::MAX, Dissolve::At(0)),
    ];
    for (aging_since, dissolve) in cases {
        let after = increased(Neuron { aging_since, dissolve, ..blank(principal(1)) }, 1, NOW);
        assert_eq!((after.aging_since, after.dissolve), (NOW, Dissolve::Delay(1)), "{aging_since} {dissolve:?}");
    }
}

/// SNS: increase_dissolve_delay_does_not_set_age_for_non_dissolving_neurons, and for dissolving ones.
#[test]
fn a_longer_delay_leaves_the_age_of_a_locked_neuron_and_none_to_a_dissolving_one() {
    const NOW: u64 = 1_000;
    governance_with(Parameters { max_dissolve_delay_seconds: 2_000, ..rules() });
    for aging_since in [0, NOW - 100, NOW] {
        for delay in [1, 100, 1_999, 2_000] {
            let after =
                increased(Neuron { aging_since, dissolve: Dissolve::Delay(delay), ..blank(principal(1)) }, 1, NOW);
            assert_eq!((after.aging_since, after.dissolve), (aging_since, Dissolve::Delay((delay + 1).min(2_000))));
        }
    }
    for (at, then) in [(NOW + 1, NOW + 2), (NOW + 1_999, NOW + 2_000), (NOW + 2_000, NOW + 2_000)] {
        let neuron = Neuron { aging_since: u64::MAX, dissolve: Dissolve::At(at), ..blank(principal(1)) };
        let after = increased(neuron, 1, NOW);
        assert_eq!((after.aging_since, after.dissolve), (u64::MAX, Dissolve::At(then)));
        assert_eq!(after.age(NOW + 500), 0);
    }
}

fn increased(neuron: Neuron, by: u32, now: u64) -> Neuron {
    let id = [7; 32];
    put(id, neuron.clone());
    let increase = api::IncreaseDissolveDelay { additional_dissolve_delay_seconds: by };
    configure(id, neuron, &Operation::IncreaseDissolveDelay(increase), now).unwrap();
    get(&id).unwrap()
}

/// SNS: start_dissolving, stop_dissolving.
#[test]
fn dissolving_starts_and_stops_as_on_sns() {
    governance();
    let id = [7; 32];
    let (start, stop) = (Operation::StartDissolving(Nothing {}), Operation::StopDissolving(Nothing {}));
    seed(id, principal(1), 1_000, 500, START);
    configure(id, get(&id).unwrap(), &start, START + 10).unwrap();
    let dissolving = get(&id).unwrap();
    assert_eq!((dissolving.dissolve, dissolving.aging_since), (Dissolve::At(START + 510), u64::MAX));
    configure(id, dissolving, &stop, START + 110).unwrap();
    let stopped = get(&id).unwrap();
    assert_eq!((stopped.dissolve, stopped.aging_since), (Dissolve::Delay(400), START + 110));
    assert_eq!(kind(configure(id, stopped, &stop, START)), ErrorType::RequiresDissolving as i32);
    seed([8; 32], principal(1), 1_000, 0, START);
    let unlocked = get(&[8; 32]).unwrap();
    assert_eq!(kind(configure([8; 32], unlocked, &start, START)), ErrorType::RequiresNotDissolving as i32);
}

/// SNS: update_stake.
#[test]
fn a_top_up_averages_age_by_stake_and_rounds_down() {
    governance();
    for (old, new, age, then) in [(100, 100, 90, 90), (100, 200, 90, 45), (100, 300, 100, 33), (1_000, 1_001, 1, 0)] {
        seed([7; 32], principal(1), old, 60, START - age);
        claim_or_refresh([7; 32], principal(1), new, START).unwrap();
        assert_eq!(get(&[7; 32]).unwrap().age(START), then, "{old} {new}");
    }
    let dissolving = Neuron { dissolve: Dissolve::At(START + 9), aging_since: u64::MAX, ..blank(principal(1)) };
    put([9; 32], Neuron { stake: 100, ..dissolving });
    claim_or_refresh([9; 32], principal(1), 500, START).unwrap();
    assert_eq!(get(&[9; 32]).unwrap().aging_since, u64::MAX);
}

/// SNS: test_neuron_normal_stake, test_neuron_voting_power_stake.
#[test]
fn fees_of_rejected_proposals_neither_vote_nor_leave() {
    governance();
    put([7; 32], Neuron { stake: 100, fees: 10, dissolve: Dissolve::Delay(60), ..blank(principal(1)) });
    let neuron = get(&[7; 32]).unwrap();
    assert_eq!((neuron.free(), neuron.state().stake), (90, 90));
    assert!(get(&[7; 32]).is_some_and(|neuron| neuron.to_api(&[7; 32]).neuron_fees_e8s == 10));
    put([7; 32], Neuron { dissolve: Dissolve::Delay(0), ..neuron });
    assert_eq!(kind(take_out([7; 32], get(&[7; 32]).unwrap(), 91, START)), ErrorType::InsufficientFunds as i32);
}

#[test]
fn below_the_least_delay_a_neuron_has_no_vote_and_without_a_delay_stake_does_not_age() {
    governance();
    seed([7; 32], principal(1), 1_000, 59, START - YEAR);
    assert_eq!(get(&[7; 32]).unwrap().voting_power(START), 0);
    seed([8; 32], principal(1), 1_000, 0, START - 4 * YEAR);
    assert_eq!(get(&[8; 32]).unwrap().age(START), 0);
    let after = increased(get(&[8; 32]).unwrap(), 60, START);
    assert_eq!((after.age(START), after.age(START + 5)), (0, 5), "the years before it was locked do not count");
}
