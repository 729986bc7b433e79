//! The types of ICRC-1 and ICRC-2, as the standards write them. Amounts in the token's smallest unit, times in
//! nanoseconds.

use candid::{CandidType, Deserialize, Int, Nat, Principal};
use serde::Serialize;
use serde_bytes::ByteBuf;

/// An account; no subaccount is the subaccount of 32 zero bytes.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug)]
pub struct Account {
    pub owner: Principal,
    pub subaccount: Option<ByteBuf>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Init {
    pub minting_account: Account,
    pub symbol: String,
    pub name: String,
    pub decimals: u8,
    pub transfer_fee: u128,
    pub initial_balances: Vec<(Account, u128)>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct TransferArg {
    pub from_subaccount: Option<ByteBuf>,
    pub to: Account,
    pub amount: u128,
    pub fee: Option<u128>,
    pub memo: Option<ByteBuf>,
    pub created_at_time: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ApproveArgs {
    pub from_subaccount: Option<ByteBuf>,
    pub spender: Account,
    pub amount: u128,
    pub expected_allowance: Option<u128>,
    pub expires_at: Option<u64>,
    pub fee: Option<u128>,
    pub memo: Option<ByteBuf>,
    pub created_at_time: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct TransferFromArgs {
    pub spender_subaccount: Option<ByteBuf>,
    pub from: Account,
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

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ApproveError {
    BadFee { expected_fee: u128 },
    InsufficientFunds { balance: u128 },
    AllowanceChanged { current_allowance: u128 },
    Expired { ledger_time: u64 },
    TooOld,
    CreatedInFuture { ledger_time: u64 },
    Duplicate { duplicate_of: u128 },
    TemporarilyUnavailable,
    GenericError { error_code: u128, message: String },
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum TransferFromError {
    BadFee { expected_fee: u128 },
    BadBurn { min_burn_amount: u128 },
    InsufficientFunds { balance: u128 },
    InsufficientAllowance { allowance: u128 },
    TooOld,
    CreatedInFuture { ledger_time: u64 },
    Duplicate { duplicate_of: u128 },
    TemporarilyUnavailable,
    GenericError { error_code: u128, message: String },
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AllowanceArgs {
    pub account: Account,
    pub spender: Account,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    pub allowance: u128,
    pub expires_at: Option<u64>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug)]
pub enum Operation {
    Mint { to: Account, amount: u128 },
    Burn { from: Account, amount: u128, spender: Option<Account> },
    Transfer { from: Account, to: Account, amount: u128, fee: u128, spender: Option<Account> },
    Approve { from: Account, spender: Account, amount: u128, expires_at: Option<u64>, fee: u128 },
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug)]
pub struct Block {
    pub index: u64,
    pub at: u64,
    pub operation: Operation,
    pub memo: Option<ByteBuf>,
    pub created_at_time: Option<u64>,
    /// The fee and the earlier allowance as the caller named them; not known of blocks from before this was kept.
    #[serde(default)]
    pub offered_fee: Option<u128>,
    #[serde(default)]
    pub expected_allowance: Option<u128>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct GetBlocks {
    pub start: u64,
    pub length: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Blocks {
    /// Blocks in the whole log.
    pub length: u64,
    pub blocks: Vec<Block>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub enum MetadataValue {
    Nat(Nat),
    Int(Int),
    Text(String),
    Blob(ByteBuf),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct StandardRecord {
    pub name: String,
    pub url: String,
}
