//! Every memory id of the bucket. An id is never given to something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const AUDIT_INDEX: u8 = 0;
pub const AUDIT_DATA: u8 = 1;
pub const SETTINGS: u8 = 2;
/// uid → reservation
pub const RESERVATIONS: u8 = 3;
/// uid ‖ chunk index u32be → where the chunk lies
pub const CHUNKS: u8 = 4;
/// uid ‖ reader → until when
pub const LEASES: u8 = 5;
/// offset → length of a free stretch of `BYTES`
pub const GAPS: u8 = 6;
/// the chunks' bytes, each dataset in one stretch
pub const BYTES: u8 = 7;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
