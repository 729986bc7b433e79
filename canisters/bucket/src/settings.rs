//! Whom the bucket obeys, and how much it holds; as its creator set them.

use candid::{CandidType, Deserialize, Principal};
use ic_stable_structures::StableCell;
use serde::Serialize;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// A dataset's uid (protocol: uid).
pub type DatasetUid = [u8; 32];

#[derive(CandidType, Deserialize, Serialize, Clone, Debug)]
pub struct Init {
    pub datasets: Principal,
    pub capacity_bytes: u64,
}

thread_local! {
    static SETTINGS: RefCell<StableCell<Cbor<Option<Init>>, Memory>> =
        RefCell::new(StableCell::init(crate::memory::get(crate::memory::SETTINGS), Cbor(None)));
}

pub fn set(init: &Init) {
    SETTINGS.with_borrow_mut(|cell| cell.set(Cbor(Some(init.clone()))));
}

pub fn get() -> Init {
    SETTINGS.with_borrow(|cell| cell.get().0.clone()).expect("init set the settings")
}

/// Guard of what only the datasets canister may do.
pub fn caller_is_datasets() -> Result<(), String> {
    let (caller, datasets) = (system::caller(), get().datasets);
    if caller == datasets {
        return Ok(());
    }
    Err(format!("{caller} is not the datasets canister {datasets}; go through it"))
}
