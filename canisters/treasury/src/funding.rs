//! How a job's cost comes into escrow: what its licences and reward add up to, pulled from the payer, and access told
//! of it.

use crate::api::{Error, Escrow, EscrowState, OpenEscrow, Quote};
use crate::escrows::{self, locked, name, shown, Record};
use crate::lines::Planned;
use crate::transfers::Pull;
use crate::world::{AccessError, Job, JobState, World};
use crate::{accounts, listing, transfers};
use candid::Principal;
use governed::{why, Lock};

fn too_large() -> Error {
    Error::LimitExceeded(why("amount", "fees and reward exceed 128 bits", "ask for a job with smaller amounts"))
}

/// Who gets what if the job succeeds: each dataset's fee by its licence's splits (rounded down, the rest to the first),
/// and the reward.
fn plan(job: &Job) -> Result<Vec<Planned>, Error> {
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
        let why = format!("{}{}", listing::LICENCE, dataset.dataset);
        payments.extend(paid.map(|(to, amount)| Planned::new(to, amount, why.clone())));
    }
    if job.reward > 0 {
        payments.push(Planned::new(job.provider, job.reward, format!("reward of job {}", job.id)));
    }
    Ok(payments)
}

fn total(payments: &[Planned], fee: u128) -> Result<u128, Error> {
    payments
        .iter()
        .try_fold(0_u128, |sum, payment| sum.checked_add(payment.amount)?.checked_add(fee))
        .ok_or_else(too_large)
}

pub async fn job_of(world: &impl World, job: u64) -> Result<Job, Error> {
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
    let (id, mut record) = match escrows::id_of_job(request.job) {
        Some(id) => (id, escrows::load(id).expect("the index names stored escrows")),
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
                    listing::forget(&shown(id, record.clone()));
                    escrows::forget(id, &record);
                }
                return Err(refusal);
            }
        };
        record.funded = true;
        escrows::store(id, &record);
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
    escrows::store(id, &record);
    Ok(shown(id, record))
}

/// A payer's reference stands for one job.
fn unused_elsewhere(payer: &Principal, request: &OpenEscrow) -> Result<(), Error> {
    match escrows::of_reference(payer, &request.client_ref) {
        Some((id, record)) if record.job != request.job => {
            let first = format!("escrow {id} of job {}", record.job);
            Err(Error::Invalid(governed::reference_taken(&request.client_ref, first)))
        }
        _ => Ok(()),
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
    as_agreed(&job, payer, request, total(&payments, fee)?)?;
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
        held_until: 0,
        refund_planned: false,
        refund_reason: String::new(),
    };
    let id = escrows::add(&record);
    listing::file(&shown(id, record.clone()));
    Ok((id, record))
}

/// The job is the one that its payer agreed to pay, for no more than that.
fn as_agreed(job: &Job, payer: Principal, request: &OpenEscrow, amount: u128) -> Result<(), Error> {
    let subject = format!("job {}", job.id);
    if let Some(named) = job.named_payer.filter(|named| *named != payer) {
        let message = format!("its approval names {named} as its payer");
        return Err(Error::WrongPrincipal(why(subject, message, "pay with that identity, or for a job of your own")));
    }
    if let Some(approval) = request.approval.as_ref().filter(|approval| **approval != job.approval_digest) {
        let message = format!("its approval is {}, and {approval} is to be paid", job.approval_digest);
        return Err(Error::Invalid(why(subject, message, "look at what the provider asked for before you pay")));
    }
    match request.at_most {
        Some(most) if amount > most => {
            let message = format!("it takes {amount} e8s with the ledger's fees, and at most {most} are to be paid");
            Err(Error::LimitExceeded(why(subject, message, "agree on another price, or on fewer datasets")))
        }
        _ => Ok(()),
    }
}

/// Pulls the amount unless the escrow's account holds it already; the ledger's block, where this call made it. Nothing
/// leaves that account before it is funded: what it holds says whether an earlier attempt went through, however long
/// ago.
async fn fund(world: &impl World, id: u64, record: &Record) -> Result<Option<u128>, Error> {
    let held = world.balance(accounts::own(Some(accounts::escrow(id)))).await.map_err(transfers::unavailable)?;
    if held >= record.amount {
        return Ok(None);
    }
    let pull = Pull {
        from: record.payer,
        spender: Some(accounts::spender_for(record.job)),
        into: accounts::escrow(id),
        amount: record.amount,
        memo: transfers::memo("escrow", id, 0),
        created_at: system::now(),
    };
    transfers::pull(world, &pull).await.map(Some)
}
