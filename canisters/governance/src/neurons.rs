//! Neurons: stake that is locked for a while and votes with bonuses for the delay and the age (dfinity/ic
//! rs/sns/governance, Neuron).

use crate::api::{self, DissolveState, Followees, NeuronId, NeuronPermission, Operation, Weight};
use crate::errors::{refused, ErrorType};
use crate::power::{Reputation, State};
use crate::{constitution, electorate, following, memory, power, proposals, ranks};
use api::GovernanceError;
use candid::Principal;
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use std::collections::BTreeMap;
use stored::{Cbor, Memory};

pub type Id = [u8; 32];

/// All of SNS's neuron permission types: a controller may do everything.
pub const ALL_PERMISSIONS: [i32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// Since when a dissolving neuron ages: it does not.
pub const NOT_AGING: u64 = u64::MAX;

#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dissolve {
    /// Not dissolving; seconds it would take.
    Delay(u64),
    /// Dissolving until then, or dissolved since.
    At(u64),
}

#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Neuron {
    pub controller: Principal,
    pub stake: u64,
    pub created: u64,
    pub aging_since: u64,
    pub dissolve: Dissolve,
    /// Whom it follows, in records of the version before; they move to [`crate::following`] with an upgrade.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub followees: BTreeMap<u64, Vec<Id>>,
    /// What proposals cost it that are open or were rejected; burnt before stake leaves. SNS: neuron_fees_e8s.
    #[serde(default)]
    pub fees: u64,
    /// What it had locked when it was stored, by which [`ranks`] finds it.
    #[serde(default)]
    pub rank: u64,
    #[serde(default)]
    pub reputation: Reputation,
}

thread_local! {
    static NEURONS: RefCell<StableBTreeMap<Id, Cbor<Neuron>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::NEURONS)));
    static NEURONS_OF: RefCell<StableBTreeMap<Vec<u8>, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::NEURONS_OF)));
}

/// The neuron's id and its subaccount on the ledger, as SNS computes it.
pub fn id_of(controller: &Principal, memo: u64) -> Id {
    protocol::sha256(&[&[0x0c], b"neuron-stake", controller.as_slice(), &memo.to_be_bytes()])
}

pub fn get(id: &Id) -> Option<Neuron> {
    NEURONS.with_borrow(|neurons| neurons.get(id)).map(|neuron| neuron.0)
}

pub fn put(id: Id, mut neuron: Neuron) {
    if let Some(before) = get(&id) {
        ranks::remove(before.rank, before.stake, &id);
    }
    neuron.rank = neuron.locked();
    ranks::insert(neuron.rank, neuron.stake, &id);
    NEURONS_OF.with_borrow_mut(|index| index.insert(owned(&neuron.controller, &id), ()));
    power::set(id, neuron.state(), proposals::last(), proposals::oldest_open());
    NEURONS.with_borrow_mut(|neurons| neurons.insert(id, Cbor(neuron)));
}

/// Takes a neuron out of every index. What it was stays known to open proposals, and its votes on them stand.
pub fn remove(id: Id, neuron: &Neuron) {
    electorate::leaves(&id, |proposal| power::when(&id, proposal));
    power::remove(id, proposals::last(), proposals::oldest_open());
    ranks::remove(neuron.rank, neuron.stake, &id);
    following::forget(&id);
    NEURONS_OF.with_borrow_mut(|index| index.remove(&owned(&neuron.controller, &id)));
    NEURONS.with_borrow_mut(|neurons| neurons.remove(&id));
}

/// Fills the indexes that the version before did not have. At most 10,000 neurons come from it.
pub fn fill_indexes() {
    if !power::is_empty() {
        return;
    }
    let all: Vec<(Id, Neuron)> =
        NEURONS.with_borrow(|neurons| neurons.iter().map(|entry| (*entry.key(), entry.value().0)).collect());
    for (id, mut neuron) in all {
        for (function, followees) in std::mem::take(&mut neuron.followees) {
            following::set(&id, function, &followees);
        }
        put(id, neuron);
    }
}

