//! Escrow: a job's licence fees and reward, from the payer's approval until they are paid out or given back.
//!
//! funding → open → settling → settled, or funding/open → refunding → refunded. Each step is stored before the call
//! that follows it, so that a repeat continues where the last attempt ended. A licence's shares leave as soon as its
//! key is released, whatever becomes of the job.

use crate::api::{Error, Escrow, EscrowState, ListEscrows, Payment};
use crate::lines::{self, Planned};
use crate::memory;
use candid::Principal;
use governed::{why, Lock};
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone)]
pub struct Record {
    pub job: u64,
    pub payer: Principal,
    pub client_ref: String,
    pub amount: u128,
    /// The ledger's fee when it was opened, set aside once per payment.
    pub fee: u128,
    pub state: EscrowState,
    pub payments: Vec<Planned>,
    pub opened_at: u64,
    pub funded: bool,
    /// When paying out began; of escrows from before lines kept that for themselves, the created_at_time of each.
    pub paying_since: u64,
    /// Until then its checkpoint is being adopted, and nothing goes back.
    #[serde(default)]
    pub held_until: u64,
    /// What goes back is decided: it stands among the payments.
    #[serde(default)]
    pub refund_planned: bool,
    #[serde(default)]
    pub refund_reason: String,
}

thread_local! {
    static ESCROWS: RefCell<StableBTreeMap<u64, Cbor<Record>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::ESCROWS)));
    static OPEN: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN_ESCROWS)));
    static ESCROW_REFS: RefCell<StableBTreeMap<Vec<u8>, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::ESCROW_REFS)));
    static ESCROW_OF_JOB: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::ESCROW_OF_JOB)));
}

pub fn load(id: u64) -> Option<Record> {
    ESCROWS.with_borrow(|escrows| escrows.get(&id)).map(|record| record.0)
}

pub fn store(id: u64, record: &Record) {
    list_if_open(id, record.state);
    ESCROWS.with_borrow_mut(|escrows| escrows.insert(id, Cbor(record.clone())));
}

fn list_if_open(id: u64, state: EscrowState) {
    OPEN.with_borrow_mut(|open| match state {
        EscrowState::settled | EscrowState::refunded => open.remove(&id),
        _ => open.insert(id, ()),
    });
}

/// Lists the open ones among escrows from before there was a list. Called after an upgrade.
pub fn list_open_ones() {
    if OPEN.with_borrow(|open| open.is_empty()) {
        ESCROWS.with_borrow(|escrows| escrows.iter().for_each(|entry| list_if_open(*entry.key(), entry.value().state)));
    }
}

/// Every escrow, one after the other.
pub fn each(visit: impl Fn(&Escrow)) {
    ESCROWS.with_borrow(|escrows| escrows.iter().for_each(|entry| visit(&shown(*entry.key(), entry.value().0))));
}

/// Escrows whose money has not gone its way.
pub fn open_page(request: &ListEscrows) -> Vec<Escrow> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = request.after.map_or(Unbounded, Excluded);
    OPEN.with_borrow(|open| {
        open.range((start, Unbounded))
            .filter_map(|entry| get(*entry.key()))
            .take(governed::page_size(request.limit))
            .collect()
    })
}

/// An escrow as it is told: of its payments those that are due or made.
pub fn shown(id: u64, record: Record) -> Escrow {
    let payments: Vec<Payment> = (0..record.payments.len())
        .filter(|line| !record.payments[*line].void)
        .map(|line| lines::shown(id, &record, line))
        .collect();
    let Record { job, payer, amount, state, opened_at, .. } = record;
    Escrow { id, job, payer, amount, state, payments, opened_at }
}

pub fn get(id: u64) -> Option<Escrow> {
    load(id).map(|record| shown(id, record))
}

pub fn id_of_job(job: u64) -> Option<u64> {
    ESCROW_OF_JOB.with_borrow(|escrows| escrows.get(&job))
}

pub fn of_job(job: u64) -> Option<Escrow> {
    id_of_job(job).and_then(get)
}

pub fn page(request: &ListEscrows) -> Vec<Escrow> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = request.after.map_or(Unbounded, Excluded);
    ESCROWS.with_borrow(|escrows| {
        let page = escrows.range((start, Unbounded)).take(governed::page_size(request.limit));
        page.map(|entry| shown(*entry.key(), entry.value().0)).collect()
    })
}

/// Numbers a new escrow and takes it in.
pub fn add(record: &Record) -> u64 {
    let id = ESCROWS.with_borrow(|escrows| escrows.last_key_value().map_or(1, |(last, _)| last + 1));
    store(id, record);
    ESCROW_REFS.with_borrow_mut(|refs| refs.insert(ref_key(&record.payer, &record.client_ref), id));
    ESCROW_OF_JOB.with_borrow_mut(|escrows| escrows.insert(record.job, id));
    id
}

/// Forgets an escrow into which nothing came.
pub fn forget(id: u64, record: &Record) {
    ESCROW_REFS.with_borrow_mut(|refs| refs.remove(&ref_key(&record.payer, &record.client_ref)));
    ESCROWS.with_borrow_mut(|escrows| escrows.remove(&id));
    OPEN.with_borrow_mut(|open| open.remove(&id));
    ESCROW_OF_JOB.with_borrow_mut(|escrows| escrows.remove(&record.job));
}

fn ref_key(payer: &Principal, client_ref: &str) -> Vec<u8> {
    [&[payer.as_slice().len() as u8], payer.as_slice(), client_ref.as_bytes()].concat()
}

/// The escrow that a payer's reference made.
pub fn of_reference(payer: &Principal, client_ref: &str) -> Option<(u64, Record)> {
    let first = ESCROW_REFS.with_borrow(|refs| refs.get(&ref_key(payer, client_ref)));
    first.and_then(|id| Some((id, load(id)?)))
}

/// Notes the references of escrows from before this was kept. Called after an upgrade.
pub fn note_references() {
    if ESCROW_REFS.with_borrow(|refs| refs.is_empty()) {
        ESCROWS.with_borrow(|escrows| {
            ESCROW_REFS.with_borrow_mut(|refs| {
                escrows.iter().for_each(|entry| {
                    let record = entry.value();
                    refs.insert(ref_key(&record.payer, &record.client_ref), *entry.key());
                })
            })
        });
    }
}

pub fn name(id: u64) -> String {
    format!("escrow {id}")
}

pub fn locked(id: u64) -> Result<Lock, Error> {
    Lock::take(name(id)).ok_or_else(|| Error::Busy(why(name(id), "it is being worked on", "repeat in a moment")))
}

pub fn known(id: u64) -> Result<Record, Error> {
    load(id).ok_or_else(|| Error::NotFound(why(name(id), "there is none", "see list_escrows")))
}

#[cfg(test)]
pub fn unlist(id: u64) {
    OPEN.with_borrow_mut(|open| open.remove(&id));
}

/// Forgets every escrow.
#[cfg(test)]
pub fn clear() {
    ESCROWS.with_borrow_mut(|escrows| escrows.clear_new());
    ESCROW_REFS.with_borrow_mut(|refs| refs.clear_new());
    ESCROW_OF_JOB.with_borrow_mut(|escrows| escrows.clear_new());
    OPEN.with_borrow_mut(|open| open.clear_new());
    lines::clear();
}
