//! Every memory id of governance. An id is never given to something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const AUDIT_INDEX: u8 = 0;
pub const AUDIT_DATA: u8 = 1;
pub const PARTIES: u8 = 2;
pub const CONSTITUTION: u8 = 3;
/// neuron id → neuron
pub const NEURONS: u8 = 4;
/// controller ‖ neuron id
pub const NEURONS_OF: u8 = 5;
/// proposal → proposal
pub const PROPOSALS: u8 = 6;
/// proposal u64be ‖ neuron id → ballot
pub const BALLOTS: u8 = 7;
/// neuron id ‖ client reference → proposal
pub const CLIENT_REFS: u8 = 8;
/// proposals that can still be voted on
pub const OPEN: u8 = 9;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
