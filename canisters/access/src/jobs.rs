//! Jobs: requested → granted → submitted → completed, or failed and refunded on the way.

use crate::errors::{busy, no_job, Error};
use crate::{grants, leases, listing, memory};
use candid::{CandidType, Deserialize, Principal};
use governed::{why, Lock};
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    #[serde(rename = "fee")]
    Fee,
    #[serde(rename = "vote")]
    Vote,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub account: Principal,
    pub basis_points: u32,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct JobDataset {
    pub dataset: String,
    pub uid: ByteBuf,
    pub epoch: u32,
    pub fee: u128,
    pub contributor: Principal,
    pub splits: Vec<Split>,
    pub access: Access,
    /// When its key was first released: from then on its fee is earned. Told from the grants, not kept.
    #[serde(default)]
    pub consumed_at: Option<u64>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    #[serde(rename = "requested")]
    Requested,
    #[serde(rename = "granted")]
    Granted,
    /// With the checkpoint's id.
    #[serde(rename = "submitted")]
    Submitted(String),
    #[serde(rename = "completed")]
    Completed,
    /// With the reason.
    #[serde(rename = "failed")]
    Failed(String),
    #[serde(rename = "refunded")]
    Refunded,
}

impl JobState {
    pub fn word(&self) -> &'static str {
        match self {
            JobState::Requested => "requested",
            JobState::Granted => "granted",
            JobState::Submitted(_) => "submitted",
            JobState::Completed => "completed",
            JobState::Failed(_) => "failed",
            JobState::Refunded => "refunded",
        }
    }
}

/// One training job under one approval. Amounts in e8s, times in nanoseconds.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: u64,
    pub client_ref: String,
    pub provider: Principal,
    pub recipe: String,
    pub approval_digest: String,
    pub approval: ByteBuf,
    pub datasets: Vec<JobDataset>,
    pub base: Option<String>,
    pub fees: u128,
    pub reward: u128,
    pub deadline: u64,
    pub state: JobState,
    pub payer: Option<Principal>,
    pub escrow: Option<u64>,
    pub grants: Vec<u64>,
    pub created_at: u64,
    /// Whom its approval lets pay; none: whoever comes first.
    #[serde(default)]
    pub named_payer: Option<Principal>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListJobs {
    pub after: Option<u64>,
    pub limit: u32,
}

/// A provider's own reference of a job.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FindJob {
    pub provider: Principal,
    pub client_ref: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FailJob {
    pub job: u64,
    pub reason: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct JobClosed {
    pub job: u64,
    pub outcome: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CheckpointSubmitted {
    pub job: u64,
    pub checkpoint: String,
}

thread_local! {
    static JOBS: RefCell<StableBTreeMap<u64, Cbor<Job>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::JOBS)));
    static OPEN: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::OPEN_JOBS)));
    static CLIENT_REFS: RefCell<StableBTreeMap<Vec<u8>, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CLIENT_REFS)));
}

pub fn find(id: u64) -> Option<Job> {
    JOBS.with_borrow(|jobs| jobs.get(&id)).map(|record| record.0)
}

/// A job with what its grants say of its datasets.
pub fn with_consumed(mut job: Job) -> Job {
    for grant in grants::of_job(&job) {
        let consumed = grants::consumed_at(&grant);
        job.datasets.iter_mut().filter(|one| one.dataset == grant.dataset).for_each(|one| one.consumed_at = consumed);
    }
    job
}

pub fn get(id: u64) -> Result<Job, Error> {
    find(id).ok_or_else(|| no_job(id))
}

pub fn keep(job: &Job) {
    list_if_open(job);
    JOBS.with_borrow_mut(|jobs| jobs.insert(job.id, Cbor(job.clone())));
}

fn list_if_open(job: &Job) {
    OPEN.with_borrow_mut(|open| match job.state {
        JobState::Requested | JobState::Granted | JobState::Submitted(_) => open.insert(job.id, ()),
        JobState::Completed | JobState::Failed(_) | JobState::Refunded => open.remove(&job.id),
    });
}

/// Until when a provider's other jobs that are under way may read a dataset; none may: 0. At most 1,000 jobs are looked
/// at.
pub fn reads_elsewhere(over: &Job, dataset: &str) -> u64 {
    let open: Vec<u64> = OPEN.with_borrow(|open| open.keys().take(1_000).collect());
    let reads = |job: &Job| {
        let granted = |grant: &grants::Grant| grant.dataset == dataset && !grant.revoked;
        job.id != over.id && job.provider == over.provider && grants::of_job(job).iter().any(granted)
    };
    open.into_iter().filter_map(find).filter(reads).map(|job| job.deadline).max().unwrap_or(0)
}

