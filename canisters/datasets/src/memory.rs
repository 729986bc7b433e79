//! Every memory id of the datasets canister. An id is never given to something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const AUDIT_INDEX: u8 = 0;
pub const AUDIT_DATA: u8 = 1;
pub const PARTIES: u8 = 2;
pub const SETTINGS: u8 = 3;
/// dataset id → dataset
pub const DATASETS: u8 = 4;
/// dataset id → signed manifest
pub const MANIFESTS: u8 = 5;
/// uid → dataset id
pub const UIDS: u8 = 6;
/// uid → room in a bucket
pub const ROOMS: u8 = 7;
/// bucket → bytes promised in it
pub const BUCKETS: u8 = 8;
/// the Wasm of new buckets
pub const BUCKET_WASM: u8 = 9;
/// parts of a Wasm that is being uploaded
pub const STAGED_WASM: u8 = 10;
/// a canister created for a bucket and not installed yet
pub const EMPTY_CANISTER: u8 = 11;
/// reserved_at u64be ‖ uid of rooms whose dataset is not registered
pub const WAITING_ROOMS: u8 = 12;
/// canisters that were buckets and wait to be one again → whether their code and memory are gone
pub const SPARE_CANISTERS: u8 = 13;
/// object store's bucket ‖ 0 ‖ prefix ‖ 0 ‖ dataset id
pub const S3_PREFIXES: u8 = 14;
/// dataset id → what its manifest says of the recordings
pub const FACTS: u8 = 15;
/// number of registration → dataset id
pub const NUMBERS: u8 = 16;
/// what a dataset is about (status, contributor) → numbers
pub const DATASET_INDEX: u8 = 17;
/// dataset id → entries of the audit log that tell of its registration and of what became of it
pub const LOG_ENTRIES: u8 = 18;
/// uid → what it counts on its owner's account of storage
pub const HELD_DEPOSITS: u8 = 19;
/// contributor → bytes stored at the expense of the bond
pub const DEPOSIT_TOTALS: u8 = 20;
/// registered_at u64be ‖ dataset id of datasets that no vote has decided
pub const UNDECIDED: u8 = 21;
/// a bucket's Wasm that was voted for and is not all here yet
pub const EXPECTED_WASM: u8 = 22;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
