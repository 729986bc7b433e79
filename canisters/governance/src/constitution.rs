//! The rules of voting, in two layers, and the table of governed methods, which votes change.
//!
//! *Parameters* are changed by a vote like any other. *Articles* say how far: no parameter goes below their minima,
//! they say which functions are decided in which lane and by which weights, and they change only by a longer vote,
//! which is decided at its deadline alone, needs more, waits longer, and is nobody's by default (no catch-all
//! following), like SNS's critical proposals. Once a vote has changed either, an upgrade's argument does not change it
//! back.

use crate::api::*;
use crate::memory;
use crate::power::Electorate;
use ic_stable_structures::StableCell;
pub use protocol::functions::MOTION;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone)]
struct Constitution {
    parameters: Parameters,
    functions: Vec<NervousSystemFunction>,
    /// None in records of the version before, and where installation gives none: [`usual_articles`].
    #[serde(default)]
    articles: Option<Articles>,
    /// Whether a vote has changed the parameters, or the articles.
    #[serde(default)]
    voted: bool,
    /// Ids of functions that were removed. None in records from before functions could be.
    #[serde(default)]
    reserved: Vec<u64>,
}

thread_local! {
    static CONSTITUTION: RefCell<StableCell<Cbor<Option<Constitution>>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::CONSTITUTION), Cbor(None)));
}

pub const MAX_FOLLOWEES: usize = 15;
const MAX_NEURONS: u64 = 200_000;
const MAX_OPEN_PER_NEURON: u32 = 50;
pub const MAX_OPEN_PROPOSALS: u64 = 1_000;
/// Room for proposals that stop something or take it back, whatever else is open: so many, and so many of one neuron.
pub const MAX_OPEN_STOPS: usize = 64;
pub const MAX_OPEN_STOPS_PER_NEURON: u32 = 4;
/// The function id that stands for every other when following.
pub const EVERY_OTHER: u64 = 0;
/// What a longer vote needs of all power where the articles say nothing (SNS: critical proposals, 20 %).
const LONG_QUORUM_BASIS_POINTS: u64 = 2_000;
const MAX_SECONDS: u64 = 365 * 86_400;

/// Sets the rules at installation or upgrade; refuses what no vote could be held under.
pub fn set(parameters: Parameters, functions: Vec<NervousSystemFunction>, articles: Option<Articles>) {
    assert!(
        functions.iter().all(|function| function.id >= 1_000),
        "function ids below 1,000 are the governance canister's own"
    );
    let before = CONSTITUTION.with_borrow(|cell| cell.get().0.clone());
    let reserved = before.as_ref().map_or(vec![], |before| before.reserved.clone());
    let functions = functions.into_iter().filter(|function| !reserved.contains(&function.id)).collect();
    let next = match before.filter(|before| before.voted) {
        Some(voted) => Constitution { functions, ..voted },
        None => {
            let voted = false;
            check(&parameters, articles.as_ref()).unwrap_or_else(|why| system::trap(&why));
            Constitution { parameters, functions, articles, voted, reserved }
        }
    };
    keep(next);
}

fn keep(constitution: Constitution) {
    CONSTITUTION.with_borrow_mut(|cell| cell.set(Cbor(Some(constitution))));
}

fn get() -> Constitution {
    CONSTITUTION.with_borrow(|cell| cell.get().0.clone()).expect("init set the rules")
}

pub fn parameters() -> Parameters {
    get().parameters
}

pub fn functions() -> Vec<NervousSystemFunction> {
    get().functions
}

/// Ids that no function gets again: who followed on them would follow on something else.
pub fn reserved() -> Vec<u64> {
    get().reserved
}

/// Puts a checked function into the table.
pub fn add_function(function: NervousSystemFunction) {
    let mut constitution = get();
    constitution.functions.push(function);
    keep(constitution);
}

pub fn remove_function(id: u64) {
    let mut constitution = get();
    constitution.functions.retain(|function| function.id != id);
    constitution.reserved.push(id);
    keep(constitution);
}

pub fn function(id: u64) -> Option<GenericNervousSystemFunction> {
    functions().into_iter().find(|function| function.id == id).and_then(|function| match function.function_type {
        Some(FunctionType::GenericNervousSystemFunction(generic)) => Some(generic),
        _ => None,
    })
}

pub fn articles() -> Articles {
    let Constitution { parameters, articles, .. } = get();
    articles.unwrap_or_else(|| usual_articles(&parameters))
}

