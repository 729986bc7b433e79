//! Proposals as they are stored, and the numbers by which they are found.

use crate::api::{ExecuteGenericNervousSystemFunction, GovernanceError, Proposal, Tally};
use crate::ballots::Question;
use crate::errors::ErrorType;
use crate::memory;
use crate::neurons::Id;
use crate::power::Electorate;
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
}

fn yes() -> bool {
    true
}

thread_local! {
    static PROPOSALS: RefCell<StableBTreeMap<u64, Cbor<Record>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::PROPOSALS)));
    static OPEN: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN)));
    static LAST: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::LAST_PROPOSAL), 0));
}

pub fn get(id: u64) -> Option<Record> {
    PROPOSALS.with_borrow(|proposals| proposals.get(&id)).map(|record| record.0)
}

pub fn put(id: u64, record: Record) {
    OPEN.with_borrow_mut(|open| match record.decided {
        0 => open.insert(id, ()),
        _ => open.remove(&id),
    });
    PROPOSALS.with_borrow_mut(|proposals| proposals.insert(id, Cbor(record)));
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

/// Sets the newest number by the proposals there are: the version before had no record of it.
pub fn fill_last() {
    let newest = PROPOSALS.with_borrow(|proposals| proposals.last_key_value().map_or(0, |(last, _)| last));
    LAST.with_borrow_mut(|last| last.set(newest.max(*last.get())));
}

pub fn oldest_open() -> Option<u64> {
    OPEN.with_borrow(|open| open.first_key_value().map(|(id, ())| id))
}

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
        Question { proposal, function: self.function, electorate: self.electorate.as_ref(), catch_all: true }
    }

    /// The governed method that it calls.
    pub fn call(&self) -> Option<&ExecuteGenericNervousSystemFunction> {
        match &self.proposal.action {
            Some(crate::api::Action::ExecuteGenericNervousSystemFunction(call)) => Some(call),
            _ => None,
        }
    }

    /// True when no vote that may still come changes the outcome.
    pub fn is_settled(&self) -> bool {
        self.counted && self.count().is_settled()
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