fn owned(controller: &Principal, id: &Id) -> Vec<u8> {
    let controller = controller.as_slice();
    [&[controller.len() as u8], controller, id].concat()
}

/// The neuron that a manage_neuron command names, if the caller controls it.
pub fn controlled(caller: &Principal, subaccount: &[u8]) -> Result<(Id, Neuron), GovernanceError> {
    let id = Id::try_from(subaccount)
        .map_err(|_| refused(ErrorType::InvalidNeuronId, "A neuron id has 32 bytes; take it from list_neurons."))?;
    let neuron = get(&id).ok_or_else(|| {
        refused(ErrorType::NotFound, format!("There is no neuron {}; stake and claim it first.", hex(&id)))
    })?;
    if neuron.controller != *caller {
        return Err(refused(
            ErrorType::NotAuthorized,
            format!("Neuron {} is not controlled by {caller}; use its controller's identity.", hex(&id)),
        ));
    }
    Ok((id, neuron))
}

pub fn hex(id: &Id) -> String {
    protocol::hex::encode(id)
}

pub fn count() -> u64 {
    NEURONS.with_borrow(|neurons| neurons.len())
}

/// Puts the cost of a rejection on a neuron, as on SNS when a proposal is made.
pub fn charge(id: &Id, cost: u64) {
    if let Some(neuron) = get(id).filter(|_| cost > 0) {
        put(*id, Neuron { fees: neuron.fees.saturating_add(cost), ..neuron });
    }
}

/// Adds to a neuron's reputation, or takes from it.
pub fn earn(id: &Id, points: i64, now: u64) {
    if let Some(neuron) = get(id) {
        put(*id, Neuron { reputation: neuron.reputation.with(points, now), ..neuron });
    }
}

/// Takes it off again: the proposal was adopted.
pub fn uncharge(id: &Id, cost: u64) {
    if let Some(neuron) = get(id).filter(|_| cost > 0) {
        put(*id, Neuron { fees: neuron.fees.saturating_sub(cost), ..neuron });
    }
}

/// The fees of a neuron have been burnt from its account.
pub fn fees_were_burnt(id: &Id, fees: u64) {
    if let Some(neuron) = get(id).filter(|_| fees > 0) {
        let (stake, fees) = (neuron.stake.saturating_sub(fees), neuron.fees.saturating_sub(fees));
        put(*id, Neuron { stake, fees, ..neuron });
    }
}

pub fn configure(id: Id, neuron: Neuron, operation: &Operation, now: u64) -> Result<(), GovernanceError> {
    let longest = constitution::parameters().max_dissolve_delay_seconds;
    let neuron = match operation {
        Operation::IncreaseDissolveDelay(by) => {
            let more = u64::from(by.additional_dissolve_delay_seconds);
            if more == 0 {
                return Err(refused(
                    ErrorType::InvalidCommand,
                    "An increase of 0 seconds is none; say by how many seconds.",
                ));
            }
            match neuron.dissolve {
                Dissolve::At(at) if at > now => {
                    Neuron { dissolve: Dissolve::At((at + more).min(now + longest)), ..neuron }
                }
                Dissolve::At(_) | Dissolve::Delay(0) => {
                    Neuron { dissolve: Dissolve::Delay(more.min(longest)), aging_since: now, ..neuron }
                }
                Dissolve::Delay(delay) => Neuron { dissolve: Dissolve::Delay((delay + more).min(longest)), ..neuron },
            }
        }
        Operation::StartDissolving(_) => match neuron.dissolve {
            Dissolve::Delay(delay) if delay > 0 => {
                Neuron { dissolve: Dissolve::At(now + delay), aging_since: NOT_AGING, ..neuron }
            }
            _ => {
                return Err(refused(ErrorType::RequiresNotDissolving, "The neuron is dissolving or dissolved already."))
            }
        },
        Operation::StopDissolving(_) => match neuron.dissolve {
            Dissolve::At(at) if at > now => Neuron { dissolve: Dissolve::Delay(at - now), aging_since: now, ..neuron },
            _ => return Err(refused(ErrorType::RequiresDissolving, "The neuron is not dissolving.")),
        },
    };
    let (state, seconds) = match neuron.dissolve {
        Dissolve::Delay(delay) => ("locked", delay),
        Dissolve::At(at) => ("dissolving", at),
    };
    audit::append(
        serde_json::json!({"type": "neuron_configured", "neuron": hex(&id), "state": state, "seconds": seconds}),
    );
    put(id, neuron);
    Ok(())
}

