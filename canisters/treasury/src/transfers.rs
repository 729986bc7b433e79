//! Money in and out, once. Every transfer carries the time at which it was first decided and a memo of its own, so that
//! the ledger recognises a repeat (ICRC-1: Transaction deduplication). Calls wait without bound: "no answer" means the
//! ledger did not execute.

use crate::accounts;
use crate::api::Error;
use crate::world::{Account, Transfer, TransferError, TransferFrom, World};
use candid::Principal;
use governed::why;
use serde_bytes::ByteBuf;
use system::NoAnswer;

/// What a transfer is for: at most 32 bytes.
pub fn memo(kind: &str, number: u64, line: u32) -> ByteBuf {
    ByteBuf::from([kind.as_bytes(), &number.to_be_bytes(), &line.to_be_bytes()].concat())
}

pub fn unavailable(no_answer: NoAnswer) -> Error {
    Error::Unavailable(why(no_answer.canister, no_answer.to_string(), "repeat the call; nothing is paid twice"))
}

/// Pulls what a payer approved to the treasury, or to one of its subaccounts. Refused with InsufficientAllowance or
/// InsufficientFunds, nothing has moved.
pub async fn pull(
    world: &impl World,
    from: Principal,
    spender: Option<ByteBuf>,
    into: ByteBuf,
    amount: u128,
    memo: ByteBuf,
    created_at: u64,
) -> Result<u128, Error> {
    let ask = |created_at: u64| TransferFrom {
        spender_subaccount: spender.clone(),
        from: accounts::of(from),
        to: accounts::own(Some(into.clone())),
        amount,
        fee: None,
        memo: Some(memo.clone()),
        created_at_time: Some(created_at),
    };
    let mut answer = world.transfer_from(ask(created_at)).await.map_err(unavailable)?;
    if answer == Err(TransferError::TooOld) {
        answer = world.transfer_from(ask(system::now())).await.map_err(unavailable)?;
        // the first attempt was never executed
    }
    match answer {
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

/// Pays from one of the treasury's subaccounts. If the ledger's fee has risen since the amount was set aside, what is
/// there is paid.
pub async fn pay(
    world: &impl World,
    from: ByteBuf,
    to: Account,
    amount: u128,
    memo: ByteBuf,
    created_at: u64,
) -> Result<u128, Error> {
    let ask = |amount: u128, created_at: u64| Transfer {
        from_subaccount: Some(from.clone()),
        to: to.clone(),
        amount,
        fee: None,
        memo: Some(memo.clone()),
        created_at_time: Some(created_at),
    };
    let mut answer = world.transfer(ask(amount, created_at)).await.map_err(unavailable)?;
    if answer == Err(TransferError::TooOld) {
        answer = world.transfer(ask(amount, system::now())).await.map_err(unavailable)?;
        // the first attempt was never executed
    }
    if let Err(TransferError::InsufficientFunds { balance }) = answer {
        let fee = world.ledger_fee().await.map_err(unavailable)?;
        if let Some(rest) = balance.checked_sub(fee).filter(|rest| *rest > 0 && *rest < amount) {
            answer = world.transfer(ask(rest, created_at)).await.map_err(unavailable)?;
        }
    }
    match answer {
        Ok(block) | Err(TransferError::Duplicate { duplicate_of: block }) => Ok(block),
        Err(error) => {
            Err(Error::Unavailable(why("ledger", format!("it refused a payment: {error:?}"), "repeat later")))
        }
    }
}
