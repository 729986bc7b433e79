//! Every memory id of the treasury. An id is never given to something else.

use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
use ic_stable_structures::DefaultMemoryImpl;
use std::cell::RefCell;
use stored::Memory;

pub const AUDIT_INDEX: u8 = 0;
pub const AUDIT_DATA: u8 = 1;
pub const PARTIES: u8 = 2;
/// purpose ‖ holder → bond
pub const BONDS: u8 = 3;
/// holder ‖ client reference → deposit
pub const DEPOSITS: u8 = 4;
/// number → slashed amount still to be moved to the DAO's account
pub const FORFEITS: u8 = 5;
/// escrow → escrow
pub const ESCROWS: u8 = 6;
/// job → escrow
pub const ESCROW_OF_JOB: u8 = 7;
/// numbers of the escrows whose money has not gone its way
pub const OPEN_ESCROWS: u8 = 8;
/// what an escrow is about (payer and paid, dataset) → escrows
pub const PAYMENT_INDEX: u8 = 9;
/// payer ‖ client reference → escrow
pub const ESCROW_REFS: u8 = 10;
/// purpose ‖ holder → bond on its way back
pub const NOTICES: u8 = 11;
/// how long a bond's notice runs
pub const NOTICE_SECONDS: u8 = 12;
/// the next notice's number
pub const NEXT_NOTICE: u8 = 13;
/// escrow ‖ line → how far the payment is
pub const LINES: u8 = 14;
/// how long a submitted checkpoint keeps its escrow without a decision
pub const REVIEW_SECONDS: u8 = 15;
/// case → what was slashed
pub const CASES: u8 = 16;
/// numbers of the cases that are not closed
pub const OPEN_CASES: u8 = 17;
/// how long a holder may appeal
pub const APPEAL_SECONDS: u8 = 18;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
