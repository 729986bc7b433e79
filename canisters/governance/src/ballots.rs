//! Votes: what a neuron said on a proposal and with what power, and the votes of those who follow it, asked in turns.

use crate::api::Ballot;
use crate::constitution::EVERY_OTHER;
use crate::following;
use crate::memory;
use crate::neurons::Id;
use crate::power::{self, Electorate};
use crate::steps::{Steps, OF_AN_ENTRY, OF_A_NEURON};
use ic_stable_structures::storable::Bound;
use ic_stable_structures::{StableBTreeMap, Storable};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;
use stored::{Cbor, Memory};

pub const UNDECIDED: i32 = 0;
pub const YES: i32 = 1;
pub const NO: i32 = 2;

type Key = [u8; 40];
type CascadeKey = (u64, u64);

/// A neuron that voted, and how far those who follow it were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asking {
    neuron: Id,
    /// First those who follow for just this function, then those who follow for every other.
    every_other: bool,
    after: Option<Id>,
}

/// A ballot as stored: who follows earns nothing by it.
#[derive(Serialize, Deserialize, Clone, Debug)]
struct Stored {
    vote: i32,
    cast_timestamp_seconds: u64,
    voting_power: u64,
    #[serde(default)]
    follows: bool,
}

impl Stored {
    fn ballot(&self) -> Ballot {
        let Stored { vote, cast_timestamp_seconds, voting_power, .. } = *self;
        Ballot { vote, cast_timestamp_seconds, voting_power }
    }
}

/// A vote that was cast just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    pub neuron: Id,
    pub vote: i32,
    pub power: u64,
}

/// What a vote is cast on. `electorate` is None for a proposal of the version that handed out ballots: their power is
/// theirs.
pub struct Question<'a> {
    pub proposal: u64,
    pub function: u64,
    pub electorate: Option<&'a Electorate>,
    /// Whether followers of "every other" function follow on this one.
    pub catch_all: bool,
}

thread_local! {
    static BALLOTS: RefCell<StableBTreeMap<Key, Cbor<Stored>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::BALLOTS)));
    static CASCADES: RefCell<StableBTreeMap<CascadeKey, Asking, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CASCADES)));
}

const VERSION: u8 = 1;

impl Storable for Asking {
    const BOUND: Bound = Bound::Bounded { max_size: 66, is_fixed_size: false };

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        let after: &[u8] = self.after.as_ref().map_or(&[], |after| after);
        Cow::Owned([&[VERSION, u8::from(self.every_other)], &self.neuron[..], after].concat())
    }

    fn into_bytes(self) -> Vec<u8> {
        self.to_bytes().into_owned()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        assert!(bytes[0] == VERSION, "a stored cascade has a version this code does not know");
        let id = |from: usize| Id::try_from(&bytes[from..from + 32]).expect("a neuron id has 32 bytes");
        Asking { every_other: bytes[1] > 0, neuron: id(2), after: (bytes.len() > 34).then(|| id(34)) }
    }
}

fn key(proposal: u64, neuron: &Id) -> Key {
    let mut key = [0; 40];
    key[..8].copy_from_slice(&proposal.to_be_bytes());
    key[8..].copy_from_slice(neuron);
    key
}

fn stored(proposal: u64, neuron: &Id) -> Option<Ballot> {
    BALLOTS.with_borrow(|ballots| ballots.get(&key(proposal, neuron))).map(|stored| stored.ballot())
}

/// A neuron's ballot: its vote, or the power with which it may still vote. None for one that has no vote.
pub fn get(question: &Question, neuron: &Id) -> Option<Ballot> {
    stored(question.proposal, neuron).or_else(|| {
        let voting_power = question.electorate?.weigh(&power::when(neuron, question.proposal)?);
        (voting_power > 0).then_some(Ballot { vote: UNDECIDED, cast_timestamp_seconds: 0, voting_power })
    })
}

/// Casts a neuron's own vote; its followers are asked by [`cascade`].
pub fn cast(question: &Question, neuron: &Id, vote: i32, now: u64) -> Option<Cast> {
    write(question, neuron, vote, now, false)
}

fn write(question: &Question, neuron: &Id, vote: i32, now: u64, follows: bool) -> Option<Cast> {
    let ballot = get(question, neuron).filter(|ballot| ballot.vote == UNDECIDED)?;
    let power = ballot.voting_power;
    let stored = Stored { vote, cast_timestamp_seconds: now, voting_power: power, follows };
    BALLOTS.with_borrow_mut(|ballots| ballots.insert(key(question.proposal, neuron), Cbor(stored)));
    if following::is_followed(question.function, neuron) {
        CASCADES.with_borrow_mut(|cascades| {
            let last = cascades.range((question.proposal, 0)..=(question.proposal, u64::MAX)).next_back();
            let number = last.map_or(0, |entry| entry.key().1 + 1);
            let asking = Asking { neuron: *neuron, every_other: false, after: None };
            cascades.insert((question.proposal, number), asking);
        });
    }
    Some(Cast { neuron: *neuron, vote, power })
}

/// Whether there are followers left to ask.
pub fn is_cascading(proposal: u64) -> bool {
    first(proposal).is_some()
}

