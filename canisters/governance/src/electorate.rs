//! The sum of all voting power at a proposal. It is counted over the neurons in turns: at once where they are few, by a
//! timer where they are many. Votes are cast meanwhile; nothing is decided before the sum is known.

use crate::api::Weight;
use crate::distribution;
use crate::memory;
use crate::neurons::Id;
use crate::power::{self, Electorate, State};
use crate::steps::Steps;
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
struct Count {
    /// The last neuron that was counted.
    after: Option<Id>,
    total: u64,
    electorate: Option<Electorate>,
}

thread_local! {
    static COUNTS: RefCell<StableBTreeMap<u64, Cbor<Count>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::COUNTS)));
}

const NEURONS_AT_ONCE: usize = 100;

pub fn begin(proposal: u64, electorate: Electorate) {
    let count = Count { electorate: Some(electorate), ..Count::default() };
    COUNTS.with_borrow_mut(|counts| counts.insert(proposal, Cbor(count)));
}

/// Counts on; returns the sum once it is complete.
pub fn count(proposal: u64, steps: &mut Steps) -> Option<u64> {
    let mut count = COUNTS.with_borrow(|counts| counts.get(&proposal))?.0;
    let electorate = count.electorate.clone()?;
    loop {
        let size = NEURONS_AT_ONCE.min(steps.left() as usize);
        if size == 0 {
            break;
        }
        let page = power::page(count.after, proposal, size);
        steps.take(page.len() as u32);
        for (id, state) in &page {
            let weight = state.map_or(0, |state| electorate.weigh(&state));
            count.total = count.total.saturating_add(weight);
            count.after = Some(*id);
            if electorate.weight == Weight::Stake {
                distribution::gather(proposal, weight);
            }
        }
        if page.len() < size {
            COUNTS.with_borrow_mut(|counts| counts.remove(&proposal));
            distribution::complete(proposal, electorate.at, count.total);
            return Some(count.total);
        }
    }
    COUNTS.with_borrow_mut(|counts| counts.insert(proposal, Cbor(count)));
    None
}

pub fn forget(proposal: u64) {
    distribution::forget(proposal);
    COUNTS.with_borrow_mut(|counts| counts.remove(&proposal));
}

/// Counts a neuron that goes away, where it was not yet counted: its vote may have been.
pub fn leaves(neuron: &Id, then: impl Fn(u64) -> Option<State>) {
    let counts: Vec<(u64, Count)> =
        COUNTS.with_borrow(|counts| counts.iter().map(|entry| (*entry.key(), entry.value().0)).collect());
    for (proposal, mut count) in counts {
        let counted = count.after.is_some_and(|after| *neuron <= after);
        let Some((electorate, state)) = count.electorate.as_ref().zip(then(proposal)) else { continue };
        if !counted {
            count.total = count.total.saturating_add(electorate.weigh(&state));
            COUNTS.with_borrow_mut(|counts| counts.insert(proposal, Cbor(count)));
        }
    }
}
