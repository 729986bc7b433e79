//! Where the money of an escrow goes. A licence whose key was released is earned, whatever becomes of the job; the
//! reward goes to the provider of an official checkpoint, and what is left back to the payer.

use crate::api::{CollectPayment, Error, Escrow, EscrowState};
use crate::escrows::{known, load, locked, name, shown, store, Record};
use crate::funding::job_of;
use crate::lines::{self, Planned};
use crate::world::{Account, Checkpoint, CheckpointState, Job, JobState, World};
use crate::{accounts, escrows, listing, memory, transfers};
use candid::Principal;
use governed::why;
use ic_stable_structures::StableCell;
use std::cell::RefCell;
use stored::Memory;

/// How long a submitted checkpoint keeps its escrow when nobody decides it. Votes end in less.
pub const USUAL_REVIEW_SECONDS: u64 = 30 * 86_400;
/// How long a checkpoint's adoption may take from the treasury's word to the models canister's, in nanoseconds.
const HOLD: u64 = 600_000_000_000;

thread_local! {
    static REVIEW_SECONDS: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::REVIEW_SECONDS), USUAL_REVIEW_SECONDS));
}

/// How long a review may take, in seconds; said at installation.
pub fn set_review_seconds(seconds: u64) {
    REVIEW_SECONDS.with_borrow_mut(|cell| cell.set(seconds));
}

fn review_ends(checkpoint: &Checkpoint) -> u64 {
    let limit = REVIEW_SECONDS.with_borrow(|cell| *cell.get());
    checkpoint.submitted_at.saturating_add(limit.saturating_mul(1_000_000_000))
}

fn change(id: u64, with: impl FnOnce(&mut Record)) -> Record {
    let mut record = load(id).expect("callers know that it exists");
    with(&mut record);
    store(id, &record);
    record
}

/// Pays the shares of a job's licences whose keys were released. Anyone may ask; a repeat pays nothing twice.
pub async fn pay_licences(world: &impl World, job: u64) -> Result<Escrow, Error> {
    let id = escrows::id_of_job(job)
        .ok_or_else(|| Error::NotFound(why(format!("job {job}"), "it has no escrow", "see list_escrows")))?;
    let lock = locked(id);
    let record = known(id)?;
    if record.state != EscrowState::open {
        return Ok(shown(id, record)); // settling and refunding pay them too
    }
    let _lock = lock?;
    let job = job_of(world, record.job).await?;
    pay_out(world, id, &record, |planned| is_earned(&job, planned)).await?;
    Ok(shown(id, record))
}

fn is_earned(job: &Job, planned: &Planned) -> bool {
    let dataset = planned.why.strip_prefix(listing::LICENCE);
    job.datasets.iter().any(|one| one.consumed_at.is_some() && Some(one.dataset.as_str()) == dataset)
}

async fn pay_out(world: &impl World, id: u64, record: &Record, due: impl Fn(&Planned) -> bool) -> Result<(), Error> {
    lines::pay_out(world, id, record, &lines::waiting(id, record, due)).await
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
                let found = world.checkpoint(checkpoint).await.map_err(transfers::unavailable)?;
                found.is_some_and(|checkpoint| checkpoint.state == CheckpointState::official)
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
        record = change(id, |record| record.state = EscrowState::settling);
    }
    pay_out(world, id, &record, |_| true).await?;
    finish(world, id, EscrowState::settled, "completed").await
}

/// Gives back what nobody has earned when the job failed, its checkpoint was rejected or its review took too long, or
/// its deadline passed without one.
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
        // Decided here and at once: an adoption that began while the others were asked goes first.
        record = known(id)?;
        not_held(id, &record)?;
        record = change(id, |record| {
            record.state = EscrowState::refunding;
            record.refund_reason = reason.into();
        });
    }
    if !refund_stands(&record) {
        let job = ended(world, &record, "refunded").await?;
        // A payer that was cut off may have paid without our hearing of it: then what the account holds says so.
        let held = match record.funded {
            true => record.amount,
            false => world.balance(accounts::own(Some(accounts::escrow(id)))).await.map_err(transfers::unavailable)?,
        };
        record = change(id, |record| plan_refund(id, record, &job, held));
    }
    pay_out(world, id, &record, |_| true).await?;
    finish(world, id, EscrowState::refunded, "refunded").await
}

/// Escrows from before this was kept have nothing but the refund among their payments.
fn refund_stands(record: &Record) -> bool {
    record.refund_planned || record.paying_since > 0
}

/// Leaves what was earned, or sent already, and gives the payer the rest, less the ledger's fee.
fn plan_refund(id: u64, record: &mut Record, job: &Job, held: u128) {
    let mut spent = record.fee;
    for n in 0..record.payments.len() {
        let line = lines::of(id, record, n);
        let planned = &mut record.payments[n];
        planned.void = !is_earned(job, planned) && line.block.is_none() && line.sent.is_none();
        if !planned.void {
            spent = spent.saturating_add(planned.amount).saturating_add(record.fee);
        }
    }
    let back = held.min(record.amount).saturating_sub(spent);
    if back > 0 {
        record.payments.push(Planned::new(record.payer, back, format!("refund: {}", record.refund_reason)));
    }
    record.refund_planned = true;
}