fn first(proposal: u64) -> Option<(CascadeKey, Asking)> {
    CASCADES.with_borrow(|cascades| {
        cascades.range((proposal, 0)..=(proposal, u64::MAX)).next().map(|entry| (*entry.key(), entry.value()))
    })
}

const FOLLOWERS_AT_ONCE: usize = 50;

/// Asks followers, in the order in which their followees voted, until nobody is left to ask or the steps are spent.
/// Returns the votes that follow. The order decides nothing: a vote stands, and what most followees say stays so.
pub fn cascade(question: &Question, now: u64, steps: &mut Steps) -> Vec<Cast> {
    let mut votes = Vec::new();
    while !steps.are_spent() {
        let Some((key, mut asking)) = first(question.proposal) else { break };
        steps.take(2);
        let function = if asking.every_other { EVERY_OTHER } else { question.function };
        let page = following::followers(function, &asking.neuron, asking.after.as_ref(), FOLLOWERS_AT_ONCE);
        let mut asked = 0;
        for follower in &page {
            if steps.are_spent() {
                break;
            }
            asked += 1;
            asking.after = Some(*follower);
            steps.take(1);
            if asking.every_other && following::has_own(follower, question.function) {
                continue;
            }
            if let Some(vote) = led(question, function, follower, steps) {
                steps.take(4 + OF_AN_ENTRY);
                votes.extend(write(question, follower, vote, now, true));
            }
        }
        let all_asked = asked == page.len() && page.len() < FOLLOWERS_AT_ONCE;
        CASCADES.with_borrow_mut(|cascades| match (all_asked, asking.every_other || !question.catch_all) {
            (true, true) => cascades.remove(&key),
            (true, false) => cascades.insert(key, Asking { every_other: true, after: None, ..asking }),
            (false, _) => cascades.insert(key, asking),
        });
    }
    votes
}

/// How a neuron votes by its followees, unless it has voted: yes when more than half say yes, no when half or more say
/// no (then yes cannot come any more).
fn led(question: &Question, function: u64, follower: &Id, steps: &mut Steps) -> Option<i32> {
    steps.take(2);
    if stored(question.proposal, follower).is_some_and(|ballot| ballot.vote != UNDECIDED) {
        return None;
    }
    let followees = following::own(follower, function);
    let (mut yes, mut no) = (0, 0);
    for followee in &followees {
        steps.take(1);
        match stored(question.proposal, followee).map(|ballot| ballot.vote) {
            Some(YES) => yes += 1,
            Some(NO) => no += 1,
            _ => {}
        }
        if 2 * yes > followees.len() {
            return Some(YES);
        }
        if 2 * no >= followees.len() {
            return Some(NO);
        }
    }
    None
}

/// Forgets whom to ask: the proposal is decided.
pub fn stop_cascade(proposal: u64, steps: &mut Steps) {
    while !steps.are_spent() {
        let Some((key, _)) = first(proposal) else { return };
        steps.take(2);
        CASCADES.with_borrow_mut(|cascades| cascades.remove(&key));
    }
}

/// Forgets the ballots of a decided proposal, as an SNS does; the log keeps each vote. `own` is told of each that was
/// not cast by following. True when all are gone.
pub fn forget(proposal: u64, steps: &mut Steps, own: impl Fn(&Id, i32)) -> bool {
    let range = key(proposal, &[0; 32])..=key(proposal, &[0xff; 32]);
    while !steps.are_spent() {
        let some: Vec<(Key, Stored)> = BALLOTS.with_borrow(|ballots| {
            let some = ballots.range(range.clone()).take(BALLOTS_AT_ONCE);
            some.map(|entry| (*entry.key(), entry.value().0)).collect()
        });
        if some.is_empty() {
            return true;
        }
        for (key, ballot) in some {
            steps.take(2);
            if !ballot.follows && ballot.vote != UNDECIDED {
                steps.take(OF_A_NEURON);
                own(&key[8..].try_into().expect("the key ends in a neuron id"), ballot.vote);
            }
            BALLOTS.with_borrow_mut(|ballots| ballots.remove(&key));
        }
    }
    false
}

const BALLOTS_AT_ONCE: usize = 20;

/// A proposal's votes in order of neuron id.
pub fn of(proposal: u64, limit: usize) -> Vec<(Id, Ballot)> {
    BALLOTS.with_borrow(|ballots| {
        ballots
            .range(key(proposal, &[0; 32])..=key(proposal, &[0xff; 32]))
            .take(limit)
            .map(|entry| (entry.key()[8..].try_into().expect("the key ends in a neuron id"), entry.value().ballot()))
            .collect()
    })
}

/// Hands a ballot out, as the version before did with all.
#[cfg(test)]
pub fn issue(proposal: u64, neuron: &Id, voting_power: u64) {
    #[derive(Serialize)]
    struct Old {
        vote: i32,
        cast_timestamp_seconds: u64,
        voting_power: u64,
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&Old { vote: UNDECIDED, cast_timestamp_seconds: 0, voting_power }, &mut bytes).unwrap();
    let stored: Stored = ciborium::from_reader(bytes.as_slice()).unwrap();
    BALLOTS.with_borrow_mut(|ballots| ballots.insert(key(proposal, neuron), Cbor(stored)));
}
