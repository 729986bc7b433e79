//! Storage deposits: what a contributor has stored that no vote has taken in is covered by the contributor's bond, so
//! that nobody fills buckets for nothing. Accepting a dataset makes its storage the DAO's cost; what is erased counts
//! no more. Only manifests that were registered and not accepted stay on their contributor's account.

use crate::errors::Error;
use crate::{memory, settings};
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use std::cell::RefCell;
use stored::{Cbor, Memory};

const MIB: u128 = 1 << 20;

/// What a contributor has stored at the expense of the bond.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    pub bytes: u64,
    /// The least bond that covers them, in e8s.
    pub bond: u128,
}

#[derive(Serialize, Deserialize, Clone, Copy, Debug)]
struct Held {
    owner: Principal,
    bytes: u64,
}

thread_local! {
    static HELD: RefCell<StableBTreeMap<[u8; 32], Cbor<Held>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::HELD_DEPOSITS)));
    static TOTALS: RefCell<StableBTreeMap<Principal, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::DEPOSIT_TOTALS)));
}

/// The least bond for so many bytes, in e8s; rounded up.
fn bond_for(bytes: u64) -> u128 {
    let settings = settings::get();
    (u128::from(bytes) * settings.deposit_e8s_per_mib()).div_ceil(MIB).max(settings.min_contributor_bond)
}

pub fn of(owner: &Principal) -> Deposit {
    let bytes = TOTALS.with_borrow(|totals| totals.get(owner)).unwrap_or(0);
    Deposit { bytes, bond: if bytes == 0 { 0 } else { bond_for(bytes) } }
}

fn held(uid: &[u8; 32]) -> Option<Held> {
    HELD.with_borrow(|all| all.get(uid)).map(|held| held.0)
}

/// Whether a dataset counts on its owner's account.
pub fn holds(uid: &[u8; 32]) -> bool {
    held(uid).is_some()
}

/// Refuses when the bond does not cover these bytes of one dataset with all else that its owner has stored.
pub fn covered(owner: Principal, uid: &[u8; 32], bytes: u64, bond: u128) -> Result<(), Error> {
    let others = of(&owner).bytes - held(uid).map_or(0, |held| held.bytes);
    let least = bond_for(others.saturating_add(bytes));
    if bond >= least {
        return Ok(());
    }
    let message = format!(
        "the contributor's bond is {bond} e8s, and {least} are required for {bytes} bytes beside {others} that no vote \
         has taken in"
    );
    let remedy = "post a larger contributor bond in the treasury, or withdraw what you do not need";
    Err(Error::BondMissing(why(owner, message, remedy)))
}

/// Sets what a dataset counts on its owner's account; nothing with 0 bytes.
pub fn hold(uid: &[u8; 32], owner: Principal, bytes: u64) {
    let before = held(uid);
    HELD.with_borrow_mut(|all| match bytes {
        0 => all.remove(uid),
        _ => all.insert(*uid, Cbor(Held { owner, bytes })),
    });
    add(before.map_or(owner, |held| held.owner), -(before.map_or(0, |held| held.bytes) as i64));
    add(owner, bytes as i64);
}

/// What is erased or accepted counts no more.
pub fn release(uid: &[u8; 32]) {
    if let Some(Held { owner, .. }) = held(uid) {
        hold(uid, owner, 0);
    }
}

fn add(owner: Principal, bytes: i64) {
    TOTALS.with_borrow_mut(|totals| {
        match totals.get(&owner).unwrap_or(0).saturating_add_signed(bytes) {
            0 => totals.remove(&owner),
            total => totals.insert(owner, total),
        };
    });
}
