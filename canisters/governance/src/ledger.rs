//! The ledger that holds every neuron's stake, as governance speaks with it (ICRC-1).

use crate::neurons::Id;
use candid::{CandidType, Deserialize, Principal};
use serde_bytes::ByteBuf;
use system::NoAnswer;

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub owner: Principal,
    pub subaccount: Option<ByteBuf>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Transfer {
    pub from_subaccount: Option<ByteBuf>,
    pub to: Account,
    pub amount: u128,
    pub fee: Option<u128>,
    pub memo: Option<ByteBuf>,
    pub created_at_time: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    BadFee { expected_fee: u128 },
    BadBurn { min_burn_amount: u128 },
    InsufficientFunds { balance: u128 },
    TooOld,
    CreatedInFuture { ledger_time: u64 },
    TemporarilyUnavailable,
    Duplicate { duplicate_of: u128 },
    GenericError { error_code: u128, message: String },
}

/// The account of a neuron's stake.
pub fn stake_of(neuron: &Id) -> Account {
    Account { owner: system::this_canister(), subaccount: Some(ByteBuf::from(*neuron)) }
}

/// The minting account (as on SNS, governance's main account): what is sent there is burnt, free of charge.
pub fn fire() -> Account {
    Account { owner: system::this_canister(), subaccount: None }
}

#[allow(async_fn_in_trait)]
pub trait Ledger {
    async fn fee(&self) -> Result<u128, NoAnswer>;
    async fn balance(&self, account: Account) -> Result<u128, NoAnswer>;
    async fn transfer(&self, transfer: Transfer) -> Result<Result<u128, TransferError>, NoAnswer>;
}

/// The ledger canister that was named at installation.
pub struct Canister;

impl Ledger for Canister {
    async fn fee(&self) -> Result<u128, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc1_fee", ()).await
    }

    async fn balance(&self, account: Account) -> Result<u128, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc1_balance_of", (account,)).await
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Result<u128, TransferError>, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc1_transfer", (transfer,)).await
    }
}