/// The articles of an installation that was given none: what it has now is the least, and a longer vote takes twice as
/// long.
fn usual_articles(parameters: &Parameters) -> Articles {
    let rules = |lane: Lane| move |function: &u64| FunctionRule { function_id: *function, lane, weight: Weight::Stake };
    Articles {
        minima: Minima {
            voting_period_seconds: parameters.voting_period_seconds,
            quorum_basis_points: parameters.quorum_basis_points,
            wait_for_quiet_deadline_increase_seconds: wait_for_quiet(parameters),
            time_lock_seconds: parameters.time_lock_seconds.unwrap_or(0),
            reject_cost_e8s: parameters.reject_cost_e8s.unwrap_or(0),
            neuron_minimum_stake_e8s: parameters.neuron_minimum_stake_e8s,
            neuron_minimum_dissolve_delay_to_vote_seconds: parameters.neuron_minimum_dissolve_delay_to_vote_seconds,
        },
        long_vote: LongVote {
            voting_period_seconds: 2 * parameters.voting_period_seconds,
            quorum_basis_points: LONG_QUORUM_BASIS_POINTS.max(parameters.quorum_basis_points),
            time_lock_seconds: 2 * parameters.time_lock_seconds.unwrap_or(0),
        },
        weight_cap_e8s: u64::MAX,
        rules: protocol::functions::STOPS.iter().map(rules(Lane::Stop)).collect(),
    }
}

/// Why parameters cannot be those of a vote under the articles.
fn check(parameters: &Parameters, articles: Option<&Articles>) -> Result<(), String> {
    let must = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned()) };
    must(parameters.voting_period_seconds > 0, "voting_period_seconds is 0: no vote could be cast")?;
    must(parameters.voting_period_seconds <= MAX_SECONDS, "voting_period_seconds is more than a year")?;
    must(parameters.quorum_basis_points <= 10_000, "quorum_basis_points is above 10,000")?;
    must(
        parameters.max_dissolve_delay_seconds > 0 && parameters.max_neuron_age_for_age_bonus > 0,
        "a bonus needs a maximum above 0",
    )?;
    must(
        parameters.neuron_minimum_dissolve_delay_to_vote_seconds <= parameters.max_dissolve_delay_seconds,
        "the least dissolve delay to vote is above the greatest: nobody could vote",
    )?;
    must(parameters.max_neurons.is_none_or(|most| most <= MAX_NEURONS), "max_neurons is above 200,000")?;
    must(
        wait_for_quiet(parameters) <= MAX_SECONDS && parameters.time_lock_seconds.unwrap_or(0) <= MAX_SECONDS,
        "a wait is more than a year",
    )?;
    let Some(Articles { minima, long_vote, .. }) = articles else { return Ok(()) };
    let least = [
        ("voting_period_seconds", parameters.voting_period_seconds, minima.voting_period_seconds),
        ("quorum_basis_points", parameters.quorum_basis_points, minima.quorum_basis_points),
        (
            "wait_for_quiet_deadline_increase_seconds",
            wait_for_quiet(parameters),
            minima.wait_for_quiet_deadline_increase_seconds,
        ),
        ("time_lock_seconds", parameters.time_lock_seconds.unwrap_or(0), minima.time_lock_seconds),
        ("reject_cost_e8s", parameters.reject_cost_e8s.unwrap_or(0), minima.reject_cost_e8s),
        ("neuron_minimum_stake_e8s", parameters.neuron_minimum_stake_e8s, minima.neuron_minimum_stake_e8s),
        (
            "neuron_minimum_dissolve_delay_to_vote_seconds",
            parameters.neuron_minimum_dissolve_delay_to_vote_seconds,
            minima.neuron_minimum_dissolve_delay_to_vote_seconds,
        ),
    ];
    for (name, value, least) in least {
        must(value >= least, &format!("{name} is {value}, and the articles say at least {least}: change those first"))?;
    }
    must(
        long_vote.voting_period_seconds >= parameters.voting_period_seconds
            && long_vote.quorum_basis_points >= parameters.quorum_basis_points
            && long_vote.time_lock_seconds >= parameters.time_lock_seconds.unwrap_or(0),
        "a longer vote may not be shorter, need less or wait less than any other",
    )?;
    must(
        long_vote.voting_period_seconds <= MAX_SECONDS
            && long_vote.quorum_basis_points <= 10_000
            && long_vote.time_lock_seconds <= MAX_SECONDS,
        "the longer vote takes more than a year, or needs more than there is",
    )
}

/// What voters read before they vote on new parameters.
pub fn parameters_in_words(next: &Parameters) -> Result<String, String> {
    check(next, Some(&articles()))?;
    Ok(format!("Sets the parameters of voting.\n\nFrom {:#?}\n\nTo {next:#?}", parameters()))
}

pub fn set_parameters(next: Parameters) -> Result<(), String> {
    check(&next, Some(&articles()))?;
    let articles = Some(articles());
    keep(Constitution { parameters: next, articles, voted: true, ..get() });
    Ok(())
}

/// What voters read before they vote on new articles.
pub fn articles_in_words(next: &Articles) -> Result<String, String> {
    check(&parameters(), Some(next))?;
    Ok(format!("Sets the articles, which bound every other vote.\n\nFrom {:#?}\n\nTo {next:#?}", articles()))
}

pub fn set_articles(next: Articles) -> Result<(), String> {
    check(&parameters(), Some(&next))?;
    keep(Constitution { articles: Some(next), voted: true, ..get() });
    Ok(())
}

