//! Ballots: who may vote on a proposal and with what power, fixed when it is made; votes, followers' votes, and the
//! tally.

use crate::api::{Ballot, Tally};
use crate::memory;
use crate::neurons::{self, Id};
use ic_stable_structures::StableBTreeMap;
use std::cell::RefCell;
use stored::{Cbor, Memory};

pub const UNDECIDED: i32 = 0;
pub const YES: i32 = 1;
pub const NO: i32 = 2;

type Key = [u8; 40];

thread_local! {
    static BALLOTS: RefCell<StableBTreeMap<Key, Cbor<Ballot>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::BALLOTS)));
}

fn key(proposal: u64, neuron: &Id) -> Key {
    let mut key = [0; 40];
    key[..8].copy_from_slice(&proposal.to_be_bytes());
    key[8..].copy_from_slice(neuron);
    key
}

/// Hands out the ballots of a new proposal.
pub fn issue(proposal: u64, voters: &[(Id, u64)]) {
    BALLOTS.with_borrow_mut(|ballots| {
        for (neuron, voting_power) in voters {
            let ballot = Ballot { vote: UNDECIDED, cast_timestamp_seconds: 0, voting_power: *voting_power };
            ballots.insert(key(proposal, neuron), Cbor(ballot));
        }
    });
}

pub fn get(proposal: u64, neuron: &Id) -> Option<Ballot> {
    BALLOTS.with_borrow(|ballots| ballots.get(&key(proposal, neuron))).map(|ballot| ballot.0)
}

/// Casts a vote, and those of the neurons that follow, until nobody else is moved by it. Returns who voted, how, and
/// with what power.
pub fn cast(proposal: u64, function: u64, neuron: &Id, vote: i32, now: u64) -> Vec<(Id, i32, u64)> {
    let mut votes = Vec::new();
    let mut moved = vec![(*neuron, vote)];
    while !moved.is_empty() {
        for (neuron, vote) in &moved {
            if let Some(power) = mark(proposal, neuron, *vote, now) {
                votes.push((*neuron, *vote, power));
            }
        }
        moved = of(proposal, usize::MAX)
            .into_iter()
            .filter(|(_, ballot)| ballot.vote == UNDECIDED)
            .filter_map(|(id, _)| led(proposal, function, &id).map(|vote| (id, vote)))
            .collect();
    }
    votes
}

fn mark(proposal: u64, neuron: &Id, vote: i32, now: u64) -> Option<u64> {
    BALLOTS.with_borrow_mut(|ballots| {
        let key = key(proposal, neuron);
        let mut ballot = ballots.get(&key)?;
        let power = ballot.voting_power;
        ballot.vote = vote;
        ballot.cast_timestamp_seconds = now;
        ballots.insert(key, ballot);
        Some(power)
    })
}

/// How a neuron votes by its followees: yes when more than half say yes, no when half or more say no (then yes cannot
/// come any more).
fn led(proposal: u64, function: u64, id: &Id) -> Option<i32> {
    let neuron = neurons::get(id)?;
    let followees = neuron.followees_for(function);
    let count =
        |vote: i32| followees.iter().filter(|id| get(proposal, id).is_some_and(|ballot| ballot.vote == vote)).count();
    if followees.is_empty() {
        None
    } else if 2 * count(YES) > followees.len() {
        Some(YES)
    } else if 2 * count(NO) >= followees.len() {
        Some(NO)
    } else {
        None
    }
}

/// A proposal's ballots in order of neuron id.
pub fn of(proposal: u64, limit: usize) -> Vec<(Id, Ballot)> {
    BALLOTS.with_borrow(|ballots| {
        ballots
            .range(key(proposal, &[0; 32])..=key(proposal, &[0xff; 32]))
            .take(limit)
            .map(|entry| (entry.key()[8..].try_into().expect("the key ends in a neuron id"), entry.value().0))
            .collect()
    })
}

pub fn tally(proposal: u64, now: u64) -> Tally {
    let mut tally = Tally { no: 0, yes: 0, total: 0, timestamp_seconds: now };
    for (_, ballot) in of(proposal, usize::MAX) {
        tally.total = tally.total.saturating_add(ballot.voting_power);
        match ballot.vote {
            YES => tally.yes = tally.yes.saturating_add(ballot.voting_power),
            NO => tally.no = tally.no.saturating_add(ballot.voting_power),
            _ => {}
        }
    }
    tally
}
