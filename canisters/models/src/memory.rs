//! Every stable memory of this canister. An id is never used again for something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const PARTIES: MemoryId = MemoryId::new(0);
pub const AUDIT_INDEX: MemoryId = MemoryId::new(1);
pub const AUDIT_DATA: MemoryId = MemoryId::new(2);
pub const KEY: MemoryId = MemoryId::new(3);
pub const CHUNK_INDEX: MemoryId = MemoryId::new(4);
pub const CHUNK_END: MemoryId = MemoryId::new(5);
pub const CHUNK_DATA: MemoryId = MemoryId::new(6);
pub const JOB_BYTES: MemoryId = MemoryId::new(7);
pub const CHECKPOINTS: MemoryId = MemoryId::new(8);
pub const ORDER: MemoryId = MemoryId::new(9);
pub const JOB_CHECKPOINTS: MemoryId = MemoryId::new(10);
pub const SIGNED: MemoryId = MemoryId::new(11);
pub const EVALUATORS: MemoryId = MemoryId::new(12);
pub const VERSIONS: MemoryId = MemoryId::new(13);
pub const CHANNELS: MemoryId = MemoryId::new(14);
pub const ADOPTIONS: MemoryId = MemoryId::new(15);
pub const OUTBOX: MemoryId = MemoryId::new(16);
pub const PUBLICATION: MemoryId = MemoryId::new(17);
pub const FILES: MemoryId = MemoryId::new(18);
pub const HISTORY: MemoryId = MemoryId::new(19);
pub const JOB_CHUNKS: MemoryId = MemoryId::new(20);
pub const HOLDERS: MemoryId = MemoryId::new(21);
pub const GAPS: MemoryId = MemoryId::new(22);
pub const CHECKPOINT_INDEX: MemoryId = MemoryId::new(23);
pub const FILE_HASHES: MemoryId = MemoryId::new(24);

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn of(id: MemoryId) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(id))
}
