//! Proposals: made, voted on, decided early or at the deadline, taken back.

use crate::api::*;
use crate::ballots::{self, NO, UNDECIDED, YES};
use crate::errors::{refused, Error, ErrorType};
use crate::neurons::{self, Id};
use crate::{constitution, memory, natives};
use candid::Principal;
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::limits::{MAX_PAYLOAD_BYTES, MAX_PROPOSAL_REFERENCE_BYTES, MAX_SUMMARY_BYTES, MAX_TITLE_BYTES};
use protocol::votes::{Count, Outcome, Standing};
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use stored::{Cbor, Memory};

const MAX_URL_BYTES: usize = 2_048;
const MAX_MOTION_BYTES: usize = 10_000;
const REF_PREFIX: &str = "livepod:";

/// A proposal as stored. Times in seconds, 0 = not yet.
#[derive(serde::Serialize, serde::Deserialize, Clone, Debug)]
pub struct Record {
    pub proposal: Proposal,
    pub function: u64,
    pub rendering: String,
    pub proposer: Id,
    pub created: u64,
    pub deadline: u64,
    pub quorum_basis_points: u64,
    pub tally: Tally,
    pub decided: u64,
    pub executed: u64,
    pub failed: u64,
    pub failure: Option<GovernanceError>,
}

thread_local! {
    static PROPOSALS: RefCell<StableBTreeMap<u64, Cbor<Record>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::PROPOSALS)));
    static CLIENT_REFS: RefCell<StableBTreeMap<Vec<u8>, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CLIENT_REFS)));
    static OPEN: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN)));
}

/// What has to be carried out after a decision: the proposal's number and its governed method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    pub proposal: u64,
    pub call: ExecuteGenericNervousSystemFunction,
}

pub fn get(id: u64) -> Option<Record> {
    PROPOSALS.with_borrow(|proposals| proposals.get(&id)).map(|record| record.0)
}

fn put(id: u64, record: Record) {
    OPEN.with_borrow_mut(|open| match record.decided {
        0 => open.insert(id, ()),
        _ => open.remove(&id),
    });
    PROPOSALS.with_borrow_mut(|proposals| proposals.insert(id, Cbor(record)));
}

