//! What the installation set: the least bond, the size of a bucket and what it is given to live on.

use candid::{CandidType, Deserialize, Principal};
use governed::{Parties, Peers};
use ic_stable_structures::StableCell;
use serde::Serialize;
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Init {
    pub governor: Principal,
    pub peers: Peers,
    pub min_contributor_bond: u128,
    pub bucket_capacity_bytes: u64,
    pub bucket_cycles: u128,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct Settings {
    pub min_contributor_bond: u128,
    pub bucket_capacity_bytes: u64,
    pub bucket_cycles: u128,
}

thread_local! {
    static SETTINGS: RefCell<StableCell<Cbor<Settings>, Memory>> =
        RefCell::new(StableCell::init(crate::memory::get(crate::memory::SETTINGS), Cbor::default()));
}

pub fn set(init: &Init) -> Parties {
    let settings = Settings {
        min_contributor_bond: init.min_contributor_bond,
        bucket_capacity_bytes: init.bucket_capacity_bytes,
        bucket_cycles: init.bucket_cycles,
    };
    SETTINGS.with_borrow_mut(|cell| cell.set(Cbor(settings)));
    Parties { governor: init.governor, peers: init.peers.clone() }
}

pub fn get() -> Settings {
    SETTINGS.with_borrow(|cell| cell.get().0.clone())
}