/// How a function's proposals are decided: its lane, and by which weights. What changes the articles is always decided
/// by the longer vote.
pub fn rule(function: u64) -> (Lane, Weight) {
    let bounds_votes = bounds_votes(function);
    let rule = articles().rules.into_iter().find(|rule| rule.function_id == function);
    match rule {
        Some(rule) if !bounds_votes => (rule.lane, rule.weight),
        Some(rule) => (Lane::Constitutional, rule.weight),
        None if bounds_votes => (Lane::Constitutional, Weight::Stake),
        None => (Lane::Ordinary, Weight::Stake),
    }
}

/// Whether a function changes what bounds the other votes: the articles, or the code that keeps them.
fn bounds_votes(function: u64) -> bool {
    self::function(function).is_some_and(|generic| {
        let own = generic.target_canister_id == Some(governed::peers().governance);
        match generic.target_method_name.as_deref() {
            Some("set_articles" | "upgrade_root") => own,
            Some("upgrade_canister") => true, // of root, under whatever id it is registered
            _ => false,
        }
    })
}

/// How long, by how much and after what wait a proposal of a lane is decided and carried out.
pub fn vote(lane: Lane) -> LongVote {
    let parameters = parameters();
    let ordinary = LongVote {
        voting_period_seconds: parameters.voting_period_seconds,
        quorum_basis_points: parameters.quorum_basis_points,
        time_lock_seconds: parameters.time_lock_seconds.unwrap_or(0),
    };
    match lane {
        Lane::Stop => LongVote { time_lock_seconds: 0, ..ordinary },
        Lane::Ordinary => ordinary,
        Lane::Constitutional => articles().long_vote,
    }
}

/// SNS's default is a quarter of its voting period: one of four days.
pub fn wait_for_quiet(parameters: &Parameters) -> u64 {
    let chosen = parameters.wait_for_quiet_deadline_increase_seconds;
    chosen.unwrap_or(parameters.voting_period_seconds / 4)
}

pub fn reject_cost() -> u64 {
    parameters().reject_cost_e8s.unwrap_or(0)
}

pub fn max_neurons() -> u64 {
    parameters().max_neurons.unwrap_or(MAX_NEURONS)
}

pub fn max_open_per_neuron(lane: Lane) -> u32 {
    match lane {
        Lane::Stop => MAX_OPEN_STOPS_PER_NEURON,
        _ => parameters().max_open_proposals_per_neuron.unwrap_or(MAX_OPEN_PER_NEURON),
    }
}

/// How a proposal made now weighs neurons.
pub fn electorate(now: u64, weight: Weight) -> Electorate {
    let Constitution { parameters: rules, articles, .. } = get();
    Electorate {
        at: now,
        minimum_delay: rules.neuron_minimum_dissolve_delay_to_vote_seconds,
        longest_delay: rules.max_dissolve_delay_seconds,
        delay_bonus_percentage: rules.max_dissolve_delay_bonus_percentage,
        oldest_age: rules.max_neuron_age_for_age_bonus,
        age_bonus_percentage: rules.max_age_bonus_percentage,
        weight,
        cap: articles.map_or(u64::MAX, |articles| articles.weight_cap_e8s),
    }
}

/// The parameters as an SNS client reads them.
pub fn nervous_system_parameters() -> NervousSystemParameters {
    let rules = parameters();
    let all = || Some(NeuronPermissionList { permissions: crate::neurons::ALL_PERMISSIONS.to_vec() });
    NervousSystemParameters {
        default_followees: Some(DefaultFollowees { followees: vec![] }),
        max_dissolve_delay_seconds: Some(rules.max_dissolve_delay_seconds),
        max_dissolve_delay_bonus_percentage: Some(rules.max_dissolve_delay_bonus_percentage),
        max_followees_per_function: Some(MAX_FOLLOWEES as u64),
        neuron_claimer_permissions: all(),
        neuron_minimum_stake_e8s: Some(rules.neuron_minimum_stake_e8s),
        max_neuron_age_for_age_bonus: Some(rules.max_neuron_age_for_age_bonus),
        initial_voting_period_seconds: Some(rules.voting_period_seconds),
        neuron_minimum_dissolve_delay_to_vote_seconds: Some(rules.neuron_minimum_dissolve_delay_to_vote_seconds),
        reject_cost_e8s: Some(rules.reject_cost_e8s.unwrap_or(0)),
        max_proposals_to_keep_per_action: None,
        wait_for_quiet_deadline_increase_seconds: Some(wait_for_quiet(&rules)),
        max_number_of_neurons: Some(max_neurons()),
        transaction_fee_e8s: None,
        max_number_of_proposals_with_ballots: Some(MAX_OPEN_PROPOSALS),
        max_age_bonus_percentage: Some(rules.max_age_bonus_percentage),
        neuron_grantable_permissions: Some(NeuronPermissionList { permissions: vec![] }),
        voting_rewards_parameters: None,
        maturity_modulation_disabled: Some(true),
        max_number_of_principals_per_neuron: Some(1),
    }
}

#[cfg(test)]
#[path = "constitution_tests.rs"]
mod tests;