fn not_held(id: u64, record: &Record) -> Result<(), Error> {
    if record.held_until <= system::now() {
        return Ok(());
    }
    Err(Error::NotYet(why(name(id), "its checkpoint is being adopted", "settle it in a moment")))
}

/// Why an escrow may go back to its payer; or NotYet.
async fn refundable(world: &impl World, id: u64, record: &Record) -> Result<&'static str, Error> {
    not_held(id, record)?;
    let job = job_of(world, record.job).await?;
    let checkpoint = match &job.state {
        JobState::failed(_) | JobState::refunded => return Ok("the job failed"),
        JobState::completed => return Err(Error::Closed(why(name(id), "its job is completed", "settle it"))),
        JobState::submitted(checkpoint) => world.checkpoint(checkpoint).await.map_err(transfers::unavailable)?,
        JobState::requested | JobState::granted => None,
    };
    let now = system::now();
    match checkpoint {
        Some(Checkpoint { state: CheckpointState::official, .. }) => {
            Err(Error::Closed(why(name(id), "its checkpoint is official", "settle it")))
        }
        Some(Checkpoint { state: CheckpointState::rejected, .. }) => Ok("the checkpoint was rejected"),
        Some(checkpoint) if review_ends(&checkpoint) >= now => Err(Error::NotYet(why(
            name(id),
            format!("its checkpoint is under review, until {} ns at the latest", review_ends(&checkpoint)),
            "refund after it was rejected, or settle after it was adopted",
        ))),
        Some(_) => Ok("nobody decided on the checkpoint in time"),
        None if job.deadline < now => Ok("the deadline passed"),
        None => Err(Error::NotYet(why(
            name(id),
            "its job is under way",
            "refund after it failed, was rejected, or its deadline passed",
        ))),
    }
}

/// Has access end the job: no key of it is released from then on.
async fn ended(world: &impl World, record: &Record, outcome: &str) -> Result<Job, Error> {
    let told = world.job_closed(record.job, outcome).await.map_err(transfers::unavailable)?;
    told.map_err(|error| {
        let message = format!("access does not close the job: {error}");
        Error::Unavailable(why(format!("job {}", record.job), message, "repeat"))
    })
}

async fn finish(world: &impl World, id: u64, state: EscrowState, outcome: &str) -> Result<Escrow, Error> {
    ended(world, &known(id)?, outcome).await?;
    let record = change(id, |record| record.state = state);
    audit::append(serde_json::json!({"type": "escrow_closed", "escrow": id, "outcome": outcome}));
    Ok(shown(id, record))
}

/// Holds the escrow of a job whose checkpoint is being adopted, and says until when. Called by the models canister, in
/// the message that adopts it: without a funded escrow nothing is adopted.
pub fn hold(caller: Principal, job: u64) -> Result<u64, Error> {
    let subject = format!("job {job}");
    let models = governed::peers().models;
    if caller != models {
        let message = format!("{caller} is not the models canister {models}");
        return Err(Error::NotAuthorized(why(subject, message, "put the checkpoint to the vote")));
    }
    let id = escrows::id_of_job(job)
        .ok_or_else(|| Error::NotFound(why(&subject, "it has no escrow", "pay for the job first")))?;
    let record = known(id)?;
    match record.state {
        EscrowState::open | EscrowState::settling | EscrowState::settled => {}
        EscrowState::funding => {
            return Err(Error::NotYet(why(name(id), "it is not paid in full", "repeat open_escrow")))
        }
        EscrowState::refunding | EscrowState::refunded => {
            return Err(Error::Closed(why(name(id), "it went back to its payer", "pay for another job")));
        }
    }
    Ok(change(id, |record| record.held_until = system::now() + HOLD).held_until)
}

/// Pays a payment that the ledger refused: to its payee's account, when anyone asks, or to the one that its payee
/// names.
pub async fn collect(world: &impl World, caller: Principal, request: CollectPayment) -> Result<Escrow, Error> {
    let CollectPayment { escrow: id, payment, to } = request;
    let _lock = locked(id)?;
    let record = known(id)?;
    let n = lines::refused(id, &record, payment as usize)?;
    let payee = record.payments[n].to;
    let to: Account = match to {
        Some(_) if caller != payee => {
            let message = format!("{caller} is not its payee {payee}");
            return Err(Error::NotAuthorized(why(name(id), message, "collect with the payee's own identity")));
        }
        Some(account) => account,
        None => accounts::of(payee),
    };
    let fee = world.ledger_fee().await.map_err(transfers::unavailable)?;
    let line = lines::pay(world, id, &record, n, fee, to).await?;
    if let Some(reason) = line.refused {
        return Err(Error::Invalid(why(name(id), reason, "name another account of yours")));
    }
    Ok(shown(id, known(id)?))
}
