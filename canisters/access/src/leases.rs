//! What follows from a job in other canisters, told them after it has happened here: that its provider's reads end with
//! it, until the datasets canister has heard, and that a licence of it is consumed.

use crate::jobs::{self, Job, JobState};
use crate::requests::DatasetsError;
use crate::{grants, memory};
use candid::{CandidType, Principal, Reserved};
use governed::Lock;
use ic_stable_structures::StableBTreeMap;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;
use stored::Memory;

const RETRY: Duration = Duration::from_secs(60);

thread_local! {
    /// A retry is on its way, and one is enough.
    static RETRYING: Cell<bool> = const { Cell::new(false) };
    /// Jobs whose consumed licences the treasury is about to be told of. Lost by an upgrade: the outcome pays them too.
    static TELLING: RefCell<BTreeSet<u64>> = const { RefCell::new(BTreeSet::new()) };
    static ENDING: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::ENDING_READS)));
}

/// Notes that what a job reads has to end. [`end_soon`] sees to it.
pub fn end(job: &Job) {
    if !job.grants.is_empty() {
        ENDING.with_borrow_mut(|ending| ending.insert(job.id, ()));
    }
}

/// Ends the reads of jobs that are over right after the running message, and again until they have ended.
pub fn end_soon() {
    if waiting() {
        ic_cdk_timers::set_timer(Duration::ZERO, end_all());
    }
}

pub fn waiting() -> bool {
    ENDING.with_borrow(|ending| !ending.is_empty())
}

async fn end_all() {
    let Some(_lock) = Lock::take("ending reads") else { return };
    let jobs: Vec<u64> = ENDING.with_borrow(|ending| ending.keys().take(100).collect());
    for id in jobs {
        let ended = match jobs::find(id) {
            // A lease ends at its job's deadline by itself.
            Some(job) if job.deadline > system::now() => end_reads_of(&job).await,
            _ => true,
        };
        if ended {
            ENDING.with_borrow_mut(|ending| ending.remove(&id));
        }
    }
    if waiting() && !RETRYING.replace(true) {
        ic_cdk_timers::set_timer(RETRY, async {
            RETRYING.set(false);
            end_all().await;
        });
    }
}

async fn end_reads_of(job: &Job) -> bool {
    #[derive(CandidType)]
    struct EndReads {
        dataset: String,
        reader: Principal,
        until: u64,
    }
    let mut ended = true;
    for grant in grants::of_job(job) {
        let until = jobs::reads_elsewhere(job, &grant.dataset);
        let end = EndReads { dataset: grant.dataset, reader: job.provider, until };
        let answer: Result<Result<(), DatasetsError>, _> =
            system::ask(governed::peers().datasets, "end_reads", (end,)).await;
        // A dataset that is not there any more has no reads.
        ended &= matches!(answer, Ok(Ok(()) | Err(DatasetsError::NotFound(_))));
    }
    ended
}

/// Keys released one after the other are told of together.
const TOGETHER: Duration = Duration::from_secs(2);

/// Tells the treasury that licences of a job are consumed, so that their shares leave, until it has heard or the job is
/// over: then settling or refunding pays them.
pub fn tell_treasury(job: u64) {
    if TELLING.with_borrow_mut(|telling| telling.insert(job)) {
        ic_cdk_timers::set_timer(TOGETHER, tell(job));
    }
}

async fn tell(job: u64) {
    #[derive(CandidType)]
    struct Consumed {
        job: u64,
    }
    TELLING.with_borrow_mut(|telling| telling.remove(&job));
    let answer: Result<Result<Reserved, Reserved>, _> =
        system::ask(governed::peers().treasury, "pay_licences", (Consumed { job },)).await;
    let over = jobs::find(job).is_none_or(|job| !matches!(job.state, JobState::Granted | JobState::Submitted(_)));
    if !matches!(answer, Ok(Ok(_))) && !over && TELLING.with_borrow_mut(|telling| telling.insert(job)) {
        ic_cdk_timers::set_timer(RETRY, async move { tell(job).await });
    }
}
