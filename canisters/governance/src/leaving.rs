//! Money of neurons that had to make room. What is on the neuron's account goes to its controller, and is tried until
//! it is gone: an empty account is the proof that it was paid, so that nothing is lost with an answer and nothing is
//! paid twice. Until then the neuron cannot be claimed again.

use crate::ledger::{fire, stake_of, Account, Ledger, Transfer, TransferError};
use crate::memory;
use crate::neurons::{self, Id};
use candid::Principal;
use governed::Lock;
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub controller: Principal,
    /// Fees for rejected proposals, to be burnt first; e8s.
    pub fees: u64,
    /// When it left, in nanoseconds: the time of its transfers, by which the ledger knows a repeat.
    pub since: u64,
}

thread_local! {
    static LEAVING: RefCell<StableBTreeMap<Id, Cbor<Leaving>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::LEAVING)));
}

pub fn begin(neuron: Id, leaving: Leaving) {
    LEAVING.with_borrow_mut(|all| all.insert(neuron, Cbor(leaving)));
}

pub fn get(neuron: &Id) -> Option<Leaving> {
    LEAVING.with_borrow(|all| all.get(neuron)).map(|leaving| leaving.0)
}

/// Some of those that are not paid yet, after one of them.
pub fn some(after: Option<Id>, limit: usize) -> Vec<Id> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = after.map_or(Unbounded, Excluded);
    LEAVING.with_borrow(|all| all.range((start, Unbounded)).take(limit).map(|entry| *entry.key()).collect())
}

pub fn is_any() -> bool {
    LEAVING.with_borrow(|all| !all.is_empty())
}

/// Pays out what is on a neuron's account. Repeated until it returns true.
pub async fn pay(ledger: &impl Ledger, neuron: Id) -> bool {
    let Some(leaving) = get(&neuron) else { return true };
    let Some(_lock) = Lock::take(neurons::hex(&neuron)) else { return false };
    try_to_pay(ledger, neuron, leaving).await.unwrap_or(false)
}

async fn try_to_pay(ledger: &impl Ledger, neuron: Id, leaving: Leaving) -> Result<bool, system::NoAnswer> {
    if leaving.fees > 0 {
        if !burn(ledger, &neuron, leaving.fees, Some(leaving.since)).await? {
            return Ok(false);
        }
        begin(neuron, Leaving { fees: 0, ..leaving.clone() });
    }
    let fee = ledger.fee().await?;
    let held = ledger.balance(stake_of(&neuron)).await?;
    let sent = match held.checked_sub(fee).filter(|rest| *rest > 0) {
        None => 0, // less than moving it costs
        Some(rest) => {
            let to = Account { owner: leaving.controller, subaccount: None };
            let from_subaccount = Some(ByteBuf::from(neuron));
            let memo = None;
            let transfer = Transfer { from_subaccount, to, amount: rest, fee: Some(fee), memo, created_at_time: None };
            match ledger.transfer(transfer).await? {
                Ok(_) => rest,
                Err(_) => return Ok(false),
            }
        }
    };
    LEAVING.with_borrow_mut(|all| all.remove(&neuron));
    let paid = serde_json::json!({
        "type": "neuron_paid_out",
        "neuron": neurons::hex(&neuron),
        "to": leaving.controller.to_text(),
        "amount": sent.to_string(),
    });
    audit::append_as(system::this_canister(), paid);
    Ok(true)
}

/// Burns fees from a neuron's account; false when the ledger has to be asked again. With `since` a repeat burns nothing
/// more. What is too little for the ledger to burn, or not there, is let go.
pub async fn burn(ledger: &impl Ledger, neuron: &Id, fees: u64, since: Option<u64>) -> Result<bool, system::NoAnswer> {
    let transfer = Transfer {
        from_subaccount: Some(ByteBuf::from(*neuron)),
        to: fire(),
        amount: fees.into(),
        fee: None,
        memo: Some(ByteBuf::from(*b"fees of rejected proposals")),
        created_at_time: since,
    };
    let answer = ledger.transfer(transfer).await?;
    Ok(match answer {
        Ok(_) | Err(TransferError::Duplicate { .. } | TransferError::BadBurn { .. }) => true,
        // Calls wait without bound, so that the attempts before were not executed.
        Err(TransferError::TooOld | TransferError::InsufficientFunds { .. }) => true,
        Err(_) => false,
    })
}