/// Lists the open ones among jobs from before there was a list. Called after an upgrade.
pub fn list_open_ones() {
    if OPEN.with_borrow(|open| open.is_empty()) {
        JOBS.with_borrow(|jobs| jobs.values().for_each(|record| list_if_open(&record.0)));
    }
}

/// Every job, one after the other.
pub fn each(visit: impl FnMut(&Job)) {
    let mut visit = visit;
    JOBS.with_borrow(|jobs| jobs.values().for_each(|record| visit(&record.0)));
}

/// Jobs that are not over: requested, granted or submitted.
pub fn list_open(list: ListJobs) -> Vec<Job> {
    let start = list.after.map_or(Bound::Unbounded, Bound::Excluded);
    OPEN.with_borrow(|open| {
        open.range((start, Bound::Unbounded))
            .filter_map(|entry| find(*entry.key()))
            .take(governed::page_size(list.limit))
            .collect()
    })
}

pub fn list(list: ListJobs) -> Vec<Job> {
    let start = list.after.map_or(Bound::Unbounded, Bound::Excluded);
    JOBS.with_borrow(|jobs| {
        jobs.range((start, Bound::Unbounded))
            .map(|entry| entry.value().0)
            .take(governed::page_size(list.limit))
            .collect()
    })
}

/// A job as people read it. Amounts in e8s.
pub fn in_json(id: u64) -> Option<Value> {
    let job = find(id)?;
    let why = if let JobState::Failed(why) = &job.state { Some(why) } else { None };
    let checkpoint = if let JobState::Submitted(checkpoint) = &job.state { Some(checkpoint) } else { None };
    let datasets: Vec<Value> =
        job.datasets.iter().map(|one| json!({"dataset": one.dataset, "fee": one.fee.to_string()})).collect();
    Some(json!({
        "job": id,
        "state": job.state.word(),
        "why": why,
        "checkpoint": checkpoint,
        "provider": job.provider.to_text(),
        "recipe": job.recipe,
        "approval": job.approval_digest,
        "base": job.base,
        "datasets": datasets,
        "fees": job.fees.to_string(),
        "reward": job.reward.to_string(),
        "askedAt": pages::time(job.created_at),
        "deadline": pages::time(job.deadline),
        "payer": job.payer.map(|payer| payer.to_text()),
        "escrow": job.escrow, "grants": job.grants,
    }))
}

fn ref_key(provider: &Principal, client_ref: &str) -> Vec<u8> {
    [&[provider.as_slice().len() as u8], provider.as_slice(), client_ref.as_bytes()].concat()
}

/// The job a provider's reference made.
pub fn of_client_ref(provider: &Principal, client_ref: &str) -> Option<Job> {
    CLIENT_REFS.with_borrow(|refs| refs.get(&ref_key(provider, client_ref))).and_then(find)
}

/// Numbers a job and takes it in.
pub fn add(mut job: Job) -> Job {
    job.id = JOBS.with_borrow(|jobs| jobs.last_key_value().map_or(1, |(last, _)| last + 1));
    CLIENT_REFS.with_borrow_mut(|refs| refs.insert(ref_key(&job.provider, &job.client_ref), job.id));
    keep(&job);
    listing::file(&job);
    audit::append_as(
        job.provider,
        json!({
            "type": "accessRequested",
            "job": job.id,
            "reference": job.client_ref,
            "approval": job.approval_digest,
            "datasets": job.datasets.iter().map(|d| &d.dataset).collect::<Vec<_>>()
        }),
    );
    job
}

/// The lock every change of a job holds.
pub fn lock(id: u64) -> Result<Lock, Error> {
    let thing = format!("job {id}");
    Lock::take(&thing).ok_or_else(|| busy(thing))
}

fn not_in_state(job: &Job, wanted: &str) -> Error {
    Error::NotYet(why(format!("job {}", job.id), format!("it is {}", job.state.word()), wanted))
}

/// Only `peer` may say this.
pub fn only(caller: Principal, peer: Principal, who: &str, job: u64) -> Result<(), Error> {
    if caller == peer {
        return Ok(());
    }
    let message = format!("{caller} is not the {who} canister {peer}");
    Err(Error::NotAuthorized(why(format!("job {job}"), message, format!("go through the {who} canister"))))
}

