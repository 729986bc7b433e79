//! Proposals as they are stored, and the numbers by which they are found.

use crate::api::Lane;
use crate::api::{ExecuteGenericNervousSystemFunction, GovernanceError, Proposal, Tally};
use crate::ballots::Question;
use crate::errors::ErrorType;
use crate::neurons::Id;
use crate::power::Electorate;
use crate::{memory, natives};
use ic_stable_structures::{StableBTreeMap, StableCell};
use protocol::votes::{Count, Outcome, Standing};
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// A proposal. Times in seconds, 0 = not yet.
#[derive(serde::Serialize, serde::Deserialize, Clone, Debug)]
pub struct Record {
    pub proposal: Proposal,
    pub function: u64,
    pub rendering: String,
    pub proposer: Id,
    pub created: u64,
    pub deadline: u64,
    pub quorum_basis_points: u64,
    /// Kept with each vote; `total` is whole once the voters are counted.
    pub tally: Tally,
    pub decided: u64,
    pub executed: u64,
    pub failed: u64,
    pub failure: Option<GovernanceError>,
    /// How it weighs neurons. None in records of the version that handed out ballots.
    #[serde(default)]
    pub electorate: Option<Electorate>,
    /// Whether the sum of all power is known; it was, always, in the version before.
    #[serde(default = "yes")]
    pub counted: bool,
    #[serde(default)]
    pub lane: Lane,
    /// What the proposer was charged, in e8s; given back when the proposal is adopted.
    #[serde(default)]
    pub reject_cost: u64,
    /// How long the vote lasts at first, and by how much it grows when it turns (SNS: wait for quiet). 0 in records of
    /// the version before, whose deadline stood.
    #[serde(default)]
    pub period: u64,
    #[serde(default)]
    pub wait_for_quiet: u64,
    /// Between passing and being carried out.
    #[serde(default)]
    pub time_lock: u64,
    /// Whether its method was called: never twice.
    #[serde(default)]
    pub called: bool,
}

fn yes() -> bool {
    true
}

thread_local! {
    static PROPOSALS: RefCell<StableBTreeMap<u64, Cbor<Record>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::PROPOSALS)));
    static OPEN: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN)));
    static OPEN_OF: RefCell<StableBTreeMap<[u8; 41], (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN_OF)));
    static OPEN_IN: RefCell<StableBTreeMap<(u8, u64), (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN_IN)));
    static OVER: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OVER)));
    static CARRIED_OUT: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CARRIED_OUT)));
    static LOCKED: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::LOCKED)));
    static LAST: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::LAST_PROPOSAL), 0));
}

pub fn get(id: u64) -> Option<Record> {
    PROPOSALS.with_borrow(|proposals| proposals.get(&id)).map(|record| record.0)
}

pub fn put(id: u64, record: Record) {
    let is_open = record.decided == 0;
    let locked_until = record.locked_until();
    LOCKED.with_borrow_mut(|locked| match locked_until {
        Some(at) => locked.insert(id, at),
        None => locked.remove(&id),
    });
    let set = |map: &mut StableBTreeMap<u64, (), Memory>, there: bool| match there {
        true => map.insert(id, ()),
        false => map.remove(&id),
    };
    OPEN.with_borrow_mut(|open| set(open, is_open));
    let (of, into) = (of_key(&record.proposer, record.lane, id), (record.lane as u8, id));
    OPEN_OF.with_borrow_mut(|open| if is_open { open.insert(of, ()) } else { open.remove(&of) });
    OPEN_IN.with_borrow_mut(|open| if is_open { open.insert(into, ()) } else { open.remove(&into) });
    let outcome = record.outcome();
    CARRIED_OUT.with_borrow_mut(|over| set(over, outcome == Outcome::Executed));
    let in_vain = matches!(outcome, Outcome::Rejected | Outcome::Failed | Outcome::Withdrawn);
    OVER.with_borrow_mut(|over| set(over, in_vain));
    PROPOSALS.with_borrow_mut(|proposals| proposals.insert(id, Cbor(record)));
}

fn of_key(proposer: &Id, lane: Lane, id: u64) -> [u8; 41] {
    let mut key = [0; 41];
    key[..32].copy_from_slice(proposer);
    key[32] = lane as u8;
    key[33..].copy_from_slice(&id.to_be_bytes());
    key
}

/// How many open proposals in a lane a neuron has, up to a number.
pub fn count_open_of(proposer: &Id, lane: Lane, up_to: usize) -> usize {
    let range = of_key(proposer, lane, 0)..=of_key(proposer, lane, u64::MAX);
    OPEN_OF.with_borrow(|open| open.range(range).take(up_to).count())
}

/// Open proposals of a lane, oldest first.
pub fn open_in(lane: Lane, limit: usize) -> Vec<u64> {
    let range = (lane as u8, 0)..=(lane as u8, u64::MAX);
    OPEN_IN.with_borrow(|open| open.range(range).take(limit).map(|entry| entry.key().1).collect())
}

