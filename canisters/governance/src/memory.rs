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
/// neuron id → what its voting power is computed from
pub const POWERS: u8 = 10;
/// neuron id ‖ proposal u64be → what it was at that proposal and before
pub const POWER_HISTORY: u8 = 11;
/// neuron id ‖ function u64be → ids of those it follows
pub const FOLLOWEES: u8 = 12;
/// function u64be ‖ followee ‖ follower
pub const FOLLOWERS: u8 = 13;
/// proposal → how far the count of its voters' power has come
pub const COUNTS: u8 = 14;
/// proposal u64be ‖ number u64be → a neuron that voted, and which of its followers were asked
pub const CASCADES: u8 = 15;
/// lane ‖ proposal u64be: proposals with work left
pub const WORK: u8 = 16;
/// the newest proposal
pub const LAST_PROPOSAL: u8 = 17;
/// what is locked u64be ‖ stake u64be ‖ neuron id
pub const RANKS: u8 = 18;
/// neuron id → a neuron that made room, until its money is paid out
pub const LEAVING: u8 = 19;
/// neuron id ‖ lane ‖ proposal u64be: open proposals by who made them
pub const OPEN_OF: u8 = 20;
/// lane ‖ proposal u64be: open proposals by what they are for
pub const OPEN_IN: u8 = 21;
/// proposals that are over and were not carried out
pub const OVER: u8 = 22;
/// proposals that were carried out
pub const CARRIED_OUT: u8 = 23;
/// proposals that passed and wait → when they are carried out
pub const LOCKED: u8 = 24;
pub const DISTRIBUTION: u8 = 25;

thread_local! {
    static MANAGER: RefCell<MemoryManager<DefaultMemoryImpl>> =
        RefCell::new(MemoryManager::init(DefaultMemoryImpl::default()));
}

pub fn get(id: u8) -> Memory {
    MANAGER.with_borrow(|manager| manager.get(MemoryId::new(id)))
}
