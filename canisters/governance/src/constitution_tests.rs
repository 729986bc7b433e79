//! What a vote can change, and what it takes to change what bounds it.

use super::*;
use crate::proposals::tests::{
    governance, governance_under, governance_with, governed_call, motion, principal, rules, stop, PERIOD, START,
};
use crate::proposals::{decide, get as proposal, submit, vote as cast};
use crate::{following, neurons, record};

const YES: i32 = 1;
const NO: i32 = 2;

fn articles(minima: Minima) -> Articles {
    Articles {
        minima,
        long_vote: LongVote { voting_period_seconds: 3 * PERIOD, quorum_basis_points: 2_000, time_lock_seconds: 500 },
        weight_cap_e8s: 1_000,
        rules: vec![
            FunctionRule { function_id: 1001, lane: Lane::Ordinary, weight: Weight::Capped },
            FunctionRule { function_id: 1007, lane: Lane::Stop, weight: Weight::Stake },
        ],
    }
}

fn least() -> Minima {
    Minima {
        voting_period_seconds: 60,
        quorum_basis_points: 200,
        wait_for_quiet_deadline_increase_seconds: 10,
        time_lock_seconds: 50,
        reject_cost_e8s: 5,
        neuron_minimum_stake_e8s: 50,
        neuron_minimum_dissolve_delay_to_vote_seconds: 30,
    }
}

fn good() -> Parameters {
    Parameters { time_lock_seconds: Some(100), reject_cost_e8s: Some(10), ..rules() }
}

fn set_up() {
    governance_under(good(), Some(articles(least())));
    for (n, stake) in [(1, 2_000), (2, 3_000), (3, 4_000)] {
        neurons::seed([n; 32], principal(n), stake, 60, START);
    }
}

fn change_articles() -> Proposal {
    let call = ExecuteGenericNervousSystemFunction { function_id: 1102, payload: serde_bytes::ByteBuf::new() };
    Proposal { action: Some(Action::ExecuteGenericNervousSystemFunction(call)), ..motion("articles") }
}

#[test]
fn a_vote_sets_parameters_down_to_the_minima_and_no_further() {
    set_up();
    let down = |change: fn(&mut Parameters)| {
        let mut next = good();
        change(&mut next);
        (parameters_in_words(&next).is_ok(), set_parameters(next).is_ok())
    };
    let no = (false, false);
    assert_eq!(down(|next| next.voting_period_seconds = 59), no);
    assert_eq!(down(|next| next.quorum_basis_points = 199), no);
    assert_eq!(down(|next| next.wait_for_quiet_deadline_increase_seconds = Some(9)), no);
    assert_eq!(down(|next| next.time_lock_seconds = Some(49)), no);
    assert_eq!(down(|next| next.time_lock_seconds = None), no);
    assert_eq!(down(|next| next.reject_cost_e8s = None), no);
    assert_eq!(down(|next| next.neuron_minimum_stake_e8s = 49), no);
    assert_eq!(down(|next| next.neuron_minimum_dissolve_delay_to_vote_seconds = 0), no);
    assert_eq!(down(|next| next.voting_period_seconds = 3 * PERIOD + 1), no, "longer than the longer vote");
    assert_eq!(down(|next| next.voting_period_seconds = 60), (true, true));
    assert_eq!(parameters().voting_period_seconds, 60);
}

#[test]
fn without_articles_what_an_installation_began_with_is_the_least() {
    governance_with(good());
    assert!(set_parameters(Parameters { quorum_basis_points: 299, ..good() }).is_err());
    set_parameters(Parameters { quorum_basis_points: 1_000, ..good() }).unwrap();
    set_parameters(Parameters { quorum_basis_points: 300, ..good() }).unwrap();
    assert!(set_parameters(Parameters { quorum_basis_points: 299, ..good() }).is_err(), "and stays it");
}

#[test]
fn minima_fall_only_by_the_longer_vote_which_a_majority_does_not_cut_short() {
    set_up();
    let id = submit([3; 32], change_articles(), String::new(), START);
    cast(id, &[2; 32], YES, START + 1).unwrap();
    assert_eq!(decide(id, START + 1), None);
    let record = proposal(id).unwrap();
    assert!(2 * record.tally.yes > record.tally.total && record.decided == 0, "a majority, and it waits");
    assert_eq!(decide(id, START + 3 * PERIOD - 1), None);
    assert_eq!(decide(id, START + 3 * PERIOD), None);
    assert_eq!(record::locked_until(id), Some(START + 3 * PERIOD + 500));
    assert_eq!(decide(id, START + 3 * PERIOD + 499), None);
    assert_eq!(decide(id, START + 3 * PERIOD + 500).unwrap().proposal, id);
    assert_eq!(decide(id, START + 3 * PERIOD + 501), None, "carried out once");
}

