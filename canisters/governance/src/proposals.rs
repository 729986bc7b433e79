//! Proposals: made, voted on, decided early or at the deadline, taken back.

use crate::admission::function_of;
use crate::api::*;
use crate::ballots::{self, Cast, NO, UNDECIDED, YES};
use crate::errors::{refused, Error, ErrorType};
use crate::neurons::{self, Id};
use crate::record::{self, next_number, put};
pub use crate::record::{get, last, oldest_open, open, Record};
use crate::steps::{Steps, OF_AN_ENTRY, OF_A_MESSAGE};
use crate::work::{self, Turn};
use crate::{constitution, electorate, memory, natives, reputation};
use candid::Principal;
use governed::why;
use ic_stable_structures::StableBTreeMap;
use std::cell::RefCell;
use stored::Memory;

const REF_PREFIX: &str = "livepod:";

thread_local! {
    static CLIENT_REFS: RefCell<StableBTreeMap<Vec<u8>, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CLIENT_REFS)));
}

/// What has to be carried out after a decision: the proposal's number and its governed method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    pub proposal: u64,
    pub call: ExecuteGenericNervousSystemFunction,
}

/// The client reference in a proposal's url, `livepod:<reference>`.
pub fn client_ref(proposal: &Proposal) -> Option<&str> {
    proposal.url.strip_prefix(REF_PREFIX)
}

fn ref_key(proposer: &Id, reference: &str) -> Vec<u8> {
    [&proposer[..], reference.as_bytes()].concat()
}

/// The proposal that this neuron made with the same client reference; refused when it says or does something else.
pub fn made_before(proposer: &Id, proposal: &Proposal) -> Result<Option<u64>, GovernanceError> {
    let Some(reference) = client_ref(proposal) else { return Ok(None) };
    let Some(id) = CLIENT_REFS.with_borrow(|refs| refs.get(&ref_key(proposer, reference))) else { return Ok(None) };
    match get(id) {
        Some(first) if first.proposal != *proposal => {
            let made = format!("proposal {id} “{}”", first.proposal.title);
            Err(refused(ErrorType::InvalidProposal, governed::reference_taken(reference, made).to_string()))
        }
        _ => Ok(Some(id)),
    }
}

/// Takes an open proposal out of the vote for one of a neuron with more stake; it costs its proposer nothing.
pub fn displace(id: u64, now: u64) {
    let Some(mut record) = get(id).filter(|record| record.decided == 0) else { return };
    record.decided = now;
    record.failed = now;
    record.failure = Some(refused(ErrorType::Withdrawn, "It made room for a proposal of a neuron with more stake."));
    neurons::uncharge(&record.proposer, record.reject_cost);
    audit::append(serde_json::json!({"type": "proposal_withdrawn", "proposal": id}));
    work::remember(id, Some(Turn::Over));
    put(id, record);
}

/// Puts a checked proposal to the vote; its proposer votes yes, as on SNS. Returns its number.
pub fn submit(proposer: Id, proposal: Proposal, rendering: String, now: u64) -> u64 {
    let id = next_number();
    let function = function_of(&proposal);
    let (lane, weight) = constitution::rule(function);
    let rules = constitution::vote(lane);
    if let Some(reference) = client_ref(&proposal) {
        CLIENT_REFS.with_borrow_mut(|refs| refs.insert(ref_key(&proposer, reference), id));
    }
    let mut steps = Steps::new(OF_A_MESSAGE);
    let electorate = constitution::electorate(now, weight);
    electorate::begin(id, electorate.clone());
    let total = electorate::count(id, &mut steps);
    let deadline = now.saturating_add(rules.voting_period_seconds);
    audit::append(serde_json::json!({
        "type": "proposal_made",
        "proposal": id,
        "function": function,
        "proposer": neurons::hex(&proposer),
        "title": proposal.title,
        "reference": client_ref(&proposal),
        "payload": fingerprint(&payload(&proposal)),
        "rendering": fingerprint(rendering.as_bytes()),
        "deadline": deadline, "quorum": rules.quorum_basis_points, "total": total,
    }));
    let mut record = Record {
        proposal,
        function,
        rendering,
        proposer,
        created: now,
        deadline,
        quorum_basis_points: rules.quorum_basis_points,
        tally: Tally { no: 0, yes: 0, total: total.unwrap_or(0), timestamp_seconds: now },
        decided: 0,
        executed: 0,
        failed: 0,
        failure: None,
        electorate: Some(electorate),
        counted: total.is_some(),
        lane,
        reject_cost: constitution::reject_cost(),
        period: rules.voting_period_seconds,
        wait_for_quiet: constitution::wait_for_quiet(&constitution::parameters()),
        time_lock: rules.time_lock_seconds,
        called: false,
    };
    let own = ballots::cast(&record.question(id), &proposer, YES, now);
    record.take_in(id, own.as_slice(), false, now);
    record.ask_followers(id, now, &mut steps);
    put(id, record.clone());
    neurons::charge(&record.proposer, record.reject_cost); // after the proposal weighed it, as on SNS
    id
}

