//! What an account paid or is paid, and what was paid for a dataset: escrows by what they are about, newest first.

use crate::api::{Escrow, EscrowState, Payment};
use crate::{escrows, memory};
use candid::{CandidType, Deserialize, Principal};
use std::cell::RefCell;
use std::collections::BTreeSet;
use stored::Index;

/// Payments shown of one escrow; a job may read many datasets of one contributor.
const SHOWN: usize = 20;

/// What payments are looked for by.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum PaymentsAbout {
    /// Who pays, or is paid.
    #[serde(rename = "account")]
    Account(Principal),
    #[serde(rename = "dataset")]
    Dataset(String),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FindPayments {
    pub about: Option<PaymentsAbout>,
    pub before: Option<u64>,
    pub limit: u32,
}

/// An escrow, and of its payments those that were asked about.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct EscrowLine {
    pub escrow: u64,
    pub job: u64,
    pub payer: Principal,
    /// All that was pulled from the payer.
    pub amount: u128,
    pub state: EscrowState,
    pub opened_at: u64,
    /// How many payments were asked about, and their sum; whether they are paid, their blocks say.
    pub count: u32,
    pub sum: u128,
    /// The first of them.
    pub payments: Vec<Payment>,
}

thread_local! {
    static INDEX: RefCell<Index> = RefCell::new(Index::init(memory::get(memory::PAYMENT_INDEX)));
}

const EVERY: &[u8] = b"";

impl PaymentsAbout {
    fn key(&self) -> Vec<u8> {
        match self {
            PaymentsAbout::Account(principal) => [b"a", principal.as_slice()].concat(),
            PaymentsAbout::Dataset(id) => [b"d", id.as_bytes()].concat(),
        }
    }

    fn concerns(&self, payment: &Payment) -> bool {
        match self {
            PaymentsAbout::Account(principal) => payment.to == *principal,
            PaymentsAbout::Dataset(id) => payment.why.strip_prefix(LICENCE) == Some(id),
        }
    }
}

/// How a payment for a dataset begins to say why.
pub const LICENCE: &str = "licence of ";

fn keys(escrow: &Escrow) -> BTreeSet<Vec<u8>> {
    let of_payment = |payment: &Payment| {
        let dataset = payment.why.strip_prefix(LICENCE).map(|id| PaymentsAbout::Dataset(id.into()).key());
        [Some(PaymentsAbout::Account(payment.to).key()), dataset]
    };
    let payer = PaymentsAbout::Account(escrow.payer).key();
    escrow.payments.iter().flat_map(of_payment).flatten().chain([payer, EVERY.to_vec()]).collect()
}

pub fn file(escrow: &Escrow) {
    INDEX.with_borrow_mut(|index| keys(escrow).iter().for_each(|about| index.add(about, escrow.id)));
}

/// Takes an escrow off the lists, whose payer could not pay: its number is given again.
pub fn forget(escrow: &Escrow) {
    INDEX.with_borrow_mut(|index| keys(escrow).iter().for_each(|about| index.remove(about, escrow.id)));
}

/// Files what is from before there were these lists. Called after an upgrade.
pub fn file_old_ones() {
    if INDEX.with_borrow(|index| index.is_empty()) {
        escrows::each(file);
    }
}

fn line(escrow: Escrow, about: Option<&PaymentsAbout>) -> EscrowLine {
    let asked = escrow.payments.into_iter().filter(|payment| about.is_none_or(|about| about.concerns(payment)));
    let asked: Vec<Payment> = asked.collect();
    EscrowLine {
        escrow: escrow.id,
        job: escrow.job,
        payer: escrow.payer,
        amount: escrow.amount,
        state: escrow.state,
        opened_at: escrow.opened_at,
        count: asked.len() as u32,
        sum: asked.iter().fold(0, |sum, payment| sum.saturating_add(payment.amount)),
        payments: asked.into_iter().take(SHOWN).collect(),
    }
}

pub fn payments(find: &FindPayments) -> Vec<EscrowLine> {
    let about = find.about.as_ref();
    let key = about.map_or(EVERY.to_vec(), PaymentsAbout::key);
    let ids = INDEX.with_borrow(|index| index.newest(&key, find.before, governed::page_size(find.limit)));
    ids.into_iter().filter_map(escrows::get).map(|escrow| line(escrow, about)).collect()
}
