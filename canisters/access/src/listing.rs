//! What a person looks for without knowing a number: jobs by what they are about, and the trail of a dataset: who was
//! given its key, for which job, and when the key went out. Newest first.

use crate::grants::{self, Grant};
use crate::jobs::{self, Job, JobState};
use crate::memory;
use candid::{CandidType, Deserialize, Principal};
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use serde_json::{json, Value};
use std::cell::RefCell;
use stored::{Cbor, Index, Memory};

/// What jobs are looked for by.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum JobsAbout {
    #[serde(rename = "dataset")]
    Dataset(String),
    #[serde(rename = "provider")]
    Provider(Principal),
    #[serde(rename = "payer")]
    Payer(Principal),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FindJobs {
    pub about: Option<JobsAbout>,
    pub before: Option<u64>,
    pub limit: u32,
}

/// A job without its documents, so that a page of them fits into one answer.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct JobLine {
    pub id: u64,
    pub client_ref: String,
    pub provider: Principal,
    pub recipe: String,
    pub approval_digest: String,
    /// How many it reads.
    pub datasets: u32,
    pub base: Option<String>,
    pub fees: u128,
    pub reward: u128,
    pub deadline: u64,
    pub state: JobState,
    pub payer: Option<Principal>,
    pub escrow: Option<u64>,
    pub created_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct GrantsOfDataset {
    pub dataset: String,
    pub before: Option<u64>,
    pub limit: u32,
}

/// A key that went out: when, and which entry of the audit log says so.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct KeyRelease {
    pub at: u64,
    pub entry: u64,
}

/// Where the audit log tells of a grant. Nothing is known of grants from before this was kept; the log has them too.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    pub granted: Option<u64>,
    pub released: Vec<KeyRelease>,
}

/// A grant of a dataset's key, and its way through the audit log.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct GrantLine {
    pub grant: Grant,
    /// The entry that says that it was given.
    pub entry: Option<u64>,
    pub releases: Vec<KeyRelease>,
}

thread_local! {
    static JOBS: RefCell<Index> = RefCell::new(Index::init(memory::get(memory::JOB_INDEX)));
    static GRANTS: RefCell<Index> = RefCell::new(Index::init(memory::get(memory::GRANT_INDEX)));
    static TRACES: RefCell<StableBTreeMap<u64, Cbor<Trace>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::GRANT_TRACES)));
}

impl JobsAbout {
    fn key(&self) -> Vec<u8> {
        match self {
            JobsAbout::Dataset(id) => [b"d", id.as_bytes()].concat(),
            JobsAbout::Provider(principal) => [b"p", principal.as_slice()].concat(),
            JobsAbout::Payer(principal) => [b"m", principal.as_slice()].concat(),
        }
    }
}

const EVERY: &[u8] = b"";

/// Files a job under everything it is about.
pub fn file(job: &Job) {
    let datasets = job.datasets.iter().map(|dataset| JobsAbout::Dataset(dataset.dataset.clone()).key());
    let rest = [EVERY.to_vec(), JobsAbout::Provider(job.provider).key()];
    JOBS.with_borrow_mut(|index| datasets.chain(rest).for_each(|about| index.add(&about, job.id)));
    job.payer.iter().for_each(|payer| file_payer(job.id, *payer));
}

/// Files a job under who pays for it, once that is known.
pub fn file_payer(job: u64, payer: Principal) {
    JOBS.with_borrow_mut(|index| index.add(&JobsAbout::Payer(payer).key(), job));
}

/// Files a grant, and the entry of the audit log that says it was given.
pub fn file_grant(grant: &Grant, entry: Option<u64>) {
    GRANTS.with_borrow_mut(|index| index.add(grant.dataset.as_bytes(), grant.id));
    if entry.is_some() {
        TRACES.with_borrow_mut(|traces| traces.insert(grant.id, Cbor(Trace { granted: entry, released: vec![] })));
    }
}

