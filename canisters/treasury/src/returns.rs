//! Bonds on their way back: the holder gives notice, the bond stands behind nothing new from then on, and when the
//! notice is over it is paid out. Until then a vote can still slash it.

use crate::api::{BondId, BondPurpose, Error, Leaving};
use crate::transfers::{Paid, Payout, Sent};
use crate::world::World;
use crate::{accounts, bonds, memory, transfers};
use candid::Principal;
use governed::{why, Lock};
use ic_stable_structures::{StableBTreeMap, StableCell};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// What harm a dataset or a checkpoint does shows within a week, or the DAO looks away.
pub const USUAL_NOTICE_SECONDS: u64 = 7 * 86_400;

/// An amount that leaves. `decided_at` is when it was first paid out: the ledger knows a repeat by it.
#[derive(Serialize, Deserialize, Clone)]
struct Notice {
    amount: u128,
    due: u64,
    number: u64,
    decided_at: Option<u64>,
    #[serde(default)]
    sent: Option<Sent>,
}

thread_local! {
    static NOTICES: RefCell<StableBTreeMap<Vec<u8>, Cbor<Notice>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::NOTICES)));
    static NOTICE_SECONDS: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::NOTICE_SECONDS), USUAL_NOTICE_SECONDS));
    static NEXT: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::NEXT_NOTICE), 1));
}

/// How long a notice runs, in seconds; said at installation.
pub fn set_notice_seconds(seconds: u64) {
    NOTICE_SECONDS.with_borrow_mut(|cell| cell.set(seconds));
}

fn find(holder: &Principal, purpose: BondPurpose) -> Option<Notice> {
    NOTICES.with_borrow(|notices| notices.get(&bonds::key(holder, purpose))).map(|notice| notice.0)
}

fn keep(holder: &Principal, purpose: BondPurpose, notice: Notice) {
    NOTICES.with_borrow_mut(|notices| notices.insert(bonds::key(holder, purpose), Cbor(notice)));
}

/// What of a bond is on its way back, and when it is paid out.
pub fn get(id: &BondId) -> Option<Leaving> {
    find(&id.holder, id.purpose).map(|notice| Leaving { amount: notice.amount, due: notice.due })
}

/// What a vote can still take of what leaves.
pub fn slashable(holder: &Principal, purpose: BondPurpose) -> u128 {
    find(holder, purpose).filter(|notice| notice.decided_at.is_none()).map_or(0, |notice| notice.amount)
}

/// Takes from what leaves; nothing is left of a notice over nothing.
pub fn slash(holder: &Principal, purpose: BondPurpose, amount: u128) {
    let Some(notice) = find(holder, purpose).filter(|_| amount > 0) else { return };
    let left = notice.amount.checked_sub(amount).expect("checked");
    if left == 0 {
        NOTICES.with_borrow_mut(|notices| notices.remove(&bonds::key(holder, purpose)));
    } else {
        keep(holder, purpose, Notice { amount: left, ..notice });
    }
}

/// Gives notice of the caller's whole bond, or, when the notice is over, pays it out. A repeat before that says when.
pub async fn give_back(world: &impl World, holder: Principal, purpose: BondPurpose) -> Result<Leaving, Error> {
    let _lock = Lock::take(format!("bond {holder}"))
        .ok_or_else(|| Error::Busy(why(holder, "a deposit or return is under way", "repeat in a moment")))?;
    let Some(notice) = find(&holder, purpose) else { return give_notice(holder, purpose) };
    if system::now() < notice.due {
        return Ok(Leaving { amount: notice.amount, due: notice.due });
    }
    let decided_at = notice.decided_at.unwrap_or_else(system::now);
    keep(&holder, purpose, Notice { decided_at: Some(decided_at), ..notice.clone() });
    let mut block = None;
    let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
    if let Some(amount) = notice.amount.checked_sub(fee).filter(|amount| *amount > 0) {
        let memo = transfers::memo("return", notice.number, 0);
        let payout = Payout { from: accounts::bonds(), to: accounts::of(holder), amount, memo };
        let decided = Notice { decided_at: Some(decided_at), ..notice.clone() };
        let note = |sent: Option<&Sent>| keep(&holder, purpose, Notice { sent: sent.cloned(), ..decided.clone() });
        // One that was decided before this was kept may have been sent then.
        let before = notice.decided_at.map(|at| Sent { amount, at, to: accounts::of(holder), next: 0 });
        let sent = notice.sent.clone().or(before);
        block = match transfers::pay(world, &payout, sent, note).await? {
            Paid::Block(block) => Some(block.to_string()),
            Paid::Refused(reason) => return Err(Error::Unavailable(why(holder, reason, "repeat later"))),
        };
    }
    NOTICES.with_borrow_mut(|notices| notices.remove(&bonds::key(&holder, purpose)));
    audit::append_as(
        holder,
        serde_json::json!({
            "type": "bond_returned", "purpose": purpose, "amount": notice.amount.to_string(), "block": block
        }),
    );
    Ok(Leaving { amount: notice.amount, due: notice.due })
}

fn give_notice(holder: Principal, purpose: BondPurpose) -> Result<Leaving, Error> {
    let amount = bonds::withdraw_all(&holder, purpose)
        .ok_or_else(|| Error::NotFound(why(holder, "there is no such bond to return", "see get_bond")))?;
    let due = system::now() + NOTICE_SECONDS.with_borrow(|cell| *cell.get()) * 1_000_000_000;
    let number = NEXT.with_borrow_mut(|cell| {
        let number = *cell.get();
        cell.set(number + 1);
        number
    });
    keep(&holder, purpose, Notice { amount, due, number, decided_at: None, sent: None });
    audit::append_as(
        holder,
        serde_json::json!({
            "type": "bond_leaving", "purpose": purpose, "amount": amount.to_string(), "due": due.to_string()
        }),
    );
    Ok(Leaving { amount, due })
}