/// Gives a job up before it has a checkpoint: the provider at any time, the payer before its provider has begun, and
/// anyone once its deadline has passed, when nothing can come of it any more. A repeat returns the job.
pub fn fail(caller: Principal, fail: FailJob) -> Result<Job, Error> {
    let mut job = get(fail.job)?;
    let over = job.deadline <= system::now();
    let ended = matches!(job.state, JobState::Failed(_));
    let by_payer = Some(caller) == job.payer.or(job.named_payer);
    if caller != job.provider && !by_payer && !over {
        let message = format!("{caller} is neither its provider nor its payer");
        return Err(Error::NotAuthorized(why(
            format!("job {}", job.id),
            message,
            "use the provider's or the payer's identity, or wait for its deadline",
        )));
    }
    let begun = || grants::of_job(&job).iter().any(|grant| grants::consumed_at(grant).is_some());
    if by_payer && caller != job.provider && !over && !ended && begun() {
        return Err(Error::NotYet(why(
            format!("job {}", job.id),
            "its keys are out, and its provider works on it",
            "have the provider end it, or wait for its deadline",
        )));
    }
    if fail.reason.is_empty() || fail.reason.chars().count() > 500 {
        return Err(Error::Invalid(why(
            "reason",
            "1 to 500 characters are expected",
            "say in a sentence what happened",
        )));
    }
    match job.state {
        JobState::Failed(_) => return Ok(job),
        JobState::Requested | JobState::Granted => {}
        _ => return Err(not_in_state(&job, "only a job without a checkpoint can be given up")),
    }
    let _lock = lock(job.id)?;
    grants::revoke_all(&job);
    leases::end(&job);
    audit::append_as(caller, json!({"type": "jobFailed", "job": job.id, "reason": fail.reason}));
    job.state = JobState::Failed(fail.reason);
    keep(&job);
    Ok(job)
}

/// Notes the checkpoint that came out of a job. Called by the models canister; a repeat returns the job.
pub fn checkpoint_submitted(caller: Principal, submitted: CheckpointSubmitted) -> Result<Job, Error> {
    only(caller, governed::peers().models, "models", submitted.job)?;
    let mut job = get(submitted.job)?;
    match &job.state {
        JobState::Granted => {}
        JobState::Submitted(first) if *first == submitted.checkpoint => return Ok(job),
        JobState::Submitted(first) => {
            let message = format!("its checkpoint is {first}");
            return Err(Error::AlreadyExists(why(
                format!("job {}", job.id),
                message,
                "ask for access again to train another",
            )));
        }
        _ => return Err(not_in_state(&job, "a checkpoint comes from a job with grants")),
    }
    if job.deadline <= system::now() {
        let message = format!("its deadline was {} ns", job.deadline);
        return Err(Error::DeadlinePassed(why(
            format!("job {}", job.id),
            message,
            "ask for access again with a later deadline",
        )));
    }
    let _lock = lock(job.id)?;
    audit::append_as(caller, json!({"type": "checkpointSubmitted", "job": job.id, "checkpoint": submitted.checkpoint}));
    job.state = JobState::Submitted(submitted.checkpoint);
    keep(&job);
    Ok(job)
}

/// Ends a job after its money has gone its way. Called by the treasury; a repeat returns the job.
pub fn close(caller: Principal, closed: JobClosed) -> Result<Job, Error> {
    only(caller, governed::peers().treasury, "treasury", closed.job)?;
    let mut job = get(closed.job)?;
    let state = match (closed.outcome.as_str(), &job.state) {
        ("completed", JobState::Completed) | ("refunded", JobState::Refunded) => return Ok(with_consumed(job)),
        ("completed", JobState::Submitted(_)) => JobState::Completed,
        ("refunded", JobState::Requested | JobState::Granted | JobState::Submitted(_) | JobState::Failed(_)) => {
            JobState::Refunded
        }
        ("completed" | "refunded", _) => return Err(not_in_state(&job, "a job ends once")),
        (other, _) => {
            return Err(Error::Invalid(why("outcome", format!("it is {other:?}"), "say completed or refunded")))
        }
    };
    let _lock = lock(job.id)?;
    grants::revoke_all(&job);
    leases::end(&job);
    audit::append_as(caller, json!({"type": "jobClosed", "job": job.id, "outcome": closed.outcome}));
    job.state = state;
    keep(&job);
    Ok(with_consumed(job))
}