/// Notes that a key went out under a grant.
pub fn note_release(grant: u64, entry: u64) {
    let mut trace = trace(grant);
    trace.released.push(KeyRelease { at: system::now(), entry });
    TRACES.with_borrow_mut(|traces| traces.insert(grant, Cbor(trace)));
}

fn trace(grant: u64) -> Trace {
    TRACES.with_borrow(|traces| traces.get(&grant)).map(|trace| trace.0).unwrap_or_default()
}

/// Files what is from before there were these lists. Called after an upgrade.
pub fn file_old_ones() {
    if JOBS.with_borrow(|index| index.is_empty()) {
        jobs::each(|job| {
            file(job);
            grants::of_job(job).iter().for_each(|grant| file_grant(grant, None));
        });
    }
}

fn line(job: Job) -> JobLine {
    JobLine {
        id: job.id,
        client_ref: job.client_ref,
        provider: job.provider,
        recipe: job.recipe,
        approval_digest: job.approval_digest,
        datasets: job.datasets.len() as u32,
        base: job.base,
        fees: job.fees,
        reward: job.reward,
        deadline: job.deadline,
        state: job.state,
        payer: job.payer,
        escrow: job.escrow,
        created_at: job.created_at,
    }
}

/// Jobs about something, or all.
pub fn jobs(find: &FindJobs) -> Vec<JobLine> {
    let about = find.about.as_ref().map_or(EVERY.to_vec(), JobsAbout::key);
    let ids = JOBS.with_borrow(|index| index.newest(&about, find.before, governed::page_size(find.limit)));
    ids.into_iter().filter_map(jobs::find).map(line).collect()
}

/// The grants of one dataset's key, whatever job they are for.
pub fn grants(find: &GrantsOfDataset) -> Vec<GrantLine> {
    let limit = governed::page_size(find.limit);
    let ids = GRANTS.with_borrow(|index| index.newest(find.dataset.as_bytes(), find.before, limit));
    let lines = ids.into_iter().filter_map(grants::find).map(|grant| {
        let Trace { granted, released } = trace(grant.id);
        GrantLine { grant, entry: granted, releases: released }
    });
    lines.collect()
}

/// Jobs as people list them: `?dataset=`, `?provider=` or `?payer=` keeps those about one.
pub fn job_rows(request: &pages::Request) -> Vec<(u64, Value)> {
    let principal = |name: &str| request.get(name).map(Principal::from_text);
    let dataset = request.get("dataset").map(|id| JobsAbout::Dataset(id.into()));
    let about = match (dataset, principal("provider"), principal("payer")) {
        (Some(about), _, _) => Some(about),
        (None, Some(Ok(provider)), _) => Some(JobsAbout::Provider(provider)),
        (None, None, Some(Ok(payer))) => Some(JobsAbout::Payer(payer)),
        (None, None, None) => None,
        _ => return vec![],
    };
    let find = FindJobs { about, before: request.before(), limit: pages::ROWS };
    jobs(&find).into_iter().map(|job| (job.id, job_row(&job))).collect()
}

fn job_row(job: &JobLine) -> Value {
    json!({
        "job": job.id,
        "state": job.state.word(),
        "provider": job.provider.to_text(),
        "payer": job.payer.map(|payer| payer.to_text()),
        "datasets": job.datasets,
        "fees": job.fees.to_string(),
        "reward": job.reward.to_string(),
        "askedAt": pages::time(job.created_at),
        "escrow": job.escrow,
    })
}

/// A grant as people read it, with every time that the key went out.
pub fn grant_in_json(id: u64) -> Option<Value> {
    let grant = grants::find(id)?;
    let Trace { granted, released } = trace(id);
    let released: Vec<Value> =
        released.iter().map(|one| json!({"at": pages::time(one.at), "logEntry": one.entry})).collect();
    Some(json!({
        "grant": id,
        "job": grant.job,
        "dataset": grant.dataset,
        "provider": grant.provider.to_text(),
        "why": grant.why,
        "usesLeft": grant.uses_left,
        "revoked": grant.revoked,
        "expiresAt": pages::time(grant.expires_at),
        "logEntry": granted,
        "keyWentOut": released,
    }))
}

