//! Reputation: what neurons have earned by what came of it. Canisters that see the outcome say so (a dataset that was
//! accepted, a checkpoint that became official), votes earn when they agree with what was decided, and votes take away.
//! It belongs to a neuron, whose controller never changes, and it decays ([`crate::power::Reputation`]).

use crate::api::{EarnReputation, SlashReputation};
use crate::ballots::{NO, YES};
use crate::errors::Error;
use crate::neurons::{self, Id};
use crate::record::Record;
use candid::Principal;
use governed::why;
use protocol::votes::Outcome;

/// What one report may earn.
const MOST_AT_ONCE: u32 = 100;
const MAX_REASON_BYTES: usize = 300;
/// What a vote of one's own earns when it agrees with what was decided.
const OF_A_VOTE: i64 = 1;

/// Earns a principal reputation, on the first of its neurons; none for one that has no neuron. Only the project's own
/// canisters report.
pub fn earn(caller: &Principal, earned: &EarnReputation, now: u64) -> Result<(), Error> {
    let peers = governed::peers();
    if ![peers.datasets, peers.models, peers.fleet, peers.access].contains(caller) {
        return Err(Error::NotAuthorized(why(
            caller,
            "reputation is earned by what the project's canisters report",
            "do what they report",
        )));
    }
    if let Some(id) = neurons::ids_of(&earned.who).first() {
        change(id, i64::from(earned.points.min(MOST_AT_ONCE)), &shortened(&earned.reason), now);
    }
    Ok(())
}

fn shortened(reason: &str) -> String {
    reason.chars().take(MAX_REASON_BYTES / 4).collect()
}

/// What a vote would take away, for voters.
pub fn slash_in_words(slash: &SlashReputation, now: u64) -> Result<String, String> {
    let id = Id::try_from(slash.neuron.as_slice()).map_err(|_| "a neuron id has 32 bytes".to_owned())?;
    let neuron = neurons::get(&id).ok_or_else(|| format!("there is no neuron {}", neurons::hex(&id)))?;
    if slash.reason.is_empty() || slash.reason.len() > MAX_REASON_BYTES {
        return Err(format!("a reason has 1 to {MAX_REASON_BYTES} bytes"));
    }
    let has = neuron.reputation.at(now);
    Ok(format!(
        "Takes {} of {has} points of reputation from neuron {} of {}: {}",
        slash.points,
        neurons::hex(&id),
        neuron.controller,
        slash.reason
    ))
}

pub fn slash(slash: &SlashReputation, now: u64) -> Result<(), String> {
    slash_in_words(slash, now)?;
    let id = Id::try_from(slash.neuron.as_slice()).map_err(|_| "a neuron id has 32 bytes".to_owned())?;
    change(&id, -i64::from(slash.points), &slash.reason, now);
    Ok(())
}

/// A neuron's own vote on a proposal that is decided: it earns when it agrees, and enough voted for it to mean much.
pub fn voted(record: &Record, neuron: &Id, vote: i32, now: u64) {
    let agrees = match record.outcome() {
        Outcome::Adopted | Outcome::Executed => vote == YES,
        Outcome::Rejected => vote == NO,
        Outcome::Open | Outcome::Failed | Outcome::Withdrawn => false,
    };
    let cast = u128::from(record.tally.yes) + u128::from(record.tally.no);
    let enough = 10_000 * cast >= u128::from(record.quorum_basis_points) * u128::from(record.tally.total);
    if agrees && enough {
        neurons::earn(neuron, OF_A_VOTE, now);
    }
}

fn change(id: &Id, points: i64, reason: &str, now: u64) {
    neurons::earn(id, points, now);
    audit::append(serde_json::json!({
        "type": "reputation_changed", "neuron": neurons::hex(id), "points": points, "reason": reason
    }));
}

#[cfg(test)]
#[path = "reputation_tests.rs"]
mod tests;
