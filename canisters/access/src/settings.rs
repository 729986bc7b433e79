//! What the installation set: the vetKD key's name and the least bond of a provider.

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
    pub vetkd_key_name: String,
    pub min_provider_bond: u128,
}

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct Settings {
    pub vetkd_key_name: String,
    pub min_provider_bond: u128,
}

thread_local! {
    static SETTINGS: RefCell<StableCell<Cbor<Settings>, Memory>> =
        RefCell::new(StableCell::init(crate::memory::get(crate::memory::SETTINGS), Cbor::default()));
}

pub fn set(init: &Init) -> Parties {
    let settings = Settings { vetkd_key_name: init.vetkd_key_name.clone(), min_provider_bond: init.min_provider_bond };
    SETTINGS.with_borrow_mut(|cell| cell.set(Cbor(settings)));
    Parties { governor: init.governor, peers: init.peers.clone() }
}

pub fn get() -> Settings {
    SETTINGS.with_borrow(|cell| cell.get().0.clone())
}