/// The grants of one dataset's key: `?dataset=`.
pub fn grant_rows(request: &pages::Request) -> Vec<(u64, Value)> {
    let Some(dataset) = request.get("dataset") else { return vec![] };
    let find = GrantsOfDataset { dataset: dataset.into(), before: request.before(), limit: pages::ROWS };
    grants(&find).into_iter().filter_map(|line| Some((line.grant.id, grant_in_json(line.grant.id)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{Access, JobDataset};
    use serde_bytes::ByteBuf;

    fn principal(n: u8) -> Principal {
        Principal::from_slice(&[n; 29])
    }

    fn job(provider: u8, datasets: &[&str]) -> Job {
        let dataset = |id: &&str| JobDataset {
            dataset: (*id).into(),
            uid: ByteBuf::from([0; 32]),
            epoch: 0,
            fee: 5,
            contributor: principal(9),
            splits: vec![],
            access: Access::Fee,
            consumed_at: None,
        };
        jobs::add(Job {
            id: 0,
            client_ref: format!("round-{provider}"),
            provider: principal(provider),
            recipe: "sha256:recipe".into(),
            approval_digest: "sha256:approval".into(),
            approval: ByteBuf::from([7; 60_000]),
            datasets: datasets.iter().map(dataset).collect(),
            base: None,
            fees: 5,
            reward: 0,
            deadline: u64::MAX,
            state: JobState::Requested,
            payer: None,
            escrow: None,
            grants: vec![],
            created_at: 0,
            named_payer: None,
        })
    }

    fn ids(about: Option<JobsAbout>, before: Option<u64>) -> Vec<u64> {
        jobs(&FindJobs { about, before, limit: 2 }).iter().map(|line| line.id).collect()
    }

    fn opened() {
        audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    }

    #[test]
    fn jobs_are_found_by_dataset_by_provider_and_by_payer_newest_first() {
        opened();
        job(1, &["a", "b"]);
        job(2, &["b"]);
        let third = job(1, &["b", "c"]);
        file_payer(third.id, principal(5));
        assert_eq!(ids(None, None), [3, 2]);
        assert_eq!(ids(None, Some(2)), [1]);
        assert_eq!(ids(Some(JobsAbout::Dataset("b".into())), None), [3, 2]);
        assert_eq!(ids(Some(JobsAbout::Dataset("b".into())), Some(2)), [1]);
        assert_eq!(ids(Some(JobsAbout::Dataset("a".into())), None), [1]);
        assert_eq!(ids(Some(JobsAbout::Provider(principal(1))), None), [3, 1]);
        assert_eq!(ids(Some(JobsAbout::Payer(principal(5))), None), [3]);
        assert!(ids(Some(JobsAbout::Payer(principal(1))), None).is_empty());
    }

    #[test]
    fn a_datasets_grants_say_which_entries_of_the_log_tell_of_them() {
        opened();
        let mut job = job(1, &["a", "b"]);
        for dataset in job.datasets.clone() {
            crate::grants::add(&mut job, &dataset, "payment of escrow 4");
        }
        note_release(1, 17);
        let of = |dataset: &str| grants(&GrantsOfDataset { dataset: dataset.into(), before: None, limit: 9 });
        let [line] = &of("a")[..] else { panic!("one grant") };
        assert_eq!((line.grant.id, line.grant.job, line.entry), (1, job.id, Some(1)));
        assert_eq!(line.releases, [KeyRelease { at: system::now(), entry: 17 }]);
        assert_eq!((of("b")[0].grant.id, of("b")[0].releases.len()), (2, 0));
        assert!(of("c").is_empty());
    }
}
