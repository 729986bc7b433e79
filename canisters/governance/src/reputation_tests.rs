use super::*;
use crate::api::{Articles, ExecuteGenericNervousSystemFunction, FunctionRule, Lane, Weight};
use crate::constitution;
use crate::power::{Electorate, Reputation, State, FULL_REPUTATION};
use crate::proposals::tests::{governance, governance_under, motion, principal, rules, START};
use crate::proposals::{decide, get, go_on, submit, vote};
use crate::steps::Steps;
use crate::work;
use serde_bytes::ByteBuf;

const HALF_LIFE: u64 = 180 * 86_400;

fn seed(n: u8, stake: u64) {
    neurons::seed([n; 32], principal(n), stake, 60, START);
}

fn points(n: u8, now: u64) -> u64 {
    neurons::get(&[n; 32]).unwrap().reputation.at(now)
}

fn work_off(now: u64) {
    while work::is_left() {
        work::go_on(Steps::new(1_000), now, |id| {
            decide(id, now);
        });
    }
}

#[test]
fn half_is_left_after_a_half_life_and_nothing_in_the_end() {
    let earned = Reputation::default().with(800, START);
    let after = |seconds: u64| earned.at(START + seconds);
    assert_eq!((after(0), after(HALF_LIFE / 2), after(HALF_LIFE), after(2 * HALF_LIFE)), (800, 600, 400, 200));
    assert_eq!((after(20 * HALF_LIFE), after(u64::MAX - START)), (0, 0));
    assert_eq!(earned.with(-10_000, START).points, 0, "none is owed");
    assert_eq!(earned.with(i64::MAX, START).points, 2 * FULL_REPUTATION, "and no more than twice what counts is kept");
}

#[test]
fn only_the_projects_canisters_report_and_not_more_than_a_little_at_once() {
    governance();
    seed(1, 1_000);
    let report = |caller: u8, points: u32| {
        let reason = "dataset accepted".into();
        earn(&principal(caller), &EarnReputation { who: principal(1), points, reason }, START)
    };
    assert_eq!(report(1, 5).unwrap_err().arm(), "NotAuthorized", "nobody earns by saying so");
    report(100, 5).unwrap();
    assert_eq!(points(1, START), 5);
    report(100, 1_000_000).unwrap();
    assert_eq!(points(1, START), 105);
    let nobody = EarnReputation { who: principal(77), points: 5, reason: String::new() };
    earn(&principal(100), &nobody, START).unwrap();
}

#[test]
fn a_vote_takes_reputation_away() {
    governance();
    seed(1, 1_000);
    neurons::earn(&[1; 32], 50, START);
    let slashing =
        |points: u32, reason: &str| SlashReputation { neuron: ByteBuf::from([1; 32]), points, reason: reason.into() };
    assert!(slash(&slashing(10, ""), START).is_err(), "not without a reason");
    assert!(slash(&SlashReputation { neuron: ByteBuf::from([2; 32]), ..slashing(10, "x") }, START).is_err());
    slash(&slashing(20, "measured its own checkpoint"), START).unwrap();
    assert_eq!(points(1, START), 30);
    assert!(slash_in_words(&slashing(20, "x"), START).unwrap().contains("20 of 30 points"));
}

#[test]
fn votes_of_ones_own_earn_when_they_agree_with_what_was_decided() {
    governance();
    for n in 1..=4 {
        seed(n, 1_000);
    }
    seed(5, 3_500);
    crate::following::set(&[4; 32], constitution::EVERY_OTHER, &[[2; 32]]);
    let id = submit([1; 32], motion("m"), String::new(), START);
    vote(id, &[3; 32], 2, START).unwrap();
    vote(id, &[2; 32], 1, START).unwrap();
    vote(id, &[5; 32], 1, START).unwrap();
    decide(id, START);
    work_off(START);
    assert_eq!(get(id).unwrap().status(), 4);
    assert_eq!([1, 2, 3, 4, 5].map(|n| points(n, START)), [1, 1, 0, 0, 1], "not against it, and not by following");
}

