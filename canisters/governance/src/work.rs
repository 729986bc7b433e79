//! Work that is longer than a message: counting the voters of a proposal and asking followers. What is left is in
//! stable memory, in lanes (what stops or takes back goes first); a timer goes on until there is none.

use crate::memory;
use crate::proposals;
use crate::steps::{Steps, OF_A_TURN};
use ic_stable_structures::StableBTreeMap;
use std::cell::{Cell, RefCell};
use stored::Memory;

type Key = (u8, u64);

thread_local! {
    static WORK: RefCell<StableBTreeMap<Key, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::WORK)));
    /// Whose turn was last; after an upgrade turns begin anew.
    static LAST: Cell<Key> = const { Cell::new((0, 0)) };
}

/// Whose turn comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Stop,
    Ordinary,
    /// Decided: what is left is to be forgotten.
    Over,
}

/// Remembers that a proposal has work left, and when its turn is; None: it has none.
pub fn remember(proposal: u64, left: Option<Turn>) {
    WORK.with_borrow_mut(|work| {
        for turn in [Turn::Stop, Turn::Ordinary, Turn::Over] {
            match left == Some(turn) {
                true => work.insert((turn as u8, proposal), ()),
                false => work.remove(&(turn as u8, proposal)),
            };
        }
    });
}

pub fn is_left() -> bool {
    WORK.with_borrow(|work| !work.is_empty())
}

/// Goes on with what is left, each proposal of the first lane in its turn; `then` follows each turn.
pub fn go_on(mut steps: Steps, now: u64, mut then: impl FnMut(u64)) {
    while !steps.are_spent() {
        let Some((lane, proposal)) = next() else { return };
        LAST.set((lane, proposal));
        let mut turn = steps.turn(OF_A_TURN);
        proposals::go_on(proposal, now, &mut turn);
        steps.give_back(turn);
        then(proposal);
    }
}

/// The next proposal after the last one, in the first lane that has any.
fn next() -> Option<Key> {
    WORK.with_borrow(|work| {
        let (lane, _) = work.first_key_value()?.0;
        let last = LAST.get();
        let after = if last.0 == lane { last.1.saturating_add(1) } else { 0 };
        let mut following = work.range((lane, after)..=(lane, u64::MAX));
        let next = following.next().or_else(|| work.range((lane, 0)..=(lane, u64::MAX)).next());
        next.map(|entry| *entry.key())
    })
}