/// Lets a neuron vote as most of the followees do, for one function or (0) for every function without followees of its
/// own.
pub fn follow(id: Id, function: u64, mut followees: Vec<Id>) -> Result<(), GovernanceError> {
    followees.sort_unstable();
    followees.dedup(); // one followee named twice would have two voices
    if followees.len() > constitution::MAX_FOLLOWEES {
        return Err(refused(
            ErrorType::InvalidCommand,
            format!("A neuron follows at most {} others for one function.", constitution::MAX_FOLLOWEES),
        ));
    }
    let known = function == constitution::EVERY_OTHER
        || function == constitution::MOTION
        || constitution::function(function).is_some();
    if !known {
        return Err(refused(
            ErrorType::NotFound,
            format!("There is no function {function}; see list_nervous_system_functions."),
        ));
    }
    if let Some(bad) = followees.iter().find(|followee| **followee == id || get(followee).is_none()) {
        return Err(refused(
            ErrorType::InvalidCommand,
            format!("Neuron {} cannot be followed: it is the neuron itself or none.", hex(bad)),
        ));
    }
    following::set(&id, function, &followees);
    audit::append(serde_json::json!({"type": "neuron_followed", "neuron": hex(&id), "function": function}));
    Ok(())
}

/// Takes stake out of a dissolved neuron, ahead of the transfer; [`restore`] puts it back.
pub fn take_out(id: Id, neuron: Neuron, amount: u64, now: u64) -> Result<(), GovernanceError> {
    if neuron.dissolve_delay(now) > 0 {
        return Err(refused(
            ErrorType::RequiresDissolved,
            "The neuron is not dissolved; start dissolving it and wait out its delay.",
        ));
    }
    let free = neuron.free();
    let left = free.checked_sub(amount).ok_or_else(|| {
        let fees = if neuron.fees > 0 { format!(" besides {} of fees", neuron.fees) } else { String::new() };
        refused(ErrorType::InsufficientFunds, format!("The neuron holds {free} e8s{fees}; disburse at most that."))
    })?;
    let minimum = constitution::parameters().neuron_minimum_stake_e8s;
    if (1..minimum).contains(&left) {
        let message = format!("That would leave {left} e8s, and a neuron has at least {minimum}; disburse all of it.");
        return Err(refused(ErrorType::PreconditionFailed, message));
    }
    let left = neuron.stake - amount;
    put(id, Neuron { stake: left, ..neuron });
    Ok(())
}

pub fn restore(id: Id, amount: u64) {
    if let Some(neuron) = get(&id) {
        put(id, Neuron { stake: neuron.stake.saturating_add(amount), ..neuron });
    }
}

impl Neuron {
    pub fn state(&self) -> State {
        State {
            stake: self.free(),
            aging_since: self.aging_since,
            dissolve: self.dissolve,
            reputation: self.reputation,
        }
    }

    /// Stake less the fees it owes: what votes, and what may leave.
    pub fn free(&self) -> u64 {
        self.stake.saturating_sub(self.fees)
    }

    /// What counts when room is short: stake that is locked for as long as a vote needs, and not on its way out.
    fn locked(&self) -> u64 {
        let least = constitution::parameters().neuron_minimum_dissolve_delay_to_vote_seconds;
        match self.dissolve {
            Dissolve::Delay(delay) if delay >= least => self.free(),
            _ => 0,
        }
    }

