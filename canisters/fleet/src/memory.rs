//! Every stable memory of this canister. An id is never used again for something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const PARTIES: MemoryId = MemoryId::new(0);
pub const AUDIT_INDEX: MemoryId = MemoryId::new(1);
pub const AUDIT_DATA: MemoryId = MemoryId::new(2);
/// Who begins waves; the first version called them operators.
pub const DRIVERS: MemoryId = MemoryId::new(3);
pub const PODS: MemoryId = MemoryId::new(4);
pub const RELEASES: MemoryId = MemoryId::new(5);
pub const ADOPTIONS: MemoryId = MemoryId::new(6);
pub const SEQUENCES: MemoryId = MemoryId::new(7);
pub const UNTOLD: MemoryId = MemoryId::new(8);
pub const OPERATORS: MemoryId = MemoryId::new(9);
pub const RELEASE_INDEX: MemoryId = MemoryId::new(10);
pub const POD_COUNTS: MemoryId = MemoryId::new(11);
pub const JUDGED: MemoryId = MemoryId::new(12);
/// Operators' tokens that were used.
pub const USED: MemoryId = MemoryId::new(13);
/// Releases that have ended, and whose pods are not all forgotten.
pub const ENDED: MemoryId = MemoryId::new(14);
/// Vouchers that devices have enrolled by.
pub const VOUCHERS: MemoryId = MemoryId::new(15);
pub const MAKERS: MemoryId = MemoryId::new(16);
pub const ISSUED: MemoryId = MemoryId::new(17);
pub const HEARD: MemoryId = MemoryId::new(18);
pub const HEARD_BY_TIME: MemoryId = MemoryId::new(19);
pub const PODS_BY_CHANNEL: MemoryId = MemoryId::new(20);

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn of(id: MemoryId) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(id))
}
