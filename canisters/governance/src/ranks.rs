//! Neurons from the least to the greatest by what they have locked: who makes room when there is none.

use crate::memory;
use crate::neurons::Id;
use ic_stable_structures::StableBTreeMap;
use std::cell::RefCell;
use stored::Memory;

type Key = [u8; 48];

thread_local! {
    static RANKS: RefCell<StableBTreeMap<Key, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::RANKS)));
}

fn key(rank: u64, stake: u64, neuron: &Id) -> Key {
    let mut key = [0; 48];
    key[..8].copy_from_slice(&rank.to_be_bytes());
    key[8..16].copy_from_slice(&stake.to_be_bytes());
    key[16..].copy_from_slice(neuron);
    key
}

pub fn insert(rank: u64, stake: u64, neuron: &Id) {
    RANKS.with_borrow_mut(|ranks| ranks.insert(key(rank, stake, neuron), ()));
}

pub fn remove(rank: u64, stake: u64, neuron: &Id) {
    RANKS.with_borrow_mut(|ranks| ranks.remove(&key(rank, stake, neuron)));
}

/// The least, with the stake of each.
pub fn least(limit: usize) -> Vec<(u64, Id)> {
    RANKS.with_borrow(|ranks| {
        let stake = |key: &Key| u64::from_be_bytes(key[8..16].try_into().expect("a number has 8 bytes"));
        let id = |key: &Key| Id::try_from(&key[16..]).expect("the key ends in a neuron id");
        ranks.keys().take(limit).map(|key| (stake(&key), id(&key))).collect()
    })
}
