//! Whom the treasury deals with: the ledger, and the canisters that know what a job has come to. As a trait, so that
//! the rules of money run natively against the real ledger code in tests.

use candid::{CandidType, Deserialize, Principal};
use serde::Serialize;
use serde_bytes::ByteBuf;
use system::NoAnswer;

#[derive(CandidType, Deserialize, Serialize, Clone, Debug)]
pub struct Account {
    pub owner: Principal,
    pub subaccount: Option<ByteBuf>,
}

/// The absent subaccount is that of 32 zeros (ICRC-1: Account).
impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        let named = |account: &Account| account.subaccount.clone().filter(|bytes| bytes.iter().any(|byte| *byte != 0));
        self.owner == other.owner && named(self) == named(other)
    }
}

impl Eq for Account {}

/// What a block of the ledger moved out of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub from: Account,
    pub amount: u128,
    pub memo: Option<ByteBuf>,
    pub created_at: Option<u64>,
}

/// A part of the ledger's log, by block numbers; a block that moves nothing out of an account is None.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    pub length: u64,
    pub blocks: Vec<(u64, Option<Moved>)>,
}

/// ICRC-1 `icrc1_transfer`.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Transfer {
    pub from_subaccount: Option<ByteBuf>,
    pub to: Account,
    pub amount: u128,
    pub fee: Option<u128>,
    pub memo: Option<ByteBuf>,
    pub created_at_time: Option<u64>,
}

/// ICRC-2 `icrc2_transfer_from`.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct TransferFrom {
    pub spender_subaccount: Option<ByteBuf>,
    pub from: Account,
    pub to: Account,
    pub amount: u128,
    pub fee: Option<u128>,
    pub memo: Option<ByteBuf>,
    pub created_at_time: Option<u64>,
}

/// The errors of both; a plain transfer never answers InsufficientAllowance.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    BadFee { expected_fee: u128 },
    BadBurn { min_burn_amount: u128 },
    InsufficientFunds { balance: u128 },
    InsufficientAllowance { allowance: u128 },
    TooOld,
    CreatedInFuture { ledger_time: u64 },
    TemporarilyUnavailable,
    Duplicate { duplicate_of: u128 },
    GenericError { error_code: u128, message: String },
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Split {
    pub account: Principal,
    pub basis_points: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct JobDataset {
    pub dataset: String,
    pub fee: u128,
    pub contributor: Principal,
    pub splits: Vec<Split>,
    /// When its key was first released; from then on its fee is earned.
    pub consumed_at: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum JobState {
    requested,
    granted,
    submitted(String),
    completed,
    failed(String),
    refunded,
}

/// What of access's Job the treasury reads.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Job {
    pub id: u64,
    pub provider: Principal,
    pub datasets: Vec<JobDataset>,
    pub reward: u128,
    pub deadline: u64,
    pub state: JobState,
    pub approval_digest: String,
    /// Whom its approval lets pay.
    pub named_payer: Option<Principal>,
}

/// What of models' Checkpoint the treasury reads.
#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub state: CheckpointState,
    pub submitted_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum CheckpointState {
    submitted,
    evaluated,
    official,
    rejected,
}

governed::errors! {
    /// What access may refuse (access.did).
    pub enum AccessError {
        NotAuthorized, NotFound, AlreadyExists, Invalid, NotCanonical, LimitExceeded, WrongPrincipal, NotApproved,
        UnknownRecipe, UnknownDataset,
        OutOfRange, StaleEpoch, LicenceForbids, BondMissing, DeadlinePassed, NotYet, GrantExpired, GrantSpent,
        GrantRevoked, Busy, Unavailable,
    }
}

/// The ledger and the peers.
#[allow(async_fn_in_trait)]
pub trait World {
    async fn ledger_fee(&self) -> Result<u128, NoAnswer>;
    async fn balance(&self, account: Account) -> Result<u128, NoAnswer>;
    async fn transfer(&self, transfer: Transfer) -> Result<Result<u128, TransferError>, NoAnswer>;
    async fn transfer_from(&self, transfer: TransferFrom) -> Result<Result<u128, TransferError>, NoAnswer>;
    async fn job(&self, id: u64) -> Result<Option<Job>, NoAnswer>;
    /// None: the models canister does not know it.
    async fn checkpoint(&self, id: &str) -> Result<Option<Checkpoint>, NoAnswer>;
    /// The ledger's blocks from a number on; none for a length of 0.
    async fn blocks(&self, start: u64, length: u64) -> Result<Blocks, NoAnswer>;
    async fn payment_received(
        &self,
        job: u64,
        escrow: u64,
        payer: Principal,
    ) -> Result<Result<(), AccessError>, NoAnswer>;
    /// The job as it has ended: no key of it is released any more.
    async fn job_closed(&self, job: u64, outcome: &str) -> Result<Result<Job, AccessError>, NoAnswer>;
}

/// The canisters named at installation.
pub struct Canisters;

#[derive(CandidType, Deserialize)]
struct Received {
    job: u64,
    escrow: u64,
    payer: Option<Principal>,
}

#[derive(CandidType, Deserialize)]
struct JobClosed {
    job: u64,
    outcome: String,
}

impl World for Canisters {
    async fn ledger_fee(&self) -> Result<u128, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc1_fee", ()).await
    }

    async fn balance(&self, account: Account) -> Result<u128, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc1_balance_of", (account,)).await
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Result<u128, TransferError>, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc1_transfer", (transfer,)).await
    }

    async fn transfer_from(&self, transfer: TransferFrom) -> Result<Result<u128, TransferError>, NoAnswer> {
        system::ask(governed::peers().ledger, "icrc2_transfer_from", (transfer,)).await
    }

    async fn job(&self, id: u64) -> Result<Option<Job>, NoAnswer> {
        system::ask(governed::peers().access, "get_job", (id,)).await
    }

    async fn checkpoint(&self, id: &str) -> Result<Option<Checkpoint>, NoAnswer> {
        system::ask(governed::peers().models, "get_checkpoint", (id,)).await
    }

    async fn blocks(&self, start: u64, length: u64) -> Result<Blocks, NoAnswer> {
        crate::blocks::read(governed::peers().ledger, start, length).await
    }

    async fn payment_received(
        &self,
        job: u64,
        escrow: u64,
        payer: Principal,
    ) -> Result<Result<(), AccessError>, NoAnswer> {
        let answer: Result<candid::Reserved, AccessError> =
            system::ask(governed::peers().access, "payment_received", (Received { job, escrow, payer: Some(payer) },))
                .await?;
        Ok(answer.map(|_| ()))
    }

    async fn job_closed(&self, job: u64, outcome: &str) -> Result<Result<Job, AccessError>, NoAnswer> {
        let outcome = outcome.to_owned();
        system::ask(governed::peers().access, "job_closed", (JobClosed { job, outcome },)).await
    }
}