#[test]
fn the_longer_vote_needs_its_own_quorum_and_half_against_ends_it() {
    set_up();
    neurons::seed([4; 32], principal(4), 50_000, 60, START);
    let id = submit([3; 32], change_articles(), String::new(), START);
    assert_eq!(decide(id, START + 3 * PERIOD), None);
    assert_eq!(proposal(id).unwrap().status(), 2, "4,000 of 59,000 are above 3 %, and below 20 %");
    let id = submit([3; 32], change_articles(), String::new(), START);
    cast(id, &[4; 32], NO, START + 1).unwrap();
    decide(id, START + 1);
    assert_eq!(proposal(id).unwrap().status(), 2);
}

#[test]
fn who_follows_on_every_other_function_does_not_follow_on_the_articles() {
    set_up();
    following::set(&[1; 32], EVERY_OTHER, &[[3; 32]]);
    following::set(&[2; 32], 1102, &[[3; 32]]);
    let id = submit([3; 32], change_articles(), String::new(), START);
    assert_eq!(proposal(id).unwrap().tally.yes, 4_000 + 3_000);
    let id = submit([3; 32], motion("m"), String::new(), START);
    assert_eq!(proposal(id).unwrap().tally.yes, 4_000 - 10 + 2_000);
}

#[test]
fn articles_that_call_their_own_change_ordinary_do_not_make_it_so() {
    set_up();
    let mut next = articles(least());
    next.rules.push(FunctionRule { function_id: 1102, lane: Lane::Stop, weight: Weight::Stake });
    set_articles(next).unwrap();
    assert_eq!(rule(1102).0, Lane::Constitutional);
}

#[test]
fn no_ordinary_vote_swaps_the_code_that_keeps_the_articles() {
    set_up();
    assert_eq!(rule(1001).0, Lane::Ordinary);
    for (id, method) in [(1027, "upgrade_canister"), (2_000, "upgrade_canister"), (1028, "upgrade_root")] {
        let mut again = functions().into_iter().find(|function| function.id == 1102).unwrap();
        let Some(FunctionType::GenericNervousSystemFunction(generic)) = &mut again.function_type else { panic!() };
        generic.target_method_name = Some(method.into());
        add_function(NervousSystemFunction { id, name: method.into(), ..again });
        assert_eq!(rule(id).0, Lane::Constitutional, "{method} as function {id}");
    }
}

#[test]
fn articles_below_which_the_parameters_already_are_are_refused() {
    set_up();
    assert!(set_articles(articles(Minima { quorum_basis_points: 301, ..least() })).is_err());
    let short = LongVote { voting_period_seconds: PERIOD - 1, quorum_basis_points: 2_000, time_lock_seconds: 500 };
    assert!(set_articles(Articles { long_vote: short, ..articles(least()) }).is_err());
}

#[test]
fn what_passed_waits_out_its_lock_and_a_stop_does_not() {
    set_up();
    let id = submit([3; 32], governed_call(), String::new(), START);
    cast(id, &[2; 32], YES, START + 1).unwrap();
    assert_eq!(decide(id, START + 1), None);
    assert_eq!(proposal(id).unwrap().status(), 3);
    assert_eq!(decide(id, START + 100), None);
    assert_eq!(decide(id, START + 101).unwrap().proposal, id);
    assert_eq!(decide(id, START + 102), None);
    let halt = submit([3; 32], stop(), String::new(), START);
    cast(halt, &[2; 32], YES, START + 1).unwrap();
    assert_eq!(decide(halt, START + 1).unwrap().proposal, halt);
}

