//! Bonds: what providers and contributors stand behind their work with, and lose by vote when it harms.

use crate::api::{Bond, BondId, BondPurpose, Error, ListBonds, PostBond};
use crate::transfers::{Found, Paid, Payout, Pull, Sent};
use crate::world::{Moved, World};
use crate::{accounts, memory, returns, transfers};
use candid::Principal;
use governed::{why, Lock};
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// One payment into a bond, by the holder's reference.
#[derive(Serialize, Deserialize, Clone)]
struct Deposit {
    purpose: BondPurpose,
    amount: u128,
    created_at: u64,
    number: u64,
    done: bool,
    /// The first block of the ledger in which it may stand.
    #[serde(default)]
    next: u64,
}

/// An amount that was slashed before there were cases, on its way to the DAO's account.
#[derive(Serialize, Deserialize, Clone)]
struct Forfeit {
    amount: u128,
    created_at: u64,
    moved: bool,
    #[serde(default)]
    sent: Option<Sent>,
}

thread_local! {
    static BONDS: RefCell<StableBTreeMap<Vec<u8>, Cbor<Bond>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::BONDS)));
    static DEPOSITS: RefCell<StableBTreeMap<Vec<u8>, Cbor<Deposit>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::DEPOSITS)));
    static FORFEITS: RefCell<StableBTreeMap<u64, Cbor<Forfeit>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::FORFEITS)));
}

pub fn key(holder: &Principal, purpose: BondPurpose) -> Vec<u8> {
    [&[purpose as u8], holder.as_slice()].concat()
}

pub fn get(holder: &Principal, purpose: BondPurpose) -> Option<Bond> {
    BONDS.with_borrow(|bonds| bonds.get(&key(holder, purpose))).map(|bond| bond.0)
}

fn put(bond: Bond) {
    BONDS.with_borrow_mut(|bonds| bonds.insert(key(&bond.holder, bond.purpose), Cbor(bond)));
}

/// Bonds in order of purpose and holder.
pub fn page(request: &ListBonds) -> Vec<Bond> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = request.after.as_ref().map_or(Unbounded, |after: &BondId| Excluded(key(&after.holder, after.purpose)));
    BONDS.with_borrow(|bonds| {
        bonds.range((start, Unbounded)).take(governed::page_size(request.limit)).map(|entry| entry.value().0).collect()
    })
}

/// Pulls an approved amount into the caller's bond, once per reference.
pub async fn post(world: &impl World, holder: Principal, request: PostBond) -> Result<Bond, Error> {
    governed::client_ref(&request.client_ref).map_err(Error::Invalid)?;
    if request.amount == 0 {
        return Err(Error::Invalid(why("amount", "a bond of 0 is none", "post at least the minimum of your role")));
    }
    let _lock = Lock::take(format!("bond {holder}"))
        .ok_or_else(|| Error::Busy(why(holder, "another deposit is under way", "repeat in a moment")))?;
    let reference = [&[holder.as_slice().len() as u8], holder.as_slice(), request.client_ref.as_bytes()].concat();
    let deposit = match DEPOSITS.with_borrow(|deposits| deposits.get(&reference)) {
        Some(deposit) if deposit.purpose != request.purpose || deposit.amount != request.amount => {
            let first = format!("a deposit of {} e8s into a {:?} bond", deposit.amount, deposit.purpose);
            return Err(Error::Invalid(governed::reference_taken(&request.client_ref, first)));
        }
        Some(deposit) => deposit.0,
        None => {
            let number = DEPOSITS.with_borrow(|deposits| deposits.len());
            let next = world.blocks(0, 0).await.map_err(transfers::unavailable)?.length;
            let (purpose, amount) = (request.purpose, request.amount);
            let deposit = Deposit { purpose, amount, created_at: system::now(), number, done: false, next };
            keep(&reference, &deposit);
            deposit
        }
    };
    if !deposit.done {
        let block = match pull(world, holder, &reference, deposit.clone()).await {
            Ok(block) => block,
            Err(refusal) => {
                if !matches!(refusal, Error::Unavailable(_)) {
                    DEPOSITS.with_borrow_mut(|deposits| deposits.remove(&reference));
                }
                return Err(refusal);
            }
        };
        keep(&reference, &Deposit { done: true, ..deposit.clone() });
        add(holder, &deposit, block);
    }
    Ok(get(&holder, deposit.purpose).expect("a deposit has made the bond"))
}

fn keep(reference: &[u8], deposit: &Deposit) {
    DEPOSITS.with_borrow_mut(|deposits| deposits.insert(reference.to_vec(), Cbor(deposit.clone())));
}