/// How many proposals are kept that were carried out, and that were not. The log names all there ever were.
const KEPT_CARRIED_OUT: u64 = 10_000;
const KEPT: u64 = 1_000;

/// Forgets the oldest of those that are over and more than are kept; returns it.
pub fn forget_oldest() -> Option<Record> {
    let oldest = |over: &StableBTreeMap<u64, (), Memory>, kept: u64| {
        (over.len() > kept).then(|| over.first_key_value().map(|(id, ())| id)).flatten()
    };
    let id = OVER
        .with_borrow(|over| oldest(over, KEPT))
        .or_else(|| CARRIED_OUT.with_borrow(|over| oldest(over, KEPT_CARRIED_OUT)))?;
    OVER.with_borrow_mut(|over| over.remove(&id));
    CARRIED_OUT.with_borrow_mut(|over| over.remove(&id));
    PROPOSALS.with_borrow_mut(|proposals| proposals.remove(&id)).map(|record| record.0)
}

/// The number of the newest proposal; 0 before the first.
pub fn last() -> u64 {
    LAST.with_borrow(|last| *last.get())
}

/// A number that no proposal has had.
pub fn next_number() -> u64 {
    let next = last() + 1;
    LAST.with_borrow_mut(|last| last.set(next));
    next
}

/// Fills what the version before had no record of: the newest number, and the indexes of open and of past proposals.
pub fn fill_indexes() {
    if last() > 0 {
        return;
    }
    let ids: Vec<u64> = PROPOSALS.with_borrow(|proposals| proposals.keys().collect());
    for id in ids {
        if let Some(record) = get(id) {
            put(id, record);
        }
    }
    let newest = PROPOSALS.with_borrow(|proposals| proposals.last_key_value().map_or(0, |(last, _)| last));
    LAST.with_borrow_mut(|last| last.set(newest.max(*last.get())));
}

pub fn is_open(id: u64) -> bool {
    OPEN.with_borrow(|open| open.contains_key(&id))
}

/// When a proposal that passed is carried out; None for one that waits for nothing.
pub fn locked_until(id: u64) -> Option<u64> {
    LOCKED.with_borrow(|locked| locked.get(&id))
}

/// Proposals that passed and wait, with when they are carried out.
pub fn locked() -> Vec<(u64, u64)> {
    LOCKED.with_borrow(|locked| locked.iter().map(|entry| (*entry.key(), entry.value())).collect())
}

pub fn oldest_open() -> Option<u64> {
    OPEN.with_borrow(|open| open.first_key_value().map(|(id, ())| id))
}

/// How many proposals are open, in all lanes.
pub fn count_open() -> u64 {
    OPEN.with_borrow(|open| open.len())
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

impl Record {
    pub fn count(&self) -> Count {
        let Tally { yes, no, total, .. } = self.tally;
        Count { yes, no, total, quorum_basis_points: self.quorum_basis_points }
    }

    /// What its voters are asked, as far as counting goes.
    pub fn question(&self, proposal: u64) -> Question<'_> {
        let catch_all = self.lane != Lane::Constitutional;
        Question { proposal, function: self.function, electorate: self.electorate.as_ref(), catch_all }
    }

    /// The governed method that it calls.
    pub fn call(&self) -> Option<ExecuteGenericNervousSystemFunction> {
        natives::call_of(&self.proposal.action)
    }

    /// True when no vote that may still come changes the outcome. A longer vote is not cut short by a majority for it.
    pub fn is_settled(&self) -> bool {
        let against = self.count().is_settled() && !self.count().is_carried();
        self.counted && (against || (self.count().is_settled() && self.lane != Lane::Constitutional))
    }

    /// When it is carried out, if it passed, calls a method, and has not called it.
    fn locked_until(&self) -> Option<u64> {
        let waits = self.decided > 0 && !self.called && self.time_lock > 0 && self.call().is_some();
        (waits && self.outcome() == Outcome::Adopted).then(|| self.decided.saturating_add(self.time_lock))
    }

    /// Moves the deadline if the vote has turned (SNS: ProposalData::evaluate_wait_for_quiet). True when it has moved.
    pub fn wait_for_quiet(&mut self, before: &Tally, now: u64) -> bool {
        let turned = (before.yes > before.no) != (self.tally.yes > self.tally.no);
        if !turned || self.period == 0 || now > self.deadline || self.is_settled() {
            return false;
        }
        let elapsed = now.saturating_sub(self.created);
        let margin = self.wait_for_quiet.saturating_add(self.period / 2).saturating_sub(elapsed / 2);
        let deadline = now.saturating_add(margin);
        let moves = deadline > self.deadline;
        self.deadline = deadline.max(self.deadline);
        moves
    }

    pub fn is_withdrawn(&self) -> bool {
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
    pub fn status(&self) -> i32 {
        match self.outcome() {
            Outcome::Open => 1,
            Outcome::Rejected => 2,
            Outcome::Adopted => 3,
            Outcome::Executed => 4,
            Outcome::Failed | Outcome::Withdrawn => 5,
        }
    }
}