/// The client reference in a proposal's url, `livepod:<reference>`.
fn client_ref(proposal: &Proposal) -> Option<&str> {
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

/// Checks what a proposal says before anybody is asked, and that the neuron may propose.
pub fn check(proposer: &neurons::Neuron, proposal: &Proposal, now: u64) -> Result<(), GovernanceError> {
    let rules = constitution::parameters();
    if proposer.voting_power(&rules, now) == 0 || proposer.stake < rules.neuron_minimum_stake_e8s {
        let message = format!(
            "A proposer needs {} e8s of stake and a dissolve delay of {} seconds; add stake or increase the delay.",
            rules.neuron_minimum_stake_e8s, rules.neuron_minimum_dissolve_delay_to_vote_seconds
        );
        return Err(refused(ErrorType::PreconditionFailed, message));
    }
    let too_long = |what: &str, limit: usize| {
        Err(refused(ErrorType::InvalidProposal, format!("The {what} has more than {limit} bytes; shorten it.")))
    };
    if proposal.title.len() > MAX_TITLE_BYTES {
        return too_long("title", MAX_TITLE_BYTES);
    }
    if proposal.summary.len() > MAX_SUMMARY_BYTES {
        return too_long("summary", MAX_SUMMARY_BYTES);
    }
    if proposal.url.len() > MAX_URL_BYTES {
        return too_long("url", MAX_URL_BYTES);
    }
    let fits = |reference: &str| (1..=MAX_PROPOSAL_REFERENCE_BYTES).contains(&reference.len());
    if client_ref(proposal).is_some_and(|reference| !fits(reference)) {
        return Err(refused(
            ErrorType::InvalidProposal,
            format!("A client reference has 1 to {MAX_PROPOSAL_REFERENCE_BYTES} bytes; choose another."),
        ));
    }
    match &proposal.action {
        Some(Action::Motion(motion)) if motion.motion_text.len() > MAX_MOTION_BYTES => {
            too_long("motion", MAX_MOTION_BYTES)
        }
        Some(Action::Motion(_)) => Ok(()),
        Some(Action::ExecuteGenericNervousSystemFunction(call)) if call.payload.len() > MAX_PAYLOAD_BYTES => {
            too_long("payload", MAX_PAYLOAD_BYTES)
        }
        Some(Action::ExecuteGenericNervousSystemFunction(call))
            if constitution::function(call.function_id).is_none() =>
        {
            let message = format!("There is no function {}; see list_nervous_system_functions.", call.function_id);
            Err(refused(ErrorType::InvalidProposal, message))
        }
        Some(Action::ExecuteGenericNervousSystemFunction(_)) => Ok(()),
        Some(action @ (Action::AddGenericNervousSystemFunction(_) | Action::RemoveGenericNervousSystemFunction(_))) => {
            natives::in_words(action).map(drop)
        }
        Some(Action::Unspecified(_)) | None => {
            Err(refused(ErrorType::InvalidProposal, "The proposal has no action this governance knows."))
        }
    }?;
    if OPEN.with_borrow(|open| open.len()) >= constitution::MAX_OPEN_PROPOSALS {
        return Err(refused(ErrorType::ResourceExhausted, "Too many proposals are open; wait until some are decided."));
    }
    Ok(())
}

/// Puts a checked proposal to the vote; its proposer votes yes, as on SNS. Returns its number.
pub fn submit(proposer: Id, proposal: Proposal, rendering: String, now: u64) -> u64 {
    let rules = constitution::parameters();
    let id = PROPOSALS.with_borrow(|proposals| proposals.last_key_value().map_or(1, |(last, _)| last + 1));
    let function = natives::call_of(&proposal.action).map_or(constitution::MOTION, |call| call.function_id);
    if let Some(reference) = client_ref(&proposal) {
        CLIENT_REFS.with_borrow_mut(|refs| refs.insert(ref_key(&proposer, reference), id));
    }
    let deadline = now.saturating_add(rules.voting_period_seconds);
    ballots::issue(id, &neurons::voters(now));
    audit::append(serde_json::json!({
        "type": "proposal_made",
        "proposal": id,
        "function": function,
        "proposer": neurons::hex(&proposer),
        "title": proposal.title,
        "reference": client_ref(&proposal),
        "payload": fingerprint(&payload(&proposal)),
        "rendering": fingerprint(rendering.as_bytes()),
        "deadline": deadline, "quorum": rules.quorum_basis_points, "total": ballots::tally(id, now).total,
    }));
    count(id, function, &proposer, YES, now);
    let record = Record {
        proposal,
        function,
        rendering,
        proposer,
        created: now,
        deadline,
        quorum_basis_points: rules.quorum_basis_points,
        tally: ballots::tally(id, now),
        decided: 0,
        executed: 0,
        failed: 0,
        failure: None,
    };
    put(id, record);
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

/// Casts a vote and those that follow from it; the log names each with its power, the caller's own first.
fn count(id: u64, function: u64, neuron: &Id, vote: i32, now: u64) {
    for (voter, vote, power) in ballots::cast(id, function, neuron, vote, now) {
        audit::append(serde_json::json!({
            "type": "voted",
            "proposal": id,
            "neuron": neurons::hex(&voter),
            "vote": vote,
            "power": power,
            "follows": voter != *neuron,
        }));
    }
}

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
    let ballot = ballots::get(id, neuron).ok_or_else(|| {
        refused(
            ErrorType::PreconditionFailed,
            format!("The neuron had no voting power when proposal {id} was made; it may vote on later ones."),
        )
    })?;
    if ballot.vote != UNDECIDED {
        return Err(refused(ErrorType::AlreadyVoted, format!("The neuron has voted on proposal {id}; a vote stands.")));
    }
    count(id, record.function, neuron, vote, now);
    record.tally = ballots::tally(id, now);
    put(id, record);
    Ok(())
}

impl Record {
    fn count(&self) -> Count {
        let Tally { yes, no, total, .. } = self.tally;
        Count { yes, no, total, quorum_basis_points: self.quorum_basis_points }
    }

    /// True when no vote that may still come changes the outcome, or the time is up.
    fn is_due(&self, now: u64) -> bool {
        self.count().is_settled() || now >= self.deadline
    }

    fn is_withdrawn(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.error_type == ErrorType::Withdrawn as i32)
    }

    pub fn outcome(&self) -> Outcome {
        Standing {
            count: self.count(),
            decided: self.decided > 0,
            executed: self.executed > 0,
            failed: self.failed > 0,
            withdrawn: self.is_withdrawn(),
        }
        .outcome()
    }

    pub fn state_in_words(&self) -> &'static str {
        match self.outcome() {
            Outcome::Withdrawn => "withdrawn",
            Outcome::Failed => "adopted, and failed to execute",
            Outcome::Executed => "adopted and executed",
            Outcome::Open => "open",
            Outcome::Adopted => "adopted",
            Outcome::Rejected => "rejected",
        }
    }

    /// SNS: ProposalDecisionStatus.
    fn status(&self) -> i32 {
        match self.outcome() {
            Outcome::Open => 1,
            Outcome::Rejected => 2,
            Outcome::Adopted => 3,
            Outcome::Executed => 4,
            Outcome::Failed | Outcome::Withdrawn => 5,
        }
    }
}