/// SNS: with a period P and an increase W the deadline is at most P + 2 W after the start.
#[test]
fn a_vote_that_turns_in_the_last_moment_lasts_longer() {
    governance_with(Parameters { wait_for_quiet_deadline_increase_seconds: Some(40), ..rules() });
    for (n, stake) in [(1, 1_000), (2, 1_500), (3, 2_000), (4, 90_000)] {
        neurons::seed([n; 32], principal(n), stake, 60, START);
    }
    let id = submit([1; 32], motion("m"), String::new(), START);
    assert_eq!(proposal(id).unwrap().deadline, START + PERIOD, "a first vote turns nothing");
    cast(id, &[2; 32], NO, START + PERIOD - 1).unwrap();
    // now + W + P/2 − elapsed/2, in whole seconds
    let first = START + PERIOD - 1 + 40 + PERIOD / 2 - (PERIOD - 1) / 2;
    assert_eq!(proposal(id).unwrap().deadline, first);
    assert_eq!(decide(id, START + PERIOD), None);
    cast(id, &[3; 32], YES, first - 1).unwrap();
    let second = proposal(id).unwrap().deadline;
    assert!(second > first && second <= START + PERIOD + 2 * 40);
    decide(id, second);
    assert_eq!(proposal(id).unwrap().status(), 4, "3,000 against 1,500");
}

#[test]
fn a_vote_that_does_not_turn_ends_when_it_should() {
    governance();
    for (n, stake) in [(1, 1_000), (2, 500), (4, 90_000)] {
        neurons::seed([n; 32], principal(n), stake, 60, START);
    }
    let id = submit([1; 32], motion("m"), String::new(), START);
    cast(id, &[2; 32], NO, START + PERIOD - 1).unwrap();
    assert_eq!(proposal(id).unwrap().deadline, START + PERIOD);
}

#[test]
fn what_a_vote_set_an_upgrade_does_not_set_back() {
    set_up();
    set_parameters(Parameters { quorum_basis_points: 900, ..good() }).unwrap();
    set(good(), functions(), None);
    assert_eq!((parameters().quorum_basis_points, super::articles().minima), (900, least()));
}

#[test]
fn a_function_that_was_voted_away_does_not_come_back_with_an_upgrade() {
    set_up();
    let all = functions();
    remove_function(1001);
    set(good(), all, None);
    assert!(function(1001).is_none() && function(1007).is_some());
}

#[test]
fn a_second_id_for_the_change_of_the_articles_is_no_way_around_the_longer_vote() {
    set_up();
    let mut other = functions().into_iter().find(|function| function.id == 1102).unwrap();
    other.id = 2_000;
    add_function(other);
    assert_eq!(rule(2_000).0, Lane::Constitutional);
}

#[test]
fn rules_of_the_version_before_are_read() {
    #[derive(Serialize)]
    struct OldParameters {
        voting_period_seconds: u64,
        quorum_basis_points: u64,
        neuron_minimum_stake_e8s: u64,
        neuron_minimum_dissolve_delay_to_vote_seconds: u64,
        max_dissolve_delay_seconds: u64,
        max_dissolve_delay_bonus_percentage: u64,
        max_neuron_age_for_age_bonus: u64,
        max_age_bonus_percentage: u64,
    }
    #[derive(Serialize)]
    struct Old {
        parameters: OldParameters,
        functions: Vec<NervousSystemFunction>,
    }
    governance();
    let rules = rules();
    let old = Old {
        parameters: OldParameters {
            voting_period_seconds: rules.voting_period_seconds,
            quorum_basis_points: rules.quorum_basis_points,
            neuron_minimum_stake_e8s: rules.neuron_minimum_stake_e8s,
            neuron_minimum_dissolve_delay_to_vote_seconds: rules.neuron_minimum_dissolve_delay_to_vote_seconds,
            max_dissolve_delay_seconds: rules.max_dissolve_delay_seconds,
            max_dissolve_delay_bonus_percentage: rules.max_dissolve_delay_bonus_percentage,
            max_neuron_age_for_age_bonus: rules.max_neuron_age_for_age_bonus,
            max_age_bonus_percentage: rules.max_age_bonus_percentage,
        },
        functions: functions(),
    };
    let mut bytes = Vec::new();
    ciborium::into_writer(&old, &mut bytes).unwrap();
    let read: Constitution = ciborium::from_reader(bytes.as_slice()).unwrap();
    keep(read);
    assert_eq!((parameters(), reject_cost()), (rules, 0));
    assert_eq!(rule(1007).0, Lane::Stop);
}

#[test]
fn power_is_weighed_by_the_rule_that_the_articles_fix_for_a_function() {
    set_up();
    let id = submit([3; 32], governed_call(), String::new(), START);
    let record = proposal(id).unwrap();
    assert_eq!((record.tally.yes, record.tally.total), (1_000, 3_000), "three capped at 1,000");
}