    pub fn dissolve_delay(&self, now: u64) -> u64 {
        self.state().dissolve_delay(now)
    }

    pub fn age(&self, now: u64) -> u64 {
        self.state().age(now)
    }

    /// What it would weigh in a proposal made now.
    pub fn voting_power(&self, now: u64) -> u64 {
        constitution::electorate(now, Weight::Stake).power(&self.state())
    }

    pub fn to_api(&self, id: &Id) -> api::Neuron {
        let neuron_id = |id: &Id| NeuronId { id: ByteBuf::from(*id) };
        api::Neuron {
            id: Some(neuron_id(id)),
            staked_maturity_e8s_equivalent: None,
            permissions: vec![NeuronPermission {
                principal: Some(self.controller),
                permission_type: ALL_PERMISSIONS.to_vec(),
            }],
            maturity_e8s_equivalent: 0,
            cached_neuron_stake_e8s: self.stake,
            created_timestamp_seconds: self.created,
            source_nns_neuron_id: None,
            auto_stake_maturity: None,
            aging_since_timestamp_seconds: self.aging_since,
            dissolve_state: Some(match self.dissolve {
                Dissolve::Delay(delay) => DissolveState::DissolveDelaySeconds(delay),
                Dissolve::At(at) => DissolveState::WhenDissolvedTimestampSeconds(at),
            }),
            voting_power_percentage_multiplier: 100,
            vesting_period_seconds: None,
            disburse_maturity_in_progress: vec![],
            followees: following::all(id)
                .into_iter()
                .map(|(function, ids)| (function, Followees { followees: ids.iter().map(neuron_id).collect() }))
                .collect(),
            neuron_fees_e8s: self.fees,
        }
    }
}

/// Ids of a controller's neurons, at most 100.
pub fn ids_of(controller: &Principal) -> Vec<Id> {
    let from = owned(controller, &[0; 32]);
    let to = owned(controller, &[0xff; 32]);
    NEURONS_OF.with_borrow(|index| {
        index
            .range(from..=to)
            .take(governed::PAGE_LIMIT)
            .map(|entry| entry.key()[entry.key().len() - 32..].try_into().expect("the key ends in a neuron id"))
            .collect()
    })
}

/// Neurons in order of id, after one.
pub fn page(after: Option<Id>, limit: usize) -> Vec<api::Neuron> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = after.map_or(Unbounded, Excluded);
    NEURONS.with_borrow(|neurons| {
        neurons.range((start, Unbounded)).take(limit).map(|entry| entry.value().to_api(entry.key())).collect()
    })
}

#[cfg(test)]
fn blank(controller: Principal) -> Neuron {
    Neuron {
        controller,
        stake: 0,
        created: 0,
        aging_since: 0,
        dissolve: Dissolve::Delay(0),
        followees: BTreeMap::new(),
        fees: 0,
        rank: 0,
        reputation: Reputation::default(),
    }
}

/// A neuron from nowhere, with a dissolve delay.
#[cfg(test)]
pub fn seed(id: Id, controller: Principal, stake: u64, delay: u64, now: u64) {
    let dissolve = Dissolve::Delay(delay);
    put(id, Neuron { stake, created: now, aging_since: now, dissolve, ..blank(controller) });
}

/// A neuron as the version before stored it.
#[cfg(test)]
pub fn seed_old(id: Id, controller: Principal, stake: u64, now: u64, followees: Vec<(u64, Vec<Id>)>) {
    let dissolve = Dissolve::Delay(60);
    let followees = followees.into_iter().collect();
    let neuron = Neuron { stake, created: now, aging_since: now, dissolve, followees, ..blank(controller) };
    NEURONS.with_borrow_mut(|neurons| neurons.insert(id, Cbor(neuron)));
}

#[cfg(test)]
#[path = "sns_tests.rs"]
mod sns_tests;
