//! The rules of ICRC-1 transfers and ICRC-2 approvals. Every refusal leaves the ledger as it was.

use crate::accounts::{self, allowance, balance, set_allowance};
use crate::api::{
    Account, Allowance, ApproveArgs, ApproveError, Operation, TransferArg, TransferError, TransferFromArgs,
    TransferFromError,
};
use crate::blocks::{self, Fingerprint, Named, Untimely};
use crate::token::token;
use candid::Principal;
use serde_bytes::ByteBuf;

const MAX_MEMO_BYTES: usize = 64;

/// Why a transaction is refused; becomes the standard's error of the method.
#[derive(Debug)]
enum Refusal {
    BadFee(u128),
    BadBurn(u128),
    Funds(u128),
    Allowance(u128),
    AllowanceChanged(u128),
    Expired(u64),
    TooOld,
    InFuture(u64),
    Duplicate(u64),
    Other(&'static str),
}

/// Moves tokens of the caller; to the minting account burns, from it mints.
pub fn transfer(caller: Principal, now: u64, arg: TransferArg) -> Result<u128, TransferError> {
    let from = Account::of(caller, arg.from_subaccount);
    carry_out(
        now,
        Move {
            kind: b"transfer",
            from,
            to: arg.to,
            spender: None,
            amount: arg.amount,
            fee: arg.fee,
            memo: arg.memo,
            created_at: arg.created_at_time,
        },
    )
    .map_err(TransferError::from)
}

/// Moves tokens of an account that approved the caller. Its own account needs no approval (ICRC-2:
/// icrc2_transfer_from).
pub fn transfer_from(caller: Principal, now: u64, args: TransferFromArgs) -> Result<u128, TransferFromError> {
    let spender = Account::of(caller, args.spender_subaccount);
    carry_out(
        now,
        Move {
            kind: b"transfer_from",
            from: args.from,
            to: args.to,
            spender: Some(spender),
            amount: args.amount,
            fee: args.fee,
            memo: args.memo,
            created_at: args.created_at_time,
        },
    )
    .map_err(TransferFromError::from)
}

struct Move {
    kind: &'static [u8],
    from: Account,
    to: Account,
    spender: Option<Account>,
    amount: u128,
    fee: Option<u128>,
    memo: Option<ByteBuf>,
    created_at: Option<u64>,
}

fn carry_out(now: u64, asked: Move) -> Result<u128, Refusal> {
    let token = token();
    let Move { from, to, spender, amount, .. } = &asked;
    let (minting, burning) = (from.is(&token.minting_account), to.is(&token.minting_account));
    check_accounts(&[Some(from), Some(to), spender.as_ref()])?;
    check_memo(&asked.memo)?;
    if minting && (burning || spender.is_some()) {
        return Err(Refusal::Other("the minting account only mints, by its own transfers to other accounts"));
    }
    let fee = if minting || burning { 0 } else { token.transfer_fee };
    check_fee(asked.fee, fee)?;
    let print = asked.created_at.map(|at| {
        let (amount, fee) = (amount.to_be_bytes(), optional(asked.fee));
        let sent = |account: &Option<Account>| account.as_ref().map(Account::as_sent).unwrap_or_default();
        let key = |account: &Option<Account>| account.as_ref().map(Account::key).unwrap_or_default();
        let memo = asked.memo.as_deref().map_or(&[][..], |memo| memo.as_slice());
        Fingerprint::new(
            at,
            &[asked.kind, &from.as_sent(), &to.as_sent(), &sent(spender), &amount, &fee, &memo_as_sent(&asked.memo)],
            &[asked.kind, &from.key(), &to.key(), &key(spender), &amount, &fee, memo],
        )
    });
    check_date(&print, now)?;
    if burning && *amount < token.transfer_fee {
        return Err(Refusal::BadBurn(token.transfer_fee));
    }
    let spent = amount.checked_add(fee).ok_or(Refusal::Other("amount and fee exceed 128 bits"))?;
    let by_other = spender.as_ref().filter(|spender| !spender.is(from));
    let allowed = by_other.map(|spender| allowance(from, spender, now));
    if let Some(allowed) = allowed.filter(|allowed| allowed.allowance < spent) {
        return Err(Refusal::Allowance(allowed.allowance));
    }
    if !minting && balance(from) < spent {
        return Err(Refusal::Funds(balance(from)));
    }
    if minting && !accounts::mint(to, *amount) {
        return Err(Refusal::Other("the supply would exceed 128 bits"));
    }
    if let (Some(allowed), Some(spender)) = (allowed, by_other) {
        set_allowance(from, spender, Allowance { allowance: allowed.allowance - spent, ..allowed });
    }
    let operation = if minting {
        Operation::Mint { to: to.clone(), amount: *amount }
    } else if burning {
        accounts::burn(from, *amount);
        Operation::Burn { from: from.clone(), amount: *amount, spender: spender.clone() }
    } else {
        accounts::move_tokens(from, to, *amount, fee);
        Operation::Transfer { from: from.clone(), to: to.clone(), amount: *amount, fee, spender: spender.clone() }
    };
    let named = Named { memo: asked.memo, fee: asked.fee, expected_allowance: None };
    Ok(blocks::append(operation, named, print, now).into())
}

/// Lets a spender take up to an amount from the caller's account, its transfer fees included. Replaces the earlier
/// allowance.
pub fn approve(caller: Principal, now: u64, args: ApproveArgs) -> Result<u128, ApproveError> {
    approved(Account::of(caller, args.from_subaccount.clone()), now, args).map_err(ApproveError::from)
}

fn approved(from: Account, now: u64, args: ApproveArgs) -> Result<u128, Refusal> {
    let token = token();
    check_accounts(&[Some(&from), Some(&args.spender)])?;
    check_memo(&args.memo)?;
    if from.owner == args.spender.owner {
        return Err(Refusal::Other(
            "an owner needs no approval for its own accounts; name another principal as spender",
        ));
    }
    if from.is(&token.minting_account) {
        return Err(Refusal::Other("the minting account cannot approve; it mints by its own transfers"));
    }
    check_fee(args.fee, token.transfer_fee)?;
    let print = args.created_at_time.map(|at| {
        let expires = args.expires_at.map(|at| at.to_be_bytes().to_vec()).unwrap_or_default();
        let (amount, expected) = (args.amount.to_be_bytes(), optional(args.expected_allowance));
        let fee = optional(args.fee);
        let (sent, key) = (args.spender.as_sent(), args.spender.key());
        let memo = args.memo.as_deref().map_or(&[][..], |memo| memo.as_slice());
        Fingerprint::new(
            at,
            &[b"approve", &from.as_sent(), &sent, &amount, &expected, &expires, &fee, &memo_as_sent(&args.memo)],
            &[b"approve", &from.key(), &key, &amount, &expected, &expires, &fee, memo],
        )
    });
    check_date(&print, now)?;
    if args.expires_at.is_some_and(|until| until <= now) {
        return Err(Refusal::Expired(now));
    }
    let current = allowance(&from, &args.spender, now).allowance;
    if args.expected_allowance.is_some_and(|expected| expected != current) {
        return Err(Refusal::AllowanceChanged(current));
    }
    if balance(&from) < token.transfer_fee {
        return Err(Refusal::Funds(balance(&from)));
    }
    accounts::burn(&from, token.transfer_fee);
    set_allowance(&from, &args.spender, Allowance { allowance: args.amount, expires_at: args.expires_at });
    let operation = Operation::Approve {
        from,
        spender: args.spender,
        amount: args.amount,
        expires_at: args.expires_at,
        fee: token.transfer_fee,
    };
    let named = Named { memo: args.memo, fee: args.fee, expected_allowance: args.expected_allowance };
    Ok(blocks::append(operation, named, print, now).into())
}

/// An absent memo and an empty one are two.
fn memo_as_sent(memo: &Option<ByteBuf>) -> Vec<u8> {
    memo.as_ref().map(|memo| [&[1], memo.as_slice()].concat()).unwrap_or_default()
}

fn optional(amount: Option<u128>) -> Vec<u8> {
    amount.map(|amount| amount.to_be_bytes().to_vec()).unwrap_or_default()
}

fn check_accounts(accounts: &[Option<&Account>]) -> Result<(), Refusal> {
    match accounts.iter().flatten().all(|account| account.is_valid()) {
        true => Ok(()),
        false => Err(Refusal::Other("a subaccount has 32 bytes")),
    }
}

fn check_memo(memo: &Option<ByteBuf>) -> Result<(), Refusal> {
    match memo.as_ref().is_none_or(|memo| memo.len() <= MAX_MEMO_BYTES) {
        true => Ok(()),
        false => Err(Refusal::Other("a memo has at most 64 bytes")),
    }
}

fn check_fee(offered: Option<u128>, expected: u128) -> Result<(), Refusal> {
    match offered.is_none_or(|offered| offered == expected) {
        true => Ok(()),
        false => Err(Refusal::BadFee(expected)),
    }
}

fn check_date(print: &Option<Fingerprint>, now: u64) -> Result<(), Refusal> {
    let Some(print) = print else { return Ok(()) };
    blocks::check(print, now).map_err(|untimely| match untimely {
        Untimely::TooOld => Refusal::TooOld,
        Untimely::InFuture => Refusal::InFuture(now),
        Untimely::Duplicate(block) => Refusal::Duplicate(block),
    })
}

macro_rules! refusals {
    ($error:ident { $($pattern:pat => $value:expr),* $(,)? }) => {
        impl From<Refusal> for $error {
            fn from(refusal: Refusal) -> Self {
                match refusal {
                    Refusal::BadFee(expected_fee) => $error::BadFee { expected_fee },
                    Refusal::Funds(balance) => $error::InsufficientFunds { balance },
                    Refusal::TooOld => $error::TooOld,
                    Refusal::InFuture(ledger_time) => $error::CreatedInFuture { ledger_time },
                    Refusal::Duplicate(block) => $error::Duplicate { duplicate_of: block.into() },
                    Refusal::Other(message) => $error::GenericError { error_code: 1, message: message.into() },
                    $($pattern => $value,)*
                    #[allow(unreachable_patterns)]
                    other => $error::GenericError { error_code: 2, message: format!("{other:?}") },
                }
            }
        }
    };
}

refusals!(TransferError { Refusal::BadBurn(min_burn_amount) => TransferError::BadBurn { min_burn_amount } });
refusals!(TransferFromError {
    Refusal::BadBurn(min_burn_amount) => TransferFromError::BadBurn { min_burn_amount },
    Refusal::Allowance(allowance) => TransferFromError::InsufficientAllowance { allowance },
});
refusals!(ApproveError {
    Refusal::AllowanceChanged(current_allowance) => ApproveError::AllowanceChanged { current_allowance },
    Refusal::Expired(ledger_time) => ApproveError::Expired { ledger_time },
});

#[cfg(test)]
#[path = "transactions_tests.rs"]
pub(crate) mod tests;
