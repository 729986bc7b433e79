//! Neurons come and go: claimed for what their accounts hold, sent away when there is no room, deleted when empty.

use crate::api::GovernanceError;
use crate::constitution;
use crate::errors::{refused, ErrorType};
use crate::leaving::{self, Leaving};
use crate::neurons::{count, get, hex, put, remove, Dissolve, Id, Neuron, NOT_AGING};
use crate::power::Reputation;
use crate::ranks;
use candid::Principal;
use governed::Lock;
use std::collections::BTreeMap;

/// Sets a neuron's stake to what its account holds, making the neuron if it is new. A top-up makes the age an average
/// by stake.
pub fn claim_or_refresh(id: Id, controller: Principal, held: u64, now: u64) -> Result<(), GovernanceError> {
    if leaving::get(&id).is_some() {
        return Err(refused(
            ErrorType::NeuronLocked,
            "The neuron made room for others, and its money is being paid out; claim it again when it is.",
        ));
    }
    let minimum = constitution::parameters().neuron_minimum_stake_e8s;
    if held < minimum {
        let message =
            format!("The neuron's account holds {held} e8s, and {minimum} are needed; transfer the rest to it.");
        return Err(refused(ErrorType::InsufficientFunds, message));
    }
    let neuron = match get(&id) {
        Some(neuron) => {
            let age = u128::from(neuron.age(now)) * u128::from(neuron.stake.min(held)) / u128::from(held);
            let aging_since = if neuron.aging_since == NOT_AGING { NOT_AGING } else { now - age as u64 };
            Neuron { stake: held, aging_since, ..neuron }
        }
        None => {
            if count() >= constitution::max_neurons() {
                make_room(held)?;
            }
            Neuron {
                controller,
                stake: held,
                created: now,
                aging_since: now,
                dissolve: Dissolve::Delay(0),
                followees: BTreeMap::new(),
                fees: 0,
                rank: 0,
                reputation: Reputation::default(),
            }
        }
    };
    audit::append(serde_json::json!({"type": "neuron_claimed", "neuron": hex(&id), "stake": held}));
    put(id, neuron);
    Ok(())
}

/// Sends the neuron away that has the least locked, its money with it, for one that brings more.
fn make_room(held: u64) -> Result<(), GovernanceError> {
    let no_room = |least: u64| {
        let message = format!("There is no room for a neuron with {held} e8s; the least that stay have {least}.");
        Err(refused(ErrorType::ResourceExhausted, message))
    };
    for (stake, id) in ranks::least(TRIED_FOR_ROOM) {
        if stake >= held {
            return no_room(stake);
        }
        // Not one that has a command under way.
        let Some((_lock, neuron)) = Lock::take(hex(&id)).zip(get(&id)) else { continue };
        remove(id, &neuron);
        leaving::begin(id, Leaving { controller: neuron.controller, fees: neuron.fees, since: system::now() });
        audit::append(serde_json::json!({
            "type": "neuron_made_room", "neuron": hex(&id), "stake": stake, "fees": neuron.fees
        }));
        return Ok(());
    }
    no_room(held)
}

const TRIED_FOR_ROOM: usize = 20;

/// Deletes a neuron that nothing is left of.
pub fn remove_if_empty(id: Id) {
    if let Some(neuron) = get(&id).filter(|neuron| neuron.free() == 0) {
        remove(id, &neuron);
        audit::append(serde_json::json!({"type": "neuron_removed", "neuron": hex(&id)}));
    }
}
