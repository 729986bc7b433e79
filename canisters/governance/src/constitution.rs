//! The parameters of voting and the table of governed methods, as set at installation and replaced only by an upgrade.

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
pub const MAX_OPEN_STOPS_PER_NEURON: u32 = 2;
/// The function id that stands for every other when following.
pub const EVERY_OTHER: u64 = 0;

/// Sets the rules; refuses what no vote could be held under.
pub fn set(parameters: Parameters, functions: Vec<NervousSystemFunction>) {
    assert!(parameters.voting_period_seconds > 0, "voting_period_seconds is 0: no vote could be cast");
    assert!(parameters.quorum_basis_points <= 10_000, "quorum_basis_points is above 10,000");
    assert!(
        parameters.max_dissolve_delay_seconds > 0 && parameters.max_neuron_age_for_age_bonus > 0,
        "a bonus needs a maximum above 0"
    );
    assert!(
        functions.iter().all(|function| function.id >= 1_000),
        "function ids below 1,000 are the governance canister's own"
    );
    CONSTITUTION.with_borrow_mut(|cell| cell.set(Cbor(Some(Constitution { parameters, functions }))));
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

pub fn function(id: u64) -> Option<GenericNervousSystemFunction> {
    functions().into_iter().find(|function| function.id == id).and_then(|function| match function.function_type {
        Some(FunctionType::GenericNervousSystemFunction(generic)) => Some(generic),
        _ => None,
    })
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
        Lane::Ordinary => parameters().max_open_proposals_per_neuron.unwrap_or(MAX_OPEN_PER_NEURON),
    }
}

/// Which proposals one competes with for room and for turns.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// Stops something, or takes it back.
    Stop,
    #[default]
    Ordinary,
}

/// The lane of a function's proposals.
pub fn lane(function: u64) -> Lane {
    match protocol::functions::STOPS.contains(&function) {
        true => Lane::Stop,
        false => Lane::Ordinary,
    }
}

/// How a proposal made now weighs neurons.
pub fn electorate(now: u64) -> Electorate {
    let rules = parameters();
    Electorate {
        at: now,
        minimum_delay: rules.neuron_minimum_dissolve_delay_to_vote_seconds,
        longest_delay: rules.max_dissolve_delay_seconds,
        delay_bonus_percentage: rules.max_dissolve_delay_bonus_percentage,
        oldest_age: rules.max_neuron_age_for_age_bonus,
        age_bonus_percentage: rules.max_age_bonus_percentage,
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
        wait_for_quiet_deadline_increase_seconds: Some(0),
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
