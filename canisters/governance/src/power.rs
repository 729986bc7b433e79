//! What a neuron's vote weighs: its state as far as voting power depends on it, now and as it was when each open
//! proposal was made.
//!
//! A proposal hands out no ballots. Before a neuron changes, what it was is kept for the proposals that are open
//! ([`HISTORY`]), so that the power it had at any of them is computed when it votes: making a proposal costs the same
//! with ten neurons and with 100,000, and stake that comes later does not vote. Only the sum of all power needs a pass
//! over the neurons, which [`crate::electorate`] makes in turns.

use crate::api::Weight;
use crate::memory;
use crate::neurons::{Dissolve, Id, NOT_AGING};
use ic_stable_structures::storable::Bound;
use ic_stable_structures::{StableBTreeMap, Storable};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Bound::{Excluded, Unbounded};
use stored::Memory;

/// A neuron as far as its voting power goes; times in seconds, amounts in e8s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Stake less the fees it owes.
    pub stake: u64,
    pub aging_since: u64,
    pub dissolve: Dissolve,
    pub reputation: Reputation,
}

/// What a neuron has earned by what it did, in points, and since when they decay. It is the neuron's, whose controller
/// never changes: it cannot be passed on.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reputation {
    pub points: u64,
    pub since: u64,
}

/// The most that count. What is above still decays before it matters.
pub const FULL_REPUTATION: u64 = 900;
/// What a vote by reputation weighs without any.
const NO_REPUTATION: u64 = 100;
/// After so long half is left.
const HALF_LIFE_SECONDS: u64 = 180 * 86_400;

impl Reputation {
    /// The points that are left at a time: halved with each half-life, in a straight line between.
    pub fn at(&self, now: u64) -> u64 {
        let passed = now.saturating_sub(self.since);
        let (halvings, rest) = (passed / HALF_LIFE_SECONDS, passed % HALF_LIFE_SECONDS);
        let whole = self.points.checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX)).unwrap_or(0);
        let lost = u128::from(whole) * u128::from(rest) / (2 * u128::from(HALF_LIFE_SECONDS));
        whole - lost as u64
    }

    /// With some more earned, or (negative) lost.
    pub fn with(&self, points: i64, now: u64) -> Reputation {
        let points = self.at(now).saturating_add_signed(points).min(2 * FULL_REPUTATION);
        Reputation { points, since: now }
    }
}

/// A state, and the proposals that it holds for: those from `since` on that are above `changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    state: State,
    /// The first proposal that was made after the neuron.
    since: u64,
    /// The last proposal that was made before the neuron's last change.
    changed: u64,
}

/// How a proposal weighs neurons, fixed when it is made.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Electorate {
    pub at: u64,
    pub minimum_delay: u64,
    pub longest_delay: u64,
    pub delay_bonus_percentage: u64,
    pub oldest_age: u64,
    pub age_bonus_percentage: u64,
    #[serde(default)]
    pub weight: Weight,
    /// The most that a capped vote weighs, in e8s.
    #[serde(default)]
    pub cap: u64,
}

thread_local! {
    static POWERS: RefCell<StableBTreeMap<Id, Held, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::POWERS)));
    static HISTORY: RefCell<StableBTreeMap<[u8; 40], Held, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::POWER_HISTORY)));
}

const VERSION: u8 = 1;
const DELAY: u8 = 0;
const AT: u8 = 1;
const BYTES: usize = 58;

impl Storable for Held {
    const BOUND: Bound = Bound::Bounded { max_size: 96, is_fixed_size: false };

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        let (kind, seconds) = match self.state.dissolve {
            Dissolve::Delay(seconds) => (DELAY, seconds),
            Dissolve::At(seconds) => (AT, seconds),
        };
        let mut bytes = vec![VERSION, kind];
        let State { stake, aging_since, reputation: Reputation { points, since }, .. } = self.state;
        for number in [stake, aging_since, seconds, self.since, self.changed, points, since] {
            bytes.extend(number.to_be_bytes());
        }
        Cow::Owned(bytes)
    }

    fn into_bytes(self) -> Vec<u8> {
        self.to_bytes().into_owned()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        assert!(bytes.len() >= BYTES && bytes[0] == VERSION, "a stored power has a version this code does not know");
        let number =
            |n: usize| u64::from_be_bytes(bytes[2 + 8 * n..10 + 8 * n].try_into().expect("a number has 8 bytes"));
        let dissolve = match bytes[1] {
            DELAY => Dissolve::Delay(number(2)),
            _ => Dissolve::At(number(2)),
        };
        let reputation = Reputation { points: number(5), since: number(6) };
        let state = State { stake: number(0), aging_since: number(1), dissolve, reputation };
        Held { state, since: number(3), changed: number(4) }
    }
}

fn key(neuron: &Id, proposal: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(neuron);
    key[32..].copy_from_slice(&proposal.to_be_bytes());
    key
}

