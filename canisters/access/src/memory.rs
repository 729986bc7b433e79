//! Every memory id of the access canister. An id is never given to something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const AUDIT_INDEX: u8 = 0;
pub const AUDIT_DATA: u8 = 1;
pub const PARTIES: u8 = 2;
pub const SETTINGS: u8 = 3;
/// recipe id → recipe
pub const RECIPES: u8 = 4;
/// recipe id → its document
pub const RECIPE_DOCUMENTS: u8 = 5;
/// principal → provider
pub const PROVIDERS: u8 = 6;
/// job → job
pub const JOBS: u8 = 7;
/// provider ‖ client reference → job
pub const CLIENT_REFS: u8 = 8;
/// grant → grant
pub const GRANTS: u8 = 9;
/// the public key that data keys are wrapped to
pub const PUBLIC_KEY: u8 = 10;
/// numbers of the jobs that are not over
pub const OPEN_JOBS: u8 = 11;
/// grant → what was released under it last
pub const RELEASED: u8 = 12;
/// what a job is about (dataset, provider, payer) → jobs
pub const JOB_INDEX: u8 = 13;
/// dataset → grants
pub const GRANT_INDEX: u8 = 14;
/// grant → where the audit log tells of it
pub const GRANT_TRACES: u8 = 15;
/// operators' tokens that were used
pub const USED: u8 = 16;
/// jobs that are over and whose reads are still to be ended
pub const ENDING_READS: u8 = 20;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
