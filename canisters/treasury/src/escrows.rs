//! Escrow: a job's licence fees and reward, from the payer's approval until they are paid out or given back.
//!
//! funding → open → settling → settled, or funding/open → refunding → refunded. Each step is stored before the call
//! that follows it, so that a repeat continues where the last attempt ended.

use crate::api::{Error, Escrow, EscrowState, ListEscrows, OpenEscrow, Payment, Quote};
use crate::world::{AccessError, CheckpointState, Job, JobState, World};
use crate::{accounts, listing, memory, transfers};
use candid::Principal;
use governed::{why, Lock};
use ic_stable_structures::StableBTreeMap;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone)]
struct Record {
    job: u64,
    payer: Principal,
    client_ref: String,
    amount: u128,
    /// The ledger's fee when it was opened, set aside once per payment.
    fee: u128,
    state: EscrowState,
    payments: Vec<Payment>,
    opened_at: u64,
    funded: bool,
    /// When paying out began: the created_at_time of every payment.
    paying_since: u64,
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

fn load(id: u64) -> Option<Record> {
    ESCROWS.with_borrow(|escrows| escrows.get(&id)).map(|record| record.0)
}

fn store(id: u64, record: &Record) {
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

fn shown(id: u64, record: Record) -> Escrow {
    let Record { job, payer, amount, state, payments, opened_at, .. } = record;
    Escrow { id, job, payer, amount, state, payments, opened_at }
}

pub fn get(id: u64) -> Option<Escrow> {
    load(id).map(|record| shown(id, record))
}

pub fn of_job(job: u64) -> Option<Escrow> {
    ESCROW_OF_JOB.with_borrow(|escrows| escrows.get(&job)).and_then(get)
}

pub fn page(request: &ListEscrows) -> Vec<Escrow> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = request.after.map_or(Unbounded, Excluded);
    ESCROWS.with_borrow(|escrows| {
        let page = escrows.range((start, Unbounded)).take(governed::page_size(request.limit));
        page.map(|entry| shown(*entry.key(), entry.value().0)).collect()
    })
}

fn name(id: u64) -> String {
    format!("escrow {id}")
}

fn too_large() -> Error {
    Error::LimitExceeded(why("amount", "fees and reward exceed 128 bits", "ask for a job with smaller amounts"))
}

/// Who gets what if the job succeeds: each dataset's fee by its licence's splits (rounded down, the rest to the first),
/// and the reward.
fn plan(job: &Job) -> Result<Vec<Payment>, Error> {
    let mut payments = Vec::new();
    for dataset in &job.datasets {
        let mut shares = Vec::new();
        let mut left = dataset.fee;
        for split in &dataset.splits {
            let share = dataset.fee.checked_mul(split.basis_points.into()).ok_or_else(too_large)? / 10_000;
            left = left.checked_sub(share).ok_or_else(|| {
                Error::Invalid(why(
                    &dataset.dataset,
                    "its splits exceed the whole fee",
                    "have the dataset registered with splits of 10,000 basis points",
                ))
            })?;
            shares.push((split.account, share));
        }
        match shares.first_mut() {
            Some((_, share)) => *share += left,
            None => shares.push((dataset.contributor, left)),
        }
        let paid = shares.into_iter().filter(|(_, share)| *share > 0);
        payments.extend(paid.map(|(to, amount)| Payment {
            to,
            amount,
            why: format!("{}{}", listing::LICENCE, dataset.dataset),
            block: None,
        }));
    }
    if job.reward > 0 {
        payments.push(Payment {
            to: job.provider,
            amount: job.reward,
            why: format!("reward of job {}", job.id),
            block: None,
        });
    }
    Ok(payments)
}

fn total(payments: &[Payment], fee: u128) -> Result<u128, Error> {
    payments
        .iter()
        .try_fold(0_u128, |sum, payment| sum.checked_add(payment.amount)?.checked_add(fee))
        .ok_or_else(too_large)
}

async fn job_of(world: &impl World, job: u64) -> Result<Job, Error> {
    let found = world.job(job).await.map_err(transfers::unavailable)?;
    found.ok_or_else(|| {
        Error::NotFound(why(
            format!("job {job}"),
            "access knows no such job",
            "request access first, or check the number",
        ))
    })
}

/// What opening an escrow takes now.
pub async fn quote(world: &impl World, job: u64) -> Result<Quote, Error> {
    let job = job_of(world, job).await?;
    let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
    let amount = total(&plan(&job)?, fee)?;
    Ok(Quote {
        amount,
        approve: amount.checked_add(fee).ok_or_else(too_large)?,
        subaccount: accounts::spender_for(job.id),
    })
}

/// Pulls what a job costs from the caller and tells access, which grants. A repeat by the payer continues or returns
/// the escrow.
pub async fn open(world: &impl World, payer: Principal, request: OpenEscrow) -> Result<Escrow, Error> {
    governed::client_ref(&request.client_ref).map_err(Error::Invalid)?;
    let _lock = Lock::take(format!("job {}", request.job)).ok_or_else(|| {
        Error::Busy(why(format!("job {}", request.job), "its escrow is being opened", "repeat in a moment"))
    })?;
    unused_elsewhere(&payer, &request)?;
    let (id, mut record) = match ESCROW_OF_JOB.with_borrow(|escrows| escrows.get(&request.job)) {
        Some(id) => (id, load(id).expect("the index names stored escrows")),
        None => begin(world, payer, &request).await?,
    };
    if record.payer != payer {
        return Err(Error::WrongPrincipal(why(name(id), "somebody else pays for this job", "nothing is left to pay")));
    }
    if record.state != EscrowState::funding {
        return Ok(shown(id, record));
    }
    let _lock_escrow = locked(id)?;
    if !record.funded {
        let block = match fund(world, id, &record).await {
            Ok(block) => block,
            Err(refusal) => {
                if !matches!(refusal, Error::Unavailable(_)) {
                    forget(id, &record);
                }
                return Err(refusal);
            }
        };
        record.funded = true;
        store(id, &record);
        audit::append_as(
            payer,
            serde_json::json!({
                "type": "escrow_funded",
                "escrow": id,
                "job": record.job,
                "reference": record.client_ref,
                "amount": record.amount.to_string(),
                "ledgerFee": record.fee.to_string(), "block": block.map(|block| block.to_string()),
            }),
        );
    }
    let told = world.payment_received(record.job, id, payer).await.map_err(transfers::unavailable)?;
    told.map_err(|error| refused_by_access(id, &error))?;
    record.state = EscrowState::open;
    store(id, &record);
    Ok(shown(id, record))
}

fn ref_key(payer: &Principal, client_ref: &str) -> Vec<u8> {
    [&[payer.as_slice().len() as u8], payer.as_slice(), client_ref.as_bytes()].concat()
}

/// A payer's reference stands for one job.
fn unused_elsewhere(payer: &Principal, request: &OpenEscrow) -> Result<(), Error> {
    let first = ESCROW_REFS.with_borrow(|refs| refs.get(&ref_key(payer, &request.client_ref)));
    match first.and_then(|id| Some((id, load(id)?))) {
        Some((id, record)) if record.job != request.job => {
            let first = format!("escrow {id} of job {}", record.job);
            Err(Error::Invalid(governed::reference_taken(&request.client_ref, first)))
        }
        _ => Ok(()),
    }
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

fn refused_by_access(id: u64, error: &AccessError) -> Error {
    match error {
        AccessError::Busy(why) => Error::Busy(why.clone()),
        AccessError::Unavailable(why) => Error::Unavailable(why.clone()),
        other => Error::Closed(why(
            name(id),
            format!("access does not take it: {other}"),
            "ask for the refund of this escrow",
        )),
    }
}

async fn begin(world: &impl World, payer: Principal, request: &OpenEscrow) -> Result<(u64, Record), Error> {
    let job = job_of(world, request.job).await?;
    if job.state != JobState::requested {
        return Err(Error::Closed(why(
            format!("job {}", job.id),
            "it waits for no payment",
            "look at its state with get_job",
        )));
    }
    if job.deadline <= system::now() {
        return Err(Error::Closed(why(
            format!("job {}", job.id),
            "its deadline has passed",
            "request access again with a later one",
        )));
    }
    let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
    let payments = plan(&job)?;
    let record = Record {
        job: job.id,
        payer,
        client_ref: request.client_ref.clone(),
        amount: total(&payments, fee)?,
        fee,
        state: EscrowState::funding,
        payments,
        opened_at: system::now(),
        funded: false,
        paying_since: 0,
    };
    let id = ESCROWS.with_borrow(|escrows| escrows.last_key_value().map_or(1, |(last, _)| last + 1));
    store(id, &record);
    listing::file(&shown(id, record.clone()));
    ESCROW_REFS.with_borrow_mut(|refs| refs.insert(ref_key(&payer, &record.client_ref), id));
    ESCROW_OF_JOB.with_borrow_mut(|escrows| escrows.insert(job.id, id));
    Ok((id, record))
}

/// Pulls the amount unless the escrow's account holds it already; the ledger's block, where this call made it.
async fn fund(world: &impl World, id: u64, record: &Record) -> Result<Option<u128>, Error> {
    let held = world.balance(accounts::own(Some(accounts::escrow(id)))).await.map_err(transfers::unavailable)?;
    if held >= record.amount {
        return Ok(None);
    }
    let memo = transfers::memo("escrow", id, 0);
    transfers::pull(
        world,
        record.payer,
        Some(accounts::spender_for(record.job)),
        accounts::escrow(id),
        record.amount,
        memo,
        record.opened_at,
    )
    .await
    .map(Some)
}

fn forget(id: u64, record: &Record) {
    listing::forget(&shown(id, record.clone()));
    ESCROW_REFS.with_borrow_mut(|refs| refs.remove(&ref_key(&record.payer, &record.client_ref)));
    ESCROWS.with_borrow_mut(|escrows| escrows.remove(&id));
    OPEN.with_borrow_mut(|open| open.remove(&id));
    ESCROW_OF_JOB.with_borrow_mut(|escrows| escrows.remove(&record.job));
}

fn locked(id: u64) -> Result<Lock, Error> {
    Lock::take(name(id)).ok_or_else(|| Error::Busy(why(name(id), "it is being worked on", "repeat in a moment")))
}

fn known(id: u64) -> Result<Record, Error> {
    load(id).ok_or_else(|| Error::NotFound(why(name(id), "there is none", "see list_escrows")))
}

/// Pays contributors and provider once the job's checkpoint is official. A repeat continues, or returns the settled
/// escrow.
pub async fn settle(world: &impl World, id: u64) -> Result<Escrow, Error> {
    let lock = locked(id);
    let mut record = known(id)?;
    match record.state {
        EscrowState::settled => return Ok(shown(id, record)),
        EscrowState::refunding | EscrowState::refunded => {
            return Err(Error::Closed(why(name(id), "it goes back to its payer", "nothing is left to settle")));
        }
        EscrowState::funding => {
            return Err(Error::NotYet(why(name(id), "it is not paid in full", "repeat open_escrow")))
        }
        EscrowState::open | EscrowState::settling => {}
    }
    let _lock = lock?;
    if record.state == EscrowState::open {
        let job = job_of(world, record.job).await?;
        let official = match &job.state {
            JobState::submitted(checkpoint) => {
                world.checkpoint(checkpoint).await.map_err(transfers::unavailable)? == Some(CheckpointState::official)
            }
            JobState::completed => true,
            _ => false,
        };
        if !official {
            let message = format!("job {} has no official checkpoint", job.id);
            return Err(Error::NotYet(why(
                name(id),
                message,
                "settle after the vote adopted it, or ask for the refund",
            )));
        }
        record.state = EscrowState::settling;
        record.paying_since = system::now();
        store(id, &record);
    }
    pay_out(world, id, &mut record).await?;
    finish(world, id, record, EscrowState::settled, "completed").await
}

/// Gives the escrow back when the job failed, its checkpoint was rejected, or its deadline passed without an official
/// one.
pub async fn refund(world: &impl World, id: u64) -> Result<Escrow, Error> {
    let lock = locked(id);
    let mut record = known(id)?;
    match record.state {
        EscrowState::refunded => return Ok(shown(id, record)),
        EscrowState::settling | EscrowState::settled => {
            return Err(Error::Closed(why(name(id), "it is paid out", "nothing is left to refund")));
        }
        EscrowState::funding | EscrowState::open | EscrowState::refunding => {}
    }
    let _lock = lock?;
    if record.state != EscrowState::refunding {
        let reason = refundable(world, id, &record).await?;
        // A payer that was cut off may have paid without our hearing of it: then what the account holds says so.
        let held = match record.funded {
            true => record.amount,
            false => world.balance(accounts::own(Some(accounts::escrow(id)))).await.map_err(transfers::unavailable)?,
        };
        let back = held.min(record.amount).saturating_sub(record.fee);
        record.payments = match back {
            0 => vec![],
            amount => vec![Payment { to: record.payer, amount, why: format!("refund: {reason}"), block: None }],
        };
        record.state = EscrowState::refunding;
        record.paying_since = system::now();
        store(id, &record);
    }
    pay_out(world, id, &mut record).await?;
    finish(world, id, record, EscrowState::refunded, "refunded").await
}

/// Why an escrow may go back to its payer; or NotYet.
async fn refundable(world: &impl World, id: u64, record: &Record) -> Result<&'static str, Error> {
    let job = job_of(world, record.job).await?;
    let checkpoint = match &job.state {
        JobState::failed(_) | JobState::refunded => return Ok("the job failed"),
        JobState::completed => return Err(Error::Closed(why(name(id), "its job is completed", "settle it"))),
        JobState::submitted(checkpoint) => world.checkpoint(checkpoint).await.map_err(transfers::unavailable)?,
        JobState::requested | JobState::granted => None,
    };
    match checkpoint {
        Some(CheckpointState::official) => Err(Error::Closed(why(name(id), "its checkpoint is official", "settle it"))),
        Some(CheckpointState::rejected) => Ok("the checkpoint was rejected"),
        _ if job.deadline < system::now() => Ok("the deadline passed"),
        _ => Err(Error::NotYet(why(
            name(id),
            "its job is under way",
            "refund after it failed, was rejected, or its deadline passed",
        ))),
    }
}

/// Makes the payments that have no block yet, storing each block as it comes.
async fn pay_out(world: &impl World, id: u64, record: &mut Record) -> Result<(), Error> {
    for line in 0..record.payments.len() {
        let payment = &record.payments[line];
        if payment.block.is_some() {
            continue;
        }
        let memo = transfers::memo("escrow", id, line as u32 + 1);
        let to = accounts::of(payment.to);
        let block = transfers::pay(world, accounts::escrow(id), to, payment.amount, memo, record.paying_since).await?;
        record.payments[line].block = Some(block);
        store(id, record);
        let payment = &record.payments[line];
        audit::append(serde_json::json!({
            "type": "escrow_paid",
            "escrow": id,
            "to": payment.to.to_text(),
            "amount": payment.amount.to_string(),
            "why": payment.why,
            "block": block.to_string(),
        }));
    }
    Ok(())
}

async fn finish(
    world: &impl World,
    id: u64,
    mut record: Record,
    state: EscrowState,
    outcome: &str,
) -> Result<Escrow, Error> {
    let told = world.job_closed(record.job, outcome).await.map_err(transfers::unavailable)?;
    told.map_err(|error| {
        Error::Unavailable(why(
            name(id),
            format!("everything is paid, but access does not close the job: {error}"),
            "repeat",
        ))
    })?;
    record.state = state;
    store(id, &record);
    audit::append(serde_json::json!({"type": "escrow_closed", "escrow": id, "outcome": outcome}));
    Ok(shown(id, record))
}

#[cfg(test)]
#[path = "money_tests.rs"]
mod tests;