#[test]
fn nobody_farms_reputation_with_proposals_that_hardly_anybody_votes_on() {
    governance();
    seed(1, 100);
    seed(2, 100);
    seed(3, 1_000_000);
    let id = submit([1; 32], motion("m"), String::new(), START);
    vote(id, &[2; 32], 2, START).unwrap();
    decide(id, START + crate::proposals::tests::PERIOD);
    work_off(START);
    assert_eq!((get(id).unwrap().status(), points(2, START)), (2, 0));
}

#[test]
fn what_is_earned_after_a_proposal_was_made_weighs_nothing_on_it() {
    let rule = FunctionRule { function_id: 1001, lane: Lane::Ordinary, weight: Weight::Reputation };
    governance_under(rules(), None);
    let articles = Articles { rules: vec![rule], ..constitution::articles() };
    constitution::set_articles(articles).unwrap();
    seed(1, 1_000);
    seed(2, 1_000);
    neurons::earn(&[1; 32], 400, START);
    let call = ExecuteGenericNervousSystemFunction { function_id: 1001, payload: ByteBuf::new() };
    let action = Some(crate::api::Action::ExecuteGenericNervousSystemFunction(call));
    let id = submit([1; 32], crate::api::Proposal { action, ..motion("r") }, String::new(), START);
    assert_eq!((get(id).unwrap().tally.yes, get(id).unwrap().tally.total), (500, 600));
    neurons::earn(&[2; 32], 900, START);
    vote(id, &[2; 32], 2, START).unwrap();
    assert_eq!(get(id).unwrap().tally.no, 100);
    go_on(id, START, &mut Steps::new(100));
}

#[test]
fn each_rule_weighs_as_it_says() {
    const TOKEN: u64 = 100_000_000;
    governance();
    let weigh = |weight: Weight, stake: u64, points: u64| {
        let electorate = Electorate { cap: 50 * TOKEN, ..constitution::electorate(START, weight) };
        let dissolve = crate::neurons::Dissolve::Delay(60);
        let reputation = Reputation { points, since: START };
        electorate.weigh(&State { stake, aging_since: START, dissolve, reputation })
    };
    let near = |a: u64, b: u64| a.abs_diff(b) <= b / 1_000;
    assert!(near(weigh(Weight::Stake, 400 * TOKEN, 0), 400 * TOKEN));
    assert_eq!(weigh(Weight::Capped, 400 * TOKEN, 0), 50 * TOKEN);
    assert!(near(weigh(Weight::SquareRoot, 400 * TOKEN, 0), 20 * TOKEN));
    assert!(near(weigh(Weight::SquareRoot, TOKEN, 0), TOKEN));
    assert!(near(weigh(Weight::Reputation, 400 * TOKEN, 0), 40 * TOKEN));
    assert!(near(weigh(Weight::Reputation, 400 * TOKEN, 900), 400 * TOKEN));
    assert!(near(weigh(Weight::Reputation, 400 * TOKEN, 100_000), 400 * TOKEN));
}

#[test]
fn who_follows_for_a_function_takes_it_back_with_an_empty_list() {
    governance();
    seed(1, 1_000);
    seed(2, 1_000);
    seed(3, 100_000);
    let follow = |function: u64, whom: Vec<Id>| neurons::follow([2; 32], function, whom).unwrap();
    follow(constitution::MOTION, vec![[1; 32]]);
    follow(1001, vec![[1; 32]]);
    let first = submit([1; 32], motion("a"), String::new(), START);
    assert_eq!(get(first).unwrap().tally.yes, 2_000);
    follow(constitution::MOTION, vec![]);
    let second = submit([1; 32], motion("b"), String::new(), START);
    assert_eq!(get(second).unwrap().tally.yes, 1_000, "recalled for motions");
    assert_eq!(crate::following::all(&[2; 32]).into_keys().collect::<Vec<_>>(), [1001], "and for nothing else");
    follow(constitution::EVERY_OTHER, vec![[1; 32]]);
    follow(constitution::MOTION, vec![[3; 32]]);
    let third = submit([1; 32], motion("c"), String::new(), START);
    assert_eq!(get(third).unwrap().tally.yes, 1_000, "a list of its own goes before the one for every other");
}