/// Decides a proposal if it is due; returns what is to be carried out. A decided one is left alone.
pub fn decide(id: u64, now: u64) -> Option<Adopted> {
    let mut record = get(id).filter(|record| record.decided == 0 && record.is_due(now))?;
    let carried = record.count().is_carried();
    record.decided = now;
    let call = natives::call_of(&record.proposal.action).filter(|_| carried);
    if carried && call.is_none() {
        record.executed = now;
    }
    let Tally { yes, no, total, .. } = record.tally;
    audit::append(serde_json::json!({
        "type": "proposal_decided", "proposal": id, "adopted": carried, "yes": yes, "no": no, "total": total
    }));
    put(id, record);
    call.map(|call| Adopted { proposal: id, call })
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
    if record.decided > 0 || record.is_due(now) {
        return Err(Error::VoteClosed(why(
            format!("proposal {id}"),
            "its vote is over",
            "propose what undoes it instead",
        )));
    }
    record.decided = now;
    record.failed = now;
    record.failure = Some(refused(ErrorType::Withdrawn, "Withdrawn by its proposer."));
    audit::append(serde_json::json!({"type": "proposal_withdrawn", "proposal": id}));
    put(id, record);
    Ok(())
}

/// Open proposals with their deadlines.
pub fn open() -> Vec<(u64, u64)> {
    let ids: Vec<u64> = OPEN.with_borrow(|open| open.keys().collect());
    ids.into_iter().filter_map(|id| get(id).map(|record| (id, record.deadline))).collect()
}

/// Proposals newest first, of those that are wanted.
pub fn newest(before: Option<u64>, limit: usize, wanted: impl Fn(&Record) -> bool) -> Vec<(u64, Record)> {
    PROPOSALS.with_borrow(|proposals| {
        let found = proposals.range(..before.unwrap_or(u64::MAX)).rev().map(|entry| (*entry.key(), entry.value().0));
        found.filter(|(_, record)| wanted(record)).take(limit).collect()
    })
}

/// A proposal as SNS clients read it.
pub fn to_api(id: u64, record: &Record, ballots: Vec<(Id, Ballot)>) -> ProposalData {
    ProposalData {
        id: Some(ProposalId { id }),
        payload_text_rendering: Some(record.rendering.clone()),
        action: record.function,
        failure_reason: record.failure.clone(),
        ballots: ballots.into_iter().map(|(neuron, ballot)| (neurons::hex(&neuron), ballot)).collect(),
        minimum_yes_proportion_of_total: Some(Percentage { basis_points: Some(record.quorum_basis_points) }),
        reward_event_round: 0,
        failed_timestamp_seconds: record.failed,
        reward_event_end_timestamp_seconds: None,
        proposal_creation_timestamp_seconds: record.created,
        initial_voting_period_seconds: record.deadline - record.created,
        reject_cost_e8s: 0,
        latest_tally: Some(record.tally.clone()),
        wait_for_quiet_deadline_increase_seconds: 0,
        decided_timestamp_seconds: record.decided,
        proposal: Some(record.proposal.clone()),
        proposer: Some(NeuronId { id: ByteBuf::from(record.proposer) }),
        wait_for_quiet_state: Some(WaitForQuietState { current_deadline_timestamp_seconds: record.deadline }),
        minimum_yes_proportion_of_exercised: Some(Percentage { basis_points: Some(5_000) }),
        is_eligible_for_rewards: false,
        executed_timestamp_seconds: record.executed,
    }
}

/// Proposals newest first, with the caller's ballots.
pub fn page(caller: &Principal, request: &ListProposals) -> Vec<ProposalData> {
    let before = request.before_proposal.as_ref().map_or(u64::MAX, |proposal| proposal.id);
    let mine = neurons::ids_of(caller);
    let ballots =
        |id: u64| mine.iter().filter_map(|neuron| ballots::get(id, neuron).map(|ballot| (*neuron, ballot))).collect();
    PROPOSALS.with_borrow(|proposals| {
        proposals
            .range(..before)
            .rev()
            .filter(|entry| {
                let record = entry.value();
                let wanted = request.include_status.is_empty() || request.include_status.contains(&record.status());
                wanted && !request.exclude_type.contains(&record.function)
            })
            .take(governed::page_size(request.limit))
            .map(|entry| to_api(*entry.key(), &entry.value(), ballots(*entry.key())))
            .collect()
    })
}

#[cfg(test)]
#[path = "proposals_tests.rs"]
mod tests;
