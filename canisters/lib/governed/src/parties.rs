//! Who a canister obeys (the governor) and whom it asks (its peers), as set at installation.

use candid::{CandidType, Deserialize, Principal};
use ic_stable_structures::StableCell;
use serde::Serialize;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// The project's canisters, as every one of them is told at installation.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Peers {
    pub governance: Principal,
    pub datasets: Principal,
    pub access: Principal,
    pub models: Principal,
    pub fleet: Principal,
    pub treasury: Principal,
    pub ledger: Principal,
}

/// The governor (our governance canister, or an SNS's) and the peers.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    pub governor: Principal,
    pub peers: Peers,
}

thread_local! {
    static PARTIES: RefCell<Option<StableCell<Cbor<Option<Parties>>, Memory>>> = const { RefCell::new(None) };
}

/// Opens the record of parties: with them in `init`, with None in `post_upgrade` (then the stored ones hold).
pub fn open(memory: Memory, parties: Option<Parties>) {
    let mut cell = StableCell::init(memory, Cbor(None));
    if parties.is_some() {
        cell.set(Cbor(parties));
    }
    PARTIES.set(Some(cell));
}

fn with<R>(read: impl FnOnce(&Parties) -> R) -> R {
    PARTIES.with_borrow(|cell| {
        let cell = cell.as_ref().expect("parties::open runs in init and post_upgrade");
        read(cell.get().as_ref().expect("init named the parties"))
    })
}

/// The principal whose calls carry out what the DAO has decided.
pub fn governor() -> Principal {
    with(|parties| parties.governor)
}

/// The project's canisters.
pub fn peers() -> Peers {
    with(|parties| parties.peers.clone())
}

/// Which of the peers has pages of what.
pub fn site() -> pages::Site {
    let Peers { governance, datasets, access, models, fleet, treasury, ledger } = peers();
    let kinds = vec![
        ("proposals", governance),
        ("datasets", datasets),
        ("jobs", access),
        ("grants", access),
        ("checkpoints", models),
        ("releases", fleet),
        ("escrows", treasury),
        ("accounts", treasury),
        ("balances", ledger),
    ];
    pages::Site { kinds }
}

/// True for the governor.
pub fn is_governor(principal: &Principal) -> bool {
    *principal == governor()
}

/// Guard of governed methods.
pub fn caller_is_governor() -> Result<(), String> {
    let caller = system::caller();
    if is_governor(&caller) {
        return Ok(());
    }
    Err(format!("{caller} is not the governor {}; put it to the vote as a proposal", governor()))
}

/// Guard of every other update: an anonymous caller has queries only.
pub fn not_anonymous() -> Result<(), String> {
    if system::caller() == Principal::anonymous() {
        return Err("an anonymous caller may only query; sign the call with an identity".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
    use ic_stable_structures::DefaultMemoryImpl;

    #[test]
    fn only_the_governor_passes_and_an_upgrade_keeps_it() {
        let memory = MemoryManager::init(DefaultMemoryImpl::default()).get(MemoryId::new(0));
        let principal = |n: u8| Principal::from_slice(&[n; 10]);
        let peers = Peers {
            governance: principal(1),
            datasets: principal(2),
            access: principal(3),
            models: principal(4),
            fleet: principal(5),
            treasury: principal(6),
            ledger: principal(7),
        };
        open(memory.clone(), Some(Parties { governor: principal(1), peers: peers.clone() }));
        open(memory, None);
        assert_eq!(super::peers(), peers);

        system::set_caller(principal(1));
        assert_eq!(caller_is_governor(), Ok(()));
        system::set_caller(principal(9));
        assert!(caller_is_governor().is_err());
        system::set_caller(Principal::anonymous());
        assert!(not_anonymous().is_err());
    }
}
