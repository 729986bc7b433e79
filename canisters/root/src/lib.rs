//! The root canister: the only controller of every other canister, and obeys the governor's votes alone.

use candid::{CandidType, Deserialize, Principal};
use code::Upgrade;
use governed::trap_with;
use ic_cdk::{init, post_upgrade, query, update};
use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::{DefaultMemoryImpl, StableCell};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Init {
    pub governor: Principal,
}

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
    static GOVERNOR: RefCell<StableCell<Cbor<Option<Principal>>, Memory>> =
        RefCell::new(StableCell::init(memory(2), Cbor(None)));
}

/// Memories 0 and 1 hold the audit log, 2 the governor.
fn memory(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}

fn governor() -> Principal {
    GOVERNOR.with_borrow(|cell| cell.get().0).expect("init named the governor")
}

#[init]
fn init(init: Init) {
    GOVERNOR.with_borrow_mut(|cell| cell.set(Cbor(Some(init.governor))));
    post_upgrade();
}

#[post_upgrade]
fn post_upgrade() {
    audit::open(memory(0), memory(1));
}

governed::door! {
    of_canisters: ["validate_upgrade_canister", "upgrade_canister"],
    large: [],
}

fn caller_is_governor() -> Result<(), String> {
    let caller = system::caller();
    if caller == governor() {
        return Ok(());
    }
    Err(format!("{caller} is not the governor {}; put it to the vote as a proposal", governor()))
}

#[update(guard = "caller_is_governor")]
async fn validate_upgrade_canister(payload: Upgrade) -> Result<String, String> {
    code::in_words(&payload).await.map_err(|why| why.to_string())
}

/// Upgrades a canister that this one controls. Traps when it cannot, so that the vote shows as failed.
#[update(guard = "caller_is_governor")]
async fn upgrade_canister(payload: Upgrade) {
    if payload.canister == governor() {
        // It waits for this very answer, and cannot be stopped before it has it.
        code::checked(&payload).unwrap_or_else(|why| trap_with(why));
        ic_cdk::futures::spawn(async move { _ = code::change(&payload).await });
        return;
    }
    code::change(&payload).await.unwrap_or_else(|why| trap_with(why));
}

#[query]
fn get_governor() -> Principal {
    governor()
}

audit::queries!();
system::queries!();
governed::candid_service!("../root.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests {
    use super::*;
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn candid_matches_the_code() {
        service_equal(CandidSource::Text(&super::__export_service()), CandidSource::Text(include_str!("../root.did")))
            .unwrap();
    }

    #[test]
    fn governed_methods_are_left_to_canisters() {
        DOOR.hold_to(include_str!("../root.did"));
    }

    #[test]
    fn only_the_governor_is_obeyed_and_an_upgrade_keeps_it() {
        let principal = |n: u8| Principal::from_slice(&[n; 10]);
        init(Init { governor: principal(1) });
        post_upgrade();
        system::set_caller(principal(1));
        assert_eq!(caller_is_governor(), Ok(()));
        for stranger in [principal(2), Principal::anonymous(), system::this_canister()] {
            system::set_caller(stranger);
            assert!(caller_is_governor().is_err());
        }
    }
}
