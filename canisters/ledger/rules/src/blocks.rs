//! The log of everything that happened, and the window in which a repeated transaction is recognised (ICRC-1:
//! Transaction deduplication).

use crate::api::{Block, Blocks, GetBlocks, Operation};
use crate::{icrc3, memory};
use ic_stable_structures::{StableBTreeMap, StableLog};
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// How long a transaction with a `created_at_time` is remembered: 24 hours.
pub const WINDOW: u64 = 24 * 3_600 * 1_000_000_000;
/// How far the clocks of client and ledger may differ: 2 minutes.
pub const DRIFT: u64 = 120 * 1_000_000_000;

type Key = [u8; 40];

thread_local! {
    static LOG: RefCell<StableLog<Cbor<Block>, Memory, Memory>> =
        RefCell::new(StableLog::init(memory::get(memory::BLOCK_INDEX), memory::get(memory::BLOCK_DATA)));
    static RECENT: RefCell<StableBTreeMap<Key, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::RECENT)));
}

/// What identifies a transaction: when its client made it, and everything it asked for, as it was sent (ICRC-1:
/// Transaction deduplication). `earlier` is how the version before this one wrote the same, so that a repeat is
/// recognised across the upgrade; such entries are gone a day after it.
#[derive(Clone, Copy)]
pub struct Fingerprint {
    created_at: u64,
    hash: [u8; 32],
    earlier: [u8; 32],
}

/// What the caller named beside the operation itself.
#[derive(Default)]
pub struct Named {
    pub memo: Option<ByteBuf>,
    pub fee: Option<u128>,
    pub expected_allowance: Option<u128>,
}

fn framed(parts: &[&[u8]]) -> [u8; 32] {
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    let framed: Vec<&[u8]> = lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part]).collect();
    protocol::sha256(&framed)
}

impl Fingerprint {
    pub fn new(created_at: u64, as_sent: &[&[u8]], earlier: &[&[u8]]) -> Fingerprint {
        Fingerprint { created_at, hash: framed(&[&[&b"as sent"[..]], as_sent].concat()), earlier: framed(earlier) }
    }

    fn key(&self, hash: &[u8; 32]) -> Key {
        let mut key = [0; 40];
        key[..8].copy_from_slice(&self.created_at.to_be_bytes());
        key[8..].copy_from_slice(hash);
        key
    }
}

/// Why a dated transaction is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Untimely {
    TooOld,
    InFuture,
    Duplicate(u64),
}

/// Checks a transaction's date and whether it was seen before.
pub fn check(print: &Fingerprint, now: u64) -> Result<(), Untimely> {
    if print.created_at.saturating_add(WINDOW).saturating_add(DRIFT) < now {
        return Err(Untimely::TooOld);
    }
    if print.created_at > now.saturating_add(DRIFT) {
        return Err(Untimely::InFuture);
    }
    let seen = |hash: &[u8; 32]| RECENT.with_borrow(|recent| recent.get(&print.key(hash)));
    match seen(&print.hash).or_else(|| seen(&print.earlier)) {
        Some(block) => Err(Untimely::Duplicate(block)),
        None => Ok(()),
    }
}

/// Appends a block, remembers its fingerprint, and forgets those out of the window. Returns the block's index.
pub fn append(operation: Operation, named: Named, print: Option<Fingerprint>, now: u64) -> u64 {
    audit::append(event(&operation));
    let index = length();
    let Named { memo, fee, expected_allowance } = named;
    let created_at_time = print.map(|print| print.created_at);
    let block = Block { index, at: now, operation, memo, created_at_time, offered_fee: fee, expected_allowance };
    icrc3::chain(&block);
    LOG.with_borrow(|log| log.append(&Cbor(block)).expect("stable memory for the block log"));
    RECENT.with_borrow_mut(|recent| {
        forget(recent, now);
        if let Some(print) = print {
            recent.insert(print.key(&print.hash), index);
        }
    });
    index
}

/// How many blocks there are.
pub fn length() -> u64 {
    LOG.with_borrow(|log| log.len())
}

pub fn get(index: u64) -> Option<Block> {
    LOG.with_borrow(|log| log.get(index)).map(|block| block.0)
}

/// Every block from one on.
pub fn each_from(first: u64, visit: impl Fn(&Block)) {
    (first..length()).filter_map(get).for_each(|block| visit(&block));
}

#[cfg(test)]
pub fn remember_as_before(created_at: u64, parts: &[&[u8]], block: u64) {
    let print = Fingerprint { created_at, hash: framed(parts), earlier: [0; 32] };
    RECENT.with_borrow_mut(|recent| recent.insert(print.key(&print.hash), block));
}

/// Drops at most 100 entries that a client could not repeat any more.
fn forget(recent: &mut StableBTreeMap<Key, u64, Memory>, now: u64) {
    let mut oldest_kept = [0; 40];
    oldest_kept[..8].copy_from_slice(&now.saturating_sub(WINDOW).saturating_sub(DRIFT).to_be_bytes());
    let old: Vec<Key> = recent.range(..oldest_kept).take(100).map(|entry| *entry.key()).collect();
    for key in old {
        recent.remove(&key);
    }
}

fn event(operation: &Operation) -> serde_json::Value {
    use crate::api::Account;
    let name = |account: &Account| match &account.subaccount {
        Some(subaccount) => format!("{}.{}", account.owner, protocol::hex::encode(subaccount)),
        None => account.owner.to_text(),
    };
    let text = |amount: &u128| amount.to_string();
    match operation {
        Operation::Mint { to, amount } => serde_json::json!({"type": "mint", "to": name(to), "amount": text(amount)}),
        Operation::Burn { from, amount, .. } => {
            serde_json::json!({"type": "burn", "from": name(from), "amount": text(amount)})
        }
        Operation::Transfer { from, to, amount, fee, .. } => {
            serde_json::json!({
                "type": "transfer", "from": name(from), "to": name(to), "amount": text(amount), "fee": text(fee)
            })
        }
        Operation::Approve { from, spender, amount, .. } => {
            serde_json::json!({"type": "approve", "from": name(from), "spender": name(spender), "amount": text(amount)})
        }
    }
}

/// Blocks from `start` on, at most 100.
pub fn page(page: &GetBlocks) -> Blocks {
    LOG.with_borrow(|log| {
        let end = page.start.saturating_add(governed::page_size(page.length) as u64).min(log.len());
        Blocks {
            length: log.len(),
            blocks: (page.start..end).filter_map(|index| log.get(index)).map(|block| block.0).collect(),
        }
    })
}