/// Records what a neuron is from now on. `last` is the newest proposal, `oldest_open` the oldest that may still be
/// voted on.
pub fn set(neuron: Id, state: State, last: u64, oldest_open: Option<u64>) {
    let before = POWERS.with_borrow(|powers| powers.get(&neuron));
    let held = match before {
        Some(before) if before.state == state => return,
        Some(before) => {
            keep(neuron, before, last, oldest_open);
            Held { state, since: before.since, changed: last }
        }
        None => Held { state, since: last + 1, changed: last },
    };
    POWERS.with_borrow_mut(|powers| powers.insert(neuron, held));
}

/// Forgets a neuron, but for the proposals that are open.
pub fn remove(neuron: Id, last: u64, oldest_open: Option<u64>) {
    if let Some(before) = POWERS.with_borrow_mut(|powers| powers.remove(&neuron)) {
        keep(neuron, before, last, oldest_open);
    }
}

/// Keeps what a neuron was for open proposals, and drops what none of them asks for any more.
fn keep(neuron: Id, before: Held, last: u64, oldest_open: Option<u64>) {
    HISTORY.with_borrow_mut(|history| {
        let old = key(&neuron, 0)..key(&neuron, oldest_open.unwrap_or(u64::MAX));
        let unneeded: Vec<[u8; 40]> = history.range(old).take(FORGOTTEN_AT_ONCE).map(|entry| *entry.key()).collect();
        for key in unneeded {
            history.remove(&key);
        }
        if oldest_open.is_some_and(|open| open <= last) && before.changed < last && before.since <= last {
            history.insert(key(&neuron, last), before);
        }
    });
}

const FORGOTTEN_AT_ONCE: usize = 20;

/// What a neuron was when a proposal was made; None for one that was made later.
pub fn when(neuron: &Id, proposal: u64) -> Option<State> {
    let now = POWERS.with_borrow(|powers| powers.get(neuron));
    match now {
        Some(now) if now.changed < proposal => Some(now.state),
        _ => {
            let (from, to) = (key(neuron, proposal), key(neuron, u64::MAX));
            let kept = HISTORY.with_borrow(|history| history.range(from..=to).next().map(|entry| entry.value()));
            kept.filter(|held| held.since <= proposal).map(|held| held.state)
        }
    }
}

/// Neurons in order of id after one, with what each was when a proposal was made; also those that had no vote then.
pub fn page(after: Option<Id>, proposal: u64, limit: usize) -> Vec<(Id, Option<State>)> {
    let start = after.map_or(Unbounded, Excluded);
    let page: Vec<(Id, Held)> = POWERS.with_borrow(|powers| {
        let entries = powers.range((start, Unbounded)).take(limit);
        entries.map(|entry| (*entry.key(), entry.value())).collect()
    });
    let then = |(id, held): (Id, Held)| match held.changed < proposal {
        true => (id, Some(held.state)),
        false => (id, when(&id, proposal)),
    };
    page.into_iter().map(then).collect()
}

pub fn is_empty() -> bool {
    POWERS.with_borrow(|powers| powers.is_empty())
}

/// One token, whose square root is one token.
const TOKEN: u64 = 100_000_000;

impl State {
    pub fn dissolve_delay(&self, now: u64) -> u64 {
        match self.dissolve {
            Dissolve::Delay(delay) => delay,
            Dissolve::At(at) => at.saturating_sub(now),
        }
    }

    /// Stake that is not locked does not age, as on SNS (there it has no delay, and its age is set when it gets one).
    pub fn age(&self, now: u64) -> u64 {
        match self.dissolve {
            Dissolve::Delay(delay) if delay > 0 && self.aging_since != NOT_AGING => {
                now.saturating_sub(self.aging_since)
            }
            _ => 0,
        }
    }
}

impl Electorate {
    /// What a neuron's vote weighs.
    pub fn weigh(&self, state: &State) -> u64 {
        let power = self.power(state);
        match self.weight {
            Weight::Stake => power,
            Weight::Capped => power.min(self.cap),
            Weight::SquareRoot => (u128::from(power) * u128::from(TOKEN)).isqrt() as u64,
            Weight::Reputation => {
                let points = NO_REPUTATION + state.reputation.at(self.at).min(FULL_REPUTATION);
                (u128::from(power) * u128::from(points) / u128::from(NO_REPUTATION + FULL_REPUTATION)) as u64
            }
        }
    }

    /// Stake × (1 + bonus for the dissolve delay) × (1 + bonus for the age); 0 under the minimum delay. Rounded down,
    /// in e8s (SNS: Neuron::voting_power).
    pub fn power(&self, state: &State) -> u64 {
        let delay = state.dissolve_delay(self.at).min(self.longest_delay);
        if delay < self.minimum_delay {
            return 0;
        }
        let age = state.age(self.at).min(self.oldest_age);
        let with = |base: u128, part: u64, whole: u64, percent: u64| match whole {
            0 => base,
            _ => base + base * u128::from(part) * u128::from(percent) / (100 * u128::from(whole)),
        };
        let power = with(u128::from(state.stake), delay, self.longest_delay, self.delay_bonus_percentage);
        let power = with(power, age, self.oldest_age, self.age_bonus_percentage);
        u64::try_from(power).unwrap_or(u64::MAX)
    }
}
