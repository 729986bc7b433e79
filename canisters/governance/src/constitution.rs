//! The parameters of voting, as set at installation and replaced only by an upgrade, and the table of governed methods,
//! which votes change.

use crate::api::*;
use crate::memory;
use ic_stable_structures::StableCell;
pub use protocol::functions::MOTION;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone)]
struct Constitution {
    parameters: Parameters,
    functions: Vec<NervousSystemFunction>,
    /// Ids of functions that were removed. None in records from before functions could be.
    #[serde(default)]
    reserved: Vec<u64>,
}

thread_local! {
    static CONSTITUTION: RefCell<StableCell<Cbor<Option<Constitution>>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::CONSTITUTION), Cbor(None)));
}

pub const MAX_FOLLOWEES: usize = 15;
pub const MAX_NEURONS: u64 = 10_000;
pub const MAX_OPEN_PROPOSALS: u64 = 200;
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
    let reserved = CONSTITUTION.with_borrow(|cell| cell.get().0.as_ref().map(|before| before.reserved.clone()));
    keep(Constitution { parameters, functions, reserved: reserved.unwrap_or_default() });
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
        reject_cost_e8s: Some(0),
        max_proposals_to_keep_per_action: None,
        wait_for_quiet_deadline_increase_seconds: Some(0),
        max_number_of_neurons: Some(MAX_NEURONS),
        transaction_fee_e8s: None,
        max_number_of_proposals_with_ballots: Some(MAX_OPEN_PROPOSALS),
        max_age_bonus_percentage: Some(rules.max_age_bonus_percentage),
        neuron_grantable_permissions: Some(NeuronPermissionList { permissions: vec![] }),
        voting_rewards_parameters: None,
        maturity_modulation_disabled: Some(true),
        max_number_of_principals_per_neuron: Some(1),
    }
}
