//! Money in and out, once. Every transfer carries the time at which it was first decided and a memo of its own, so that
//! the ledger recognises a repeat (ICRC-1: Transaction deduplication). After the ledger's window it does not any more:
//! then its blocks say whether the first attempt went through, and no error of a later one does.

use crate::accounts;
use crate::api::Error;
use crate::world::{Account, Moved, Transfer, TransferError, TransferFrom, World};
use candid::Principal;
use governed::why;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use system::NoAnswer;

/// How long the ledger surely knows a repeat: its window of 24 hours less one for clocks.
pub const WINDOW: u64 = 23 * 3_600 * 1_000_000_000;
/// Blocks read in one call, and calls in one attempt; the next attempt goes on where this one ended.
const PAGE: u64 = 100;
const PAGES: u32 = 50;

/// What a transfer is for: at most 32 bytes.
pub fn memo(kind: &str, number: u64, line: u32) -> ByteBuf {
    ByteBuf::from([kind.as_bytes(), &number.to_be_bytes(), &line.to_be_bytes()].concat())
}

pub fn unavailable(no_answer: NoAnswer) -> Error {
    Error::Unavailable(why(no_answer.canister, no_answer.to_string(), "repeat the call; nothing is paid twice"))
}

/// What is pulled from a payer who approved it to the treasury, or to one of its subaccounts.
pub struct Pull {
    pub from: Principal,
    pub spender: Option<ByteBuf>,
    pub into: ByteBuf,
    pub amount: u128,
    pub memo: ByteBuf,
    pub created_at: u64,
}

/// Pulls what a payer approved. Refused with InsufficientAllowance or InsufficientFunds, nothing has moved. The caller
/// knows that no earlier attempt is older than [`WINDOW`].
pub async fn pull(world: &impl World, pull: &Pull) -> Result<u128, Error> {
    let ask = TransferFrom {
        spender_subaccount: pull.spender.clone(),
        from: accounts::of(pull.from),
        to: accounts::own(Some(pull.into.clone())),
        amount: pull.amount,
        fee: None,
        memo: Some(pull.memo.clone()),
        created_at_time: Some(pull.created_at),
    };
    let (from, amount) = (pull.from, pull.amount);
    match world.transfer_from(ask).await.map_err(unavailable)? {
        Ok(block) | Err(TransferError::Duplicate { duplicate_of: block }) => Ok(block),
        Err(TransferError::InsufficientAllowance { allowance }) => {
            let message = format!(
                "{allowance} e8s are approved to the treasury, and {amount} e8s plus the ledger's fee are needed"
            );
            Err(Error::InsufficientAllowance(why(
                from,
                message,
                "approve the amount and the fee (icrc2_approve) to the treasury, \
                for an escrow to the subaccount that quote_escrow names, then repeat",
            )))
        }
        Err(TransferError::InsufficientFunds { balance }) => {
            let message = format!("the account holds {balance} e8s, and {amount} e8s plus the ledger's fee are needed");
            Err(Error::InsufficientFunds(why(from, message, "add tokens to the account, then repeat")))
        }
        Err(error) => {
            Err(Error::Unavailable(why("ledger", format!("it refused the transfer: {error:?}"), "repeat later")))
        }
    }
}

/// A transfer as the ledger was asked for it. Kept before it is asked, so that a repeat asks for the same.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub amount: u128,
    pub at: u64,
    pub to: Account,
    /// The first block in which it may stand.
    pub next: u64,
}

/// What is to be paid, from one of the treasury's subaccounts.
pub struct Payout {
    pub from: ByteBuf,
    pub to: Account,
    pub amount: u128,
    pub memo: ByteBuf,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Paid {
    /// The ledger's block.
    Block(u128),
    /// The ledger takes it from nobody in this form; nothing has moved.
    Refused(String),
}

/// Pays once. `sent` is what an earlier attempt kept; `keep` stores what this one keeps. No answer, or blocks still to
/// be read, are Unavailable: a repeat goes on.
pub async fn pay(
    world: &impl World,
    payout: &Payout,
    mut sent: Option<Sent>,
    keep: impl Fn(Option<&Sent>),
) -> Result<Paid, Error> {
    if let Some(old) = sent.as_mut().filter(|sent| sent.at.saturating_add(WINDOW) < system::now()) {
        if let Some(block) = looked_up(world, payout, old, &keep).await? {
            return Ok(Paid::Block(block));
        }
        sent = None; // it stands in no block: it was never executed
    }
    let sent = match sent {
        Some(sent) => sent,
        None => {
            let next = world.blocks(0, 0).await.map_err(unavailable)?.length;
            let sent = Sent { amount: payout.amount, at: system::now(), to: payout.to.clone(), next };
            keep(Some(&sent));
            sent
        }
    };
    let ask = Transfer {
        from_subaccount: Some(payout.from.clone()),
        to: sent.to.clone(),
        amount: sent.amount,
        fee: None,
        memo: Some(payout.memo.clone()),
        created_at_time: Some(sent.at),
    };
    match world.transfer(ask).await.map_err(unavailable)? {
        Ok(block) | Err(TransferError::Duplicate { duplicate_of: block }) => Ok(Paid::Block(block)),
        Err(
            error @ (TransferError::BadBurn { .. }
            | TransferError::InsufficientFunds { .. }
            | TransferError::GenericError { .. }),
        ) => {
            keep(None);
            Ok(Paid::Refused(format!("the ledger refused it: {error:?}")))
        }
        Err(error) => {
            Err(Error::Unavailable(why("ledger", format!("it refused a payment: {error:?}"), "repeat later")))
        }
    }
}

/// The block of a transfer, from the ledger's log; None when it stands in none.
async fn looked_up(
    world: &impl World,
    payout: &Payout,
    sent: &mut Sent,
    keep: impl Fn(Option<&Sent>),
) -> Result<Option<u128>, Error> {
    let from = accounts::own(Some(payout.from.clone()));
    let is = |moved: &Moved| {
        moved.from == from
            && moved.amount == sent.amount
            && moved.memo.as_ref() == Some(&payout.memo)
            && moved.created_at == Some(sent.at)
    };
    let found = found_from(world, sent.next, is).await?;
    match found {
        Found::Block(block) => Ok(Some(block.into())),
        Found::Nowhere => Ok(None),
        Found::NotBefore(next) => {
            sent.next = next;
            keep(Some(sent));
            Err(still_reading())
        }
    }
}

pub fn still_reading() -> Error {
    Error::Unavailable(why("ledger", "its blocks of the last days are still being read", "repeat the call"))
}

pub enum Found {
    Block(u64),
    Nowhere,
    /// Not in the blocks before this one.
    NotBefore(u64),
}

/// Looks for a movement in the ledger's log from a block on.
pub async fn found_from(world: &impl World, mut next: u64, is: impl Fn(&Moved) -> bool) -> Result<Found, Error> {
    for _ in 0..PAGES {
        let page = world.blocks(next, PAGE).await.map_err(unavailable)?;
        if let Some((number, _)) = page.blocks.iter().find(|(_, moved)| moved.as_ref().is_some_and(&is)) {
            return Ok(Found::Block(*number));
        }
        let Some((last, _)) = page.blocks.last() else { return Ok(Found::Nowhere) };
        next = last + 1;
        if next >= page.length {
            return Ok(Found::Nowhere);
        }
    }
    Ok(Found::NotBefore(next))
}
