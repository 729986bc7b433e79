//! Grants: the right of one provider to one dataset's key, for one job under one approval, a few times, until a
//! deadline.

use crate::errors::{busy, Error};
use crate::jobs::{Job, JobDataset};
use crate::{listing, memory};
use candid::{CandidType, Deserialize, Principal};
use governed::{why, Lock};
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// How often a key is released under one grant: once, and twice more for a provider that lost it.
pub const USES: u32 = 3;

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: u64,
    pub job: u64,
    pub dataset: String,
    pub epoch: u32,
    pub provider: Principal,
    pub approval_digest: String,
    pub expires_at: u64,
    pub uses_left: u32,
    /// The payment or vote it rests on.
    pub why: String,
    pub revoked: bool,
    /// When its key was first asked for, unless none came out: from then on the licence is consumed.
    #[serde(default)]
    pub consumed_at: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListGrants {
    pub job: u64,
}

/// A key as it was released, and for which transport key. The network saw both.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
struct Released {
    transport_key: ByteBuf,
    encrypted_key: ByteBuf,
}

thread_local! {
    static RELEASED: RefCell<StableBTreeMap<u64, Cbor<Released>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::RELEASED)));
    static GRANTS: RefCell<StableBTreeMap<u64, Cbor<Grant>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::GRANTS)));
}

pub fn find(id: u64) -> Option<Grant> {
    GRANTS.with_borrow(|grants| grants.get(&id)).map(|record| record.0)
}

fn keep(grant: &Grant) {
    GRANTS.with_borrow_mut(|grants| grants.insert(grant.id, Cbor(grant.clone())));
}

/// Writes a grant for one dataset of a job. The caller keeps the job, which names it.
pub fn add(job: &mut Job, dataset: &JobDataset, why: &str) {
    let id = GRANTS.with_borrow(|grants| grants.last_key_value().map_or(1, |(last, _)| last + 1));
    let grant = Grant {
        id,
        job: job.id,
        dataset: dataset.dataset.clone(),
        epoch: dataset.epoch,
        provider: job.provider,
        approval_digest: job.approval_digest.clone(),
        expires_at: job.deadline,
        uses_left: USES,
        why: why.to_owned(),
        revoked: false,
        consumed_at: None,
    };
    keep(&grant);
    job.grants.push(id);
    let entry = audit::append_as(
        job.provider,
        json!({
            "type": "granted",
            "grant": id,
            "job": job.id,
            "dataset": dataset.dataset,
            "epoch": dataset.epoch,
            "why": why,
            "expires": job.deadline.to_string(), "uses": USES,
        }),
    );
    listing::file_grant(&grant, Some(entry));
}

/// The grants of a job.
pub fn of_job(job: &Job) -> Vec<Grant> {
    job.grants.iter().filter_map(|id| find(*id)).collect()
}

/// Takes back the grants of a job. A key that was released stays known; no further one is.
pub fn revoke_all(job: &Job) {
    for grant in of_job(job).into_iter().filter(|grant| !grant.revoked) {
        audit::append(json!({"type": "revoked", "grant": grant.id}));
        keep(&Grant { revoked: true, ..grant });
    }
}

/// Lets what has not been revoked live until then.
pub fn extend_all(job: &Job, expires_at: u64) {
    of_job(job).into_iter().filter(|grant| !grant.revoked).for_each(|grant| keep(&Grant { expires_at, ..grant }));
}

/// A grant that the caller holds now.
pub fn live(caller: Principal, now: u64, id: u64) -> Result<Grant, Error> {
    let subject = format!("grant {id}");
    let grant = find(id)
        .ok_or_else(|| Error::NotFound(why(&subject, "there is no such grant", "list the grants of the job")))?;
    if caller != grant.provider {
        let message = format!("{caller} is not its provider {}", grant.provider);
        return Err(Error::WrongPrincipal(why(subject, message, "use the identity the grant was given to")));
    }
    let ask_again = "ask for access again";
    if grant.revoked {
        let message = format!("it was taken back, or ended with job {}", grant.job);
        return Err(Error::GrantRevoked(why(subject, message, ask_again)));
    }
    if grant.expires_at <= now {
        return Err(Error::GrantExpired(why(subject, format!("it expired at {} ns", grant.expires_at), ask_again)));
    }
    Ok(grant)
}

