//! What the treasury is asked and answers. Amounts in e8s, times in nanoseconds.

use crate::world::Account;
use candid::{CandidType, Deserialize, Principal};
use governed::Peers;
use serde::Serialize;
use serde_bytes::ByteBuf;

governed::errors! {
    /// What the treasury refuses.
    pub enum Error {
        NotAuthorized, NotFound, Invalid, LimitExceeded, InsufficientAllowance, InsufficientFunds, WrongPrincipal,
        NotYet, Closed, Busy, Unavailable,
    }
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Init {
    pub governor: Principal,
    pub peers: Peers,
    pub bond_notice_seconds: Option<u64>,
    pub review_seconds: Option<u64>,
    pub appeal_seconds: Option<u64>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum BondPurpose {
    provider,
    contributor,
}

/// `amount` is what stands behind the holder now; `slashed` what was taken of it so far.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Bond {
    pub holder: Principal,
    pub purpose: BondPurpose,
    pub amount: u128,
    pub slashed: u128,
    pub posted_at: u64,
}

/// A bond on its way back: paid out when it is asked for again after `due`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub amount: u128,
    pub due: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ReturnBond {
    pub purpose: BondPurpose,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct PostBond {
    pub purpose: BondPurpose,
    pub amount: u128,
    pub client_ref: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct BondId {
    pub holder: Principal,
    pub purpose: BondPurpose,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListBonds {
    pub after: Option<BondId>,
    pub limit: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SlashBond {
    pub holder: Principal,
    pub purpose: BondPurpose,
    pub amount: u128,
    pub reason: String,
    pub evidence: String,
    /// Who was harmed, and gets how much of it.
    pub compensate: Option<Vec<Compensation>>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Compensation {
    pub to: Principal,
    pub amount: u128,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum SlashState {
    open,
    lifted,
    paying,
    closed,
}

/// A case: what a vote took from a bond, held back until `due`.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Slash {
    pub case: u64,
    pub holder: Principal,
    pub purpose: BondPurpose,
    pub amount: u128,
    pub reason: String,
    pub evidence: String,
    pub due: u64,
    pub appeal: Option<String>,
    pub state: SlashState,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListSlashes {
    pub before: Option<u64>,
    pub limit: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AppealSlash {
    pub case: u64,
    pub answer: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct LiftSlash {
    pub case: u64,
    pub reason: String,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub to: Principal,
    pub amount: u128,
    pub why: String,
    /// The ledger's block once it is paid.
    pub block: Option<u128>,
    /// Why the ledger refused it; collect_payment tries it again.
    pub refused: Option<String>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum EscrowState {
    funding,
    open,
    settling,
    settled,
    refunding,
    refunded,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Escrow {
    pub id: u64,
    pub job: u64,
    pub payer: Principal,
    pub amount: u128,
    pub state: EscrowState,
    pub payments: Vec<Payment>,
    pub opened_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct JobNumber {
    pub job: u64,
}

/// `amount` goes into escrow; `approve` is that and the ledger's fee for pulling it, to be approved to the treasury's
/// `subaccount`, so that the approvals for two jobs do not touch each other.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub amount: u128,
    pub approve: u128,
    pub subaccount: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct OpenEscrow {
    pub job: u64,
    pub client_ref: String,
    /// What the payer pays for, and the most that it may take with the ledger's fees: another job is refused.
    pub approval: Option<String>,
    pub at_most: Option<u128>,
}

/// A payment that the ledger refused, by its place among those of the escrow; `to`: another account of its payee's.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CollectPayment {
    pub escrow: u64,
    pub payment: u32,
    pub to: Option<Account>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListEscrows {
    pub after: Option<u64>,
    pub limit: u32,
}