/// Pulls a deposit once: where the ledger would not know a repeat any more, its blocks say whether there was a first.
async fn pull(world: &impl World, holder: Principal, reference: &[u8], mut deposit: Deposit) -> Result<u128, Error> {
    let memo = transfers::memo("bond", deposit.number, 0);
    if deposit.created_at.saturating_add(transfers::WINDOW) < system::now() {
        let payer = accounts::of(holder);
        let is = |moved: &Moved| {
            moved.from == payer
                && moved.amount == deposit.amount
                && moved.memo.as_ref() == Some(&memo)
                && moved.created_at == Some(deposit.created_at)
        };
        match transfers::found_from(world, deposit.next, is).await? {
            Found::Block(block) => return Ok(block.into()),
            Found::Nowhere => deposit.created_at = system::now(),
            Found::NotBefore(next) => {
                keep(reference, &Deposit { next, ..deposit });
                return Err(transfers::still_reading());
            }
        }
        keep(reference, &deposit);
    }
    let pull = Pull {
        from: holder,
        spender: None,
        into: accounts::bonds(),
        amount: deposit.amount,
        memo,
        created_at: deposit.created_at,
    };
    transfers::pull(world, &pull).await
}

fn add(holder: Principal, deposit: &Deposit, block: u128) {
    let bond = get(&holder, deposit.purpose).unwrap_or(Bond {
        holder,
        purpose: deposit.purpose,
        amount: 0,
        slashed: 0,
        posted_at: system::now(),
    });
    let amount = bond.amount.checked_add(deposit.amount).expect("all tokens fit in 128 bits");
    audit::append_as(
        holder,
        serde_json::json!({
            "type": "bond_posted",
            "purpose": deposit.purpose,
            "amount": deposit.amount.to_string(),
            "block": block.to_string(),
        }),
    );
    put(Bond { amount, ..bond });
}

/// Takes a bond's whole amount out of it, for its way back; none when there is nothing.
pub fn withdraw_all(holder: &Principal, purpose: BondPurpose) -> Option<u128> {
    let bond = get(holder, purpose).filter(|bond| bond.amount > 0)?;
    let amount = bond.amount;
    put(Bond { amount: 0, ..bond });
    Some(amount)
}

/// Takes from a bond by vote. What leaves is taken last: it stood behind the same work.
pub fn take(bond: &Bond, amount: u128) {
    returns::slash(&bond.holder, bond.purpose, amount.saturating_sub(bond.amount));
    let slashed = bond.slashed.checked_add(amount).expect("all tokens fit in 128 bits");
    put(Bond { amount: bond.amount.saturating_sub(amount), slashed, ..bond.clone() });
}

/// Puts back what a case took that was lifted.
pub fn give_back(holder: &Principal, purpose: BondPurpose, amount: u128) {
    let bond = get(holder, purpose).expect("what was taken came out of a bond");
    put(Bond { amount: bond.amount.saturating_add(amount), slashed: bond.slashed.saturating_sub(amount), ..bond });
}

/// True while slashed tokens wait in the bonds' account.
pub fn has_forfeits() -> bool {
    FORFEITS.with_borrow(|forfeits| forfeits.values().any(|forfeit| !forfeit.moved))
}

fn put_forfeit(number: u64, forfeit: &Forfeit) {
    FORFEITS.with_borrow_mut(|forfeits| forfeits.insert(number, Cbor(forfeit.clone())));
}

/// Moves what was slashed before there were cases to the DAO's main account; the ledger's fee comes out of it. Repeats
/// pay once.
pub async fn move_forfeits(world: &impl World) -> Result<(), Error> {
    let Some(_lock) = Lock::take("forfeits") else { return Ok(()) };
    let waiting: Vec<(u64, Forfeit)> = FORFEITS.with_borrow(|forfeits| {
        forfeits.iter().filter(|entry| !entry.value().moved).map(|entry| (*entry.key(), entry.value().0)).collect()
    });
    for (number, forfeit) in waiting {
        let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
        if let Some(amount) = forfeit.amount.checked_sub(fee).filter(|amount| *amount > 0) {
            let memo = transfers::memo("slash", number, 0);
            let payout = Payout { from: accounts::bonds(), to: accounts::own(None), amount, memo };
            let note = |sent: Option<&Sent>| put_forfeit(number, &Forfeit { sent: sent.cloned(), ..forfeit.clone() });
            // One from before this was kept may have been sent when it was decided.
            let decided = || Sent { amount, at: forfeit.created_at, to: accounts::own(None), next: 0 };
            let sent = forfeit.sent.clone().unwrap_or_else(decided);
            note(Some(&sent));
            if let Paid::Refused(reason) = transfers::pay(world, &payout, Some(sent), note).await? {
                return Err(Error::Unavailable(why("ledger", reason, "repeat later")));
            }
        }
        put_forfeit(number, &Forfeit { moved: true, ..forfeit });
    }
    Ok(())
}

/// As if the answers to every deposit had been lost.
#[cfg(test)]
pub fn forget_deposits_were_done() {
    DEPOSITS.with_borrow_mut(|deposits| {
        let all: Vec<_> = deposits.iter().map(|entry| (entry.key().clone(), entry.value().0)).collect();
        for (key, deposit) in all {
            deposits.insert(key, Cbor(Deposit { done: false, ..deposit }));
        }
    });
}

/// As the version before left it.
#[cfg(test)]
pub fn slashed_before(amount: u128, created_at: u64) {
    put_forfeit(1, &Forfeit { amount, created_at, moved: false, sent: None });
}