/// The key released last, if it was for this very transport key: a repeat by a provider that did not hear the answer,
/// and no further use.
pub fn released_before(caller: Principal, now: u64, id: u64, transport_key: &[u8]) -> Result<Option<ByteBuf>, Error> {
    live(caller, now, id)?;
    let last = RELEASED.with_borrow(|released| released.get(&id));
    Ok(last.map(|last| last.0).filter(|last| last.transport_key == transport_key).map(|last| last.encrypted_key))
}

/// When the licence was consumed. Of grants from before this was kept, what was released says that it was.
pub fn consumed_at(grant: &Grant) -> Option<u64> {
    let released = || RELEASED.with_borrow(|released| released.contains_key(&grant.id)).then_some(0);
    grant.consumed_at.or_else(released)
}

/// No key came out of the use that was counted: if none ever did, the licence is not consumed. What ended meanwhile
/// stays as it was settled.
pub fn nothing_released(id: u64) {
    let never = RELEASED.with_borrow(|released| !released.contains_key(&id));
    if let Some(grant) = find(id).filter(|grant| never && !grant.revoked) {
        keep(&Grant { consumed_at: None, ..grant });
    }
}

pub fn keep_released(id: u64, transport_key: ByteBuf, encrypted_key: ByteBuf) {
    RELEASED.with_borrow_mut(|released| released.insert(id, Cbor(Released { transport_key, encrypted_key })));
}

/// The lock that a release of a grant's key holds from its first question to others until the key is out.
pub fn lock(id: u64) -> Result<Lock, Error> {
    let subject = format!("grant {id}");
    Lock::take(&subject).ok_or_else(|| busy(subject))
}

/// Refuses a grant without a use.
pub fn has_use(grant: &Grant) -> Result<(), Error> {
    if grant.uses_left > 0 {
        return Ok(());
    }
    let message = format!("its {USES} uses are spent");
    Err(Error::GrantSpent(why(format!("grant {}", grant.id), message, "ask for access again")))
}

/// Checks a grant for the caller and counts one use, before the key is derived. The caller holds the grant's lock.
pub fn count_use(caller: Principal, now: u64, id: u64, transport_key: &[u8]) -> Result<Grant, Error> {
    let mut grant = live(caller, now, id)?;
    has_use(&grant)?;
    grant.uses_left -= 1;
    grant.consumed_at = consumed_at(&grant).or(Some(now));
    keep(&grant);
    audit::append_as(
        caller,
        json!({
            "type": "keyRequested",
            "grant": id,
            "dataset": grant.dataset,
            "epoch": grant.epoch,
            "usesLeft": grant.uses_left,
            "transportKey": protocol::content_id(transport_key),
        }),
    );
    Ok(grant)
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RevokeGrant {
    pub grant: u64,
    pub reason: String,
}

/// A grant that a vote may take back.
pub fn revocable(revoke: &RevokeGrant) -> Result<Grant, Error> {
    reasoned(&revoke.reason)?;
    let subject = format!("grant {}", revoke.grant);
    let grant = find(revoke.grant)
        .ok_or_else(|| Error::NotFound(why(&subject, "there is no such grant", "list the grants of the job")))?;
    if grant.revoked {
        return Err(Error::GrantRevoked(why(subject, "it was taken back already", "nothing needs to be done")));
    }
    Ok(grant)
}

pub fn revoke_in_words(grant: &Grant, reason: &str) -> String {
    format!(
        "Take grant {} back: provider {} gets no further key of dataset {} for job {}. Keys that went out stay known. \
         Reason: {reason}",
        grant.id, grant.provider, grant.dataset, grant.job
    )
}

/// Takes one grant back. Called by the governor.
pub fn revoke(caller: Principal, revoke: &RevokeGrant) -> Result<(), Error> {
    let grant = revocable(revoke)?;
    audit::append_as(caller, json!({"type": "revoked", "grant": grant.id, "reason": revoke.reason}));
    keep(&Grant { revoked: true, ..grant });
    Ok(())
}

/// Why an approval is taken back: a sentence or a few, which voters read.
pub fn reasoned(reason: &str) -> Result<(), Error> {
    if (1..=500).contains(&reason.chars().count()) {
        return Ok(());
    }
    Err(Error::Invalid(why("reason", "1 to 500 characters are expected", "say in a sentence why it is taken back")))
}
