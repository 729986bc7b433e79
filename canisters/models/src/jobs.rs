//! What the access canister says about a job.

use crate::api::{CollectChunks, CollectedChunks, Error};
use crate::chunks;
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use protocol::limits::COLLECT_LIMIT;
use serde_bytes::ByteBuf;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How long a provider may put chunks on what access said last, in nanoseconds.
const FRESH: u64 = 300_000_000_000;

/// The part of access's `Job` that matters here.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Job {
    pub id: u64,
    pub provider: Principal,
    pub recipe: String,
    pub approval_digest: String,
    pub approval: ByteBuf,
    pub datasets: Vec<JobDataset>,
    pub base: Option<String>,
    pub state: JobState,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct JobDataset {
    pub dataset: String,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    #[serde(rename = "requested")]
    Requested,
    #[serde(rename = "granted")]
    Granted,
    #[serde(rename = "submitted")]
    Submitted(String),
    #[serde(rename = "completed")]
    Completed,
    #[serde(rename = "failed")]
    Failed(String),
    #[serde(rename = "refunded")]
    Refunded,
}

thread_local! {
    /// Job → (provider, when access said that it is granted). Lost by an upgrade, and then asked again.
    static GRANTED: RefCell<BTreeMap<u64, (Principal, u64)>> = const { RefCell::new(BTreeMap::new()) };
}

/// Asks access about a job.
pub async fn ask(id: u64) -> Result<Job, Error> {
    let answer: Result<Option<Job>, _> = system::ask(governed::peers().access, "get_job", (id,)).await;
    match answer {
        Ok(Some(job)) => Ok(job),
        Ok(None) => {
            Err(Error::NotFound(why(format!("job {id}"), "access knows no such job", "ask access for a grant first")))
        }
        Err(no_answer) => Err(Error::Unavailable(why(format!("job {id}"), no_answer.to_string(), "try again"))),
    }
}

/// Checks that `caller` is the provider of a granted job, by what access said within the last five minutes.
pub async fn granted_to(id: u64, caller: Principal) -> Result<(), Error> {
    let known = GRANTED.with_borrow(|jobs| jobs.get(&id).copied());
    if known.is_some_and(|(provider, at)| provider == caller && system::now() < at + FRESH) {
        return Ok(());
    }
    let job = ask(id).await?;
    provider_is(&job, &caller)?;
    is_granted(&job)?;
    let now = system::now();
    GRANTED.with_borrow_mut(|jobs| {
        jobs.retain(|_, (_, at)| now < *at + FRESH);
        jobs.insert(id, (caller, now));
    });
    Ok(())
}

/// Frees what jobs have put that can submit no checkpoint any more.
pub async fn collect(CollectChunks { after, limit }: CollectChunks) -> Result<CollectedChunks, Error> {
    let limit = (limit as usize).clamp(1, COLLECT_LIMIT);
    let held = chunks::jobs(after, limit);
    let next = held.last().copied().filter(|_| held.len() == limit);
    let mut collected = CollectedChunks { jobs: vec![], bytes: 0, next };
    for id in held {
        let over = match ask(id).await {
            Ok(job) => !matches!(job.state, JobState::Requested | JobState::Granted),
            Err(Error::NotFound(_)) => true,
            Err(error) => return Err(error),
        };
        if over {
            GRANTED.with_borrow_mut(|jobs| jobs.remove(&id)); // what access said earlier lets nobody put more
            collected.bytes += chunks::release(id);
            collected.jobs.push(id);
        }
    }
    Ok(collected)
}

pub fn provider_is(job: &Job, caller: &Principal) -> Result<(), Error> {
    if job.provider == *caller {
        return Ok(());
    }
    let message = format!("its provider is {}, and {caller} called", job.provider);
    Err(Error::WrongSigner(why(format!("job {}", job.id), message, "call under the provider's identity")))
}

pub fn is_granted(job: &Job) -> Result<(), Error> {
    if job.state == JobState::Granted {
        return Ok(());
    }
    let message = format!("its state is {}, not granted", in_words(&job.state));
    Err(Error::NotGranted(why(format!("job {}", job.id), message, "ask access for a new grant")))
}

fn in_words(state: &JobState) -> String {
    match state {
        JobState::Requested => "requested".into(),
        JobState::Granted => "granted".into(),
        JobState::Submitted(checkpoint) => format!("submitted with {checkpoint}"),
        JobState::Completed => "completed".into(),
        JobState::Failed(reason) => format!("failed: {reason}"),
        JobState::Refunded => "refunded".into(),
    }
}