/// What a proposal would carry out, in bytes: the governed method's argument, or a motion's text.
fn payload(proposal: &Proposal) -> Vec<u8> {
    match &proposal.action {
        Some(Action::Motion(motion)) => motion.motion_text.as_bytes().to_vec(),
        action => natives::call_of(action).map_or_else(Vec::new, |call| call.payload.into_vec()),
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    protocol::hex::encode(&protocol::sha256(&[bytes]))
}

impl Record {
    /// Takes votes into the tally, and each with its power into the log.
    fn take_in(&mut self, id: u64, votes: &[Cast], follows: bool, now: u64) {
        for Cast { neuron, vote, power } in votes {
            let side = if *vote == YES { &mut self.tally.yes } else { &mut self.tally.no };
            *side = side.saturating_add(*power);
            self.tally.timestamp_seconds = now;
            audit::append(serde_json::json!({
                "type": "voted",
                "proposal": id,
                "neuron": neurons::hex(neuron),
                "vote": vote,
                "power": power,
                "follows": follows,
            }));
        }
    }

    /// Gives voters more time when the vote has turned.
    fn quiet_or_longer(&mut self, id: u64, before: &Tally, now: u64) {
        if self.wait_for_quiet(before, now) {
            let later = serde_json::json!({"type": "deadline_moved", "proposal": id, "deadline": self.deadline});
            audit::append(later);
        }
    }

    /// Asks followers as far as the steps go.
    fn ask_followers(&mut self, id: u64, now: u64, steps: &mut Steps) {
        let votes = ballots::cascade(&self.question(id), now, steps);
        self.take_in(id, &votes, true, now);
        let turn = if self.lane == Lane::Stop { Turn::Stop } else { Turn::Ordinary };
        let left = !self.counted || ballots::is_cascading(id);
        work::remember(id, left.then_some(turn));
    }
}

/// Goes on with what is left to do for a proposal: counts its voters, then asks followers. Of a decided one nothing is
/// left but to forget it.
pub fn go_on(id: u64, now: u64, steps: &mut Steps) {
    steps.take(OF_A_RECORD);
    let Some(mut record) = get(id).filter(|record| record.decided == 0) else { return forget(id, now, steps) };
    if !record.counted {
        if let Some(total) = electorate::count(id, steps) {
            steps.take(OF_AN_ENTRY);
            record.counted = true;
            record.tally.total = total;
            let counted = serde_json::json!({"type": "voters_counted", "proposal": id, "total": total});
            audit::append_as(system::this_canister(), counted);
        }
    }
    let before = record.tally.clone();
    record.ask_followers(id, now, steps);
    record.quiet_or_longer(id, &before, now);
    put(id, record);
}

/// Forgets what only an open proposal needs, its votes having earned what they did; then the oldest that is kept.
fn forget(id: u64, now: u64, steps: &mut Steps) {
    electorate::forget(id);
    ballots::stop_cascade(id, steps);
    let record = get(id);
    let voted = |neuron: &Id, vote: i32| {
        if let Some(record) = &record {
            reputation::voted(record, neuron, vote, now);
        }
    };
    if ballots::is_cascading(id) || !ballots::forget(id, steps, voted) {
        return;
    }
    work::remember(id, None);
    for old in std::iter::from_fn(record::forget_oldest).take(2) {
        if let Some(reference) = client_ref(&old.proposal) {
            CLIENT_REFS.with_borrow_mut(|refs| refs.remove(&ref_key(&old.proposer, reference)));
        }
    }
}

/// Reading and writing a proposal: it may have 100 kB.
const OF_A_RECORD: u32 = 30;

/// Counts a vote. Refused after the deadline or the decision, for a neuron without a ballot, and the second time.
pub fn vote(id: u64, neuron: &Id, vote: i32, now: u64) -> Result<(), GovernanceError> {
    let mut record = get(id)
        .ok_or_else(|| refused(ErrorType::NotFound, format!("There is no proposal {id}; see list_proposals.")))?;
    if vote != YES && vote != NO {
        return Err(refused(ErrorType::InvalidCommand, "A vote is 1 (yes) or 2 (no)."));
    }
    if record.decided > 0 {
        return Err(refused(ErrorType::VoteClosed, format!("Proposal {id} is decided; its votes are final.")));
    }
    if now >= record.deadline {
        return Err(refused(
            ErrorType::VoteClosed,
            format!("Voting on proposal {id} ended at {} s; vote before the deadline.", record.deadline),
        ));
    }
    let ballot = ballots::get(&record.question(id), neuron).ok_or_else(|| {
        refused(
            ErrorType::PreconditionFailed,
            format!("The neuron had no voting power when proposal {id} was made; it may vote on later ones."),
        )
    })?;
    if ballot.vote != UNDECIDED {
        return Err(refused(ErrorType::AlreadyVoted, format!("The neuron has voted on proposal {id}; a vote stands.")));
    }
    let before = record.tally.clone();
    let own = ballots::cast(&record.question(id), neuron, vote, now);
    record.take_in(id, own.as_slice(), false, now);
    record.ask_followers(id, now, &mut Steps::new(OF_A_MESSAGE));
    record.quiet_or_longer(id, &before, now);
    put(id, record);
    Ok(())
}

/// True when no vote that may still come changes the outcome, or the time is up: then also what followers say to the
/// votes before it has to be in.
fn is_due(id: u64, record: &Record, now: u64) -> bool {
    record.is_settled() || (record.counted && now >= record.deadline && !ballots::is_cascading(id))
}

/// Decides a proposal if it is due; returns what is to be carried out now, also of one that passed and has waited. What
/// was returned once is never returned again.
pub fn decide(id: u64, now: u64) -> Option<Adopted> {
    if !record::is_open(id) {
        return unlock(id, now);
    }
    let mut record = get(id).filter(|record| is_due(id, record, now))?;
    let carried = record.count().is_carried();
    record.decided = now;
    let call = record.call().filter(|_| carried);
    if carried && call.is_none() {
        record.executed = now;
    }
    record.called = call.is_some() && record.time_lock == 0;
    let Tally { yes, no, total, .. } = record.tally;
    audit::append(serde_json::json!({
        "type": "proposal_decided", "proposal": id, "adopted": carried, "yes": yes, "no": no, "total": total
    }));
    if carried {
        neurons::uncharge(&record.proposer, record.reject_cost);
    }
    work::remember(id, Some(Turn::Over));
    let at_once = call.filter(|_| record.called);
    put(id, record);
    at_once.map(|call| Adopted { proposal: id, call })
}

/// What is to be carried out of a proposal that passed and has waited long enough.
fn unlock(id: u64, now: u64) -> Option<Adopted> {
    let mut record = get(id).filter(|_| record::locked_until(id).is_some_and(|at| at <= now))?;
    let call = record.call()?;
    record.called = true;
    put(id, record);
    Some(Adopted { proposal: id, call })
}

/// Records how the governed method went.
pub fn carried_out(id: u64, outcome: Result<(), String>, now: u64) {
    let Some(mut record) = get(id) else { return };
    match outcome {
        Ok(()) => {
            record.executed = now;
            audit::append_as(system::this_canister(), serde_json::json!({"type": "proposal_executed", "proposal": id}));
        }
        Err(reason) => {
            audit::append_as(
                system::this_canister(),
                serde_json::json!({"type": "proposal_failed", "proposal": id, "reason": reason}),
            );
            record.failed = now;
            record.failure = Some(refused(ErrorType::External, reason));
        }
    }
    put(id, record);
}

/// What is taken back costs a tenth of what is rejected: it was stored, and asked others to look.
const TAKEN_BACK_COSTS_ONE_IN: u64 = 10;

/// Takes an open proposal back. A repeat is Ok.
pub fn withdraw(caller: &Principal, id: u64, now: u64) -> Result<(), Error> {
    let mut record =
        get(id).ok_or_else(|| Error::NotFound(why(format!("proposal {id}"), "there is none", "see list_proposals")))?;
    let controller = neurons::get(&record.proposer).map(|neuron| neuron.controller);
    if controller != Some(*caller) {
        return Err(Error::NotAuthorized(why(
            format!("proposal {id}"),
            "only its proposer takes it back",
            "vote against it instead",
        )));
    }
    if record.is_withdrawn() {
        return Ok(());
    }
    if record.decided > 0 || record.is_settled() || now >= record.deadline {
        return Err(Error::VoteClosed(why(
            format!("proposal {id}"),
            "its vote is over",
            "propose what undoes it instead",
        )));
    }
    record.decided = now;
    record.failed = now;
    record.failure = Some(refused(ErrorType::Withdrawn, "Withdrawn by its proposer."));
    neurons::uncharge(&record.proposer, record.reject_cost - record.reject_cost.div_ceil(TAKEN_BACK_COSTS_ONE_IN));
    audit::append(serde_json::json!({"type": "proposal_withdrawn", "proposal": id}));
    work::remember(id, Some(Turn::Over));
    put(id, record);
    Ok(())
}

/// The votes on a proposal as a reader sees them, at most 100, and the ballots of the reader's own neurons.
pub fn ballots_of(id: u64, record: &Record, reader: &Principal) -> Vec<(Id, Ballot)> {
    let mut ballots = ballots::of(id, governed::PAGE_LIMIT);
    for (neuron, ballot) in own_ballots(id, record, &neurons::ids_of(reader)) {
        if ballots.iter().all(|(listed, _)| *listed != neuron) {
            ballots.push((neuron, ballot));
        }
    }
    ballots
}

/// The ballots of some neurons, also those that have not voted.
pub fn own_ballots(id: u64, record: &Record, own: &[Id]) -> Vec<(Id, Ballot)> {
    own.iter().filter_map(|neuron| Some((*neuron, ballots::get(&record.question(id), neuron)?))).collect()
}

#[cfg(test)]
#[path = "proposals_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "cost_tests.rs"]
mod cost_tests;

#[cfg(test)]
#[path = "slots_tests.rs"]
mod slots_tests;
