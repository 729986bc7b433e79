//! Every memory id of the ledger. An id is never given to something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const AUDIT_INDEX: u8 = 0;
pub const AUDIT_DATA: u8 = 1;
pub const TOKEN: u8 = 2;
/// account → balance
pub const BALANCES: u8 = 3;
pub const SUPPLY: u8 = 4;
/// account ‖ spender → allowance
pub const ALLOWANCES: u8 = 5;
pub const BLOCK_INDEX: u8 = 6;
pub const BLOCK_DATA: u8 = 7;
/// created_at_time u64be ‖ transaction hash → block
pub const RECENT: u8 = 8;
/// block → its hash by ICRC-3
pub const BLOCK_HASHES: u8 = 9;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
