//! How a job comes about: the provider's request is checked against the recipe, its bond, the licences and the base
//! checkpoint; the payment, and where a licence asks for it a vote, brings the grants.

use crate::approval::{self, Approval};
use crate::errors::Error;
use crate::grants::Grant;
use crate::jobs::{self, Access, Job, JobDataset, JobState, Split};
use crate::providers::{self, Provider};
use crate::recipes::{self, Recipe};
use crate::{grants, listing, settings};
use candid::{CandidType, Deserialize, Principal};
use governed::{why, PAGE_LIMIT};
use serde_bytes::ByteBuf;
use serde_json::json;
use std::collections::BTreeSet;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RequestAccess {
    pub client_ref: String,
    pub approval: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct PaymentReceived {
    pub job: u64,
    pub escrow: u64,
    pub payer: Option<Principal>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct GrantAccess {
    pub job: u64,
}

/// The parts of a dataset (datasets.did) that a request depends on.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Dataset {
    pub id: String,
    pub uid: ByteBuf,
    pub contributor: Principal,
    pub status: DatasetStatus,
    pub key_epoch: u32,
    pub fee: u128,
    pub access: Access,
    pub provider_classes: Vec<String>,
    pub purposes: Vec<String>,
    pub splits: Vec<Split>,
}

#[derive(CandidType, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum DatasetStatus {
    submitted,
    accepted,
    rejected,
    withdrawn,
    revoked,
}

/// Asks for access. A repeat with the same reference returns the first job.
pub async fn request(caller: Principal, request: RequestAccess) -> Result<Job, Error> {
    governed::client_ref(&request.client_ref).map_err(Error::Invalid)?;
    let digest = approval::digest(&request.approval)?;
    if let Some(first) = jobs::of_client_ref(&caller, &request.client_ref) {
        if first.approval_digest == digest {
            return Ok(first);
        }
        let made = format!("job {} under approval {}", first.id, first.approval_digest);
        return Err(Error::AlreadyExists(governed::reference_taken(&request.client_ref, made)));
    }
    let approval = approval::read(&request.approval, system::now())?;
    let (provider, recipe) = checked(caller, &approval)?;

    let _lock = governed::Lock::take(format!("requests of {caller}"))
        .ok_or_else(|| crate::errors::busy(format!("requests of {caller}")))?;
    bonded(caller).await?;
    let mut datasets = vec![];
    for page in approval.datasets.chunks(PAGE_LIMIT) {
        let ids: Vec<String> = page.iter().map(|wanted| wanted.id.to_string()).collect();
        let found: Vec<Option<Dataset>> = system::ask(governed::peers().datasets, "get_datasets", (ids,)).await?;
        for (wanted, found) in page.iter().zip(found) {
            datasets.push(licensed(&wanted.id, *wanted.epoch as u32, found, &provider, &recipe)?);
        }
    }
    if datasets.len() != approval.datasets.len() {
        let message = format!("it told of {} of {} datasets", datasets.len(), approval.datasets.len());
        return Err(Error::Unavailable(why(governed::peers().datasets, message, "repeat the call")));
    }
    if let Some(base) = &approval.base {
        official(base).await?;
    }
    let fees = total_fees(&datasets)?;
    below_ceiling(fees, &approval)?;
    Ok(jobs::add(Job {
        id: 0,
        client_ref: request.client_ref,
        provider: caller,
        recipe: recipe.id,
        approval_digest: digest,
        approval: request.approval,
        datasets,
        base: approval.base.map(|base| base.0),
        fees,
        reward: *approval.reward,
        deadline: *approval.deadline,
        state: JobState::Requested,
        payer: None,
        escrow: None,
        grants: vec![],
        created_at: system::now(),
        named_payer: approval.payer.map(|payer| payer.0),
    }))
}

/// What a job costs its payer, the ledger's fees aside, is no more than its approval says.
fn below_ceiling(fees: u128, approval: &Approval) -> Result<(), Error> {
    let Some(ceiling) = approval.ceiling.as_ref().map(|ceiling| **ceiling) else { return Ok(()) };
    let price = fees.checked_add(*approval.reward);
    if price.is_some_and(|price| price <= ceiling) {
        return Ok(());
    }
    let message = format!("fees of {fees} e8s and a reward of {} e8s are more than {ceiling}", *approval.reward);
    Err(Error::LimitExceeded(why("ceiling", message, "leave the dearest dataset out, or agree on a higher ceiling")))
}

/// Everything that needs no other canister.
fn checked(caller: Principal, approval: &Approval) -> Result<(Provider, Recipe), Error> {
    if *approval.provider != caller {
        let message = format!("{} is not the caller {caller}", *approval.provider);
        return Err(Error::WrongPrincipal(why(
            "provider",
            message,
            "ask with the identity of the provider in the approval",
        )));
    }
    let provider = providers::approved(&caller)?;
    let (recipe, document) = recipes::approved(&approval.recipe)?;
    recipes::check_arguments(&document, &approval.arguments)?;
    for (name, asked, ceiling) in [
        ("memoryMiB", *approval.resources.memory_mib, *document.resources.memory_mib),
        ("seconds", *approval.resources.seconds, *document.resources.seconds),
    ] {
        if asked > ceiling {
            let message = format!("{asked} are asked for, and the recipe allows {ceiling}");
            return Err(Error::OutOfRange(why(
                format!("resources.{name}"),
                message,
                "stay within the recipe's ceiling",
            )));
        }
    }
    Ok((provider, recipe))
}

/// Refuses a provider whose bond is not what the installation asks for.
pub async fn bonded(provider: Principal) -> Result<(), Error> {
    #[derive(CandidType, Deserialize)]
    #[allow(non_camel_case_types)]
    enum Purpose {
        provider,
    }
    #[derive(CandidType)]
    struct AskBond {
        holder: Principal,
        purpose: Purpose,
    }
    #[derive(CandidType, Deserialize)]
    struct Bond {
        amount: u128,
    }
    let question = AskBond { holder: provider, purpose: Purpose::provider };
    let bond: Option<Bond> = system::ask(governed::peers().treasury, "get_bond", (question,)).await?;
    enough(provider, bond.map_or(0, |bond| bond.amount), settings::get().min_provider_bond)
}

/// Refuses a granted dataset that the DAO has taken back since, whose key has another epoch now, or whose licence lets
/// this provider train this recipe no more.
pub async fn still_licensed(grant: &Grant, job: &Job) -> Result<(), Error> {
    let (provider, (recipe, _)) = (providers::approved(&grant.provider)?, recipes::approved(&job.recipe)?);
    let found: Option<Dataset> =
        system::ask(governed::peers().datasets, "get_dataset", (grant.dataset.clone(),)).await?;
    licensed(&grant.dataset, grant.epoch, found, &provider, &recipe).map(drop)
}

fn enough(provider: Principal, bond: u128, least: u128) -> Result<(), Error> {
    if bond >= least {
        return Ok(());
    }
    let message = format!("the provider's bond is {bond} e8s, and {least} are required");
    Err(Error::BondMissing(why(provider, message, "post a provider bond in the treasury")))
}

/// The dataset's terms, if its licence lets this provider train this recipe on it.
fn licensed(
    id: &str,
    epoch: u32,
    found: Option<Dataset>,
    provider: &Provider,
    recipe: &Recipe,
) -> Result<JobDataset, Error> {
    let dataset = found
        .ok_or_else(|| Error::UnknownDataset(why(id, "no dataset is registered under this id", "check the id")))?;
    if dataset.status != DatasetStatus::accepted {
        return Err(Error::NotApproved(why(
            id,
            "the dataset is not accepted by the DAO",
            "wait for its vote, or leave it out",
        )));
    }
    if dataset.key_epoch != epoch {
        let message = format!("epoch {epoch} is asked for, and the current one is {}", dataset.key_epoch);
        return Err(Error::StaleEpoch(why(id, message, "name the current epoch")));
    }
    let class = provider.class.word();
    if !dataset.provider_classes.iter().any(|allowed| allowed == class) {
        let message =
            format!("its licence allows providers of class {}, not {class}", dataset.provider_classes.join(", "));
        return Err(Error::LicenceForbids(why(id, message, "leave the dataset out")));
    }
    if let Some(purpose) = recipe.purposes.iter().find(|purpose| !dataset.purposes.contains(purpose)) {
        let message = format!("its licence allows {}, not {purpose}", dataset.purposes.join(", "));
        return Err(Error::LicenceForbids(why(id, message, "leave the dataset out")));
    }
    Ok(JobDataset {
        dataset: dataset.id,
        uid: dataset.uid,
        epoch,
        fee: dataset.fee,
        contributor: dataset.contributor,
        splits: dataset.splits,
        access: dataset.access,
        consumed_at: None,
    })
}

fn total_fees(datasets: &[JobDataset]) -> Result<u128, Error> {
    let sum = datasets.iter().try_fold(0_u128, |sum, dataset| sum.checked_add(dataset.fee));
    sum.ok_or_else(|| Error::LimitExceeded(why("fees", "their sum is too large", "leave the dearest dataset out")))
}

async fn official(base: &str) -> Result<(), Error> {
    #[derive(CandidType, Deserialize, PartialEq)]
    #[allow(non_camel_case_types)]
    enum State {
        submitted,
        evaluated,
        official,
        rejected,
    }
    #[derive(CandidType, Deserialize)]
    struct Checkpoint {
        state: State,
    }
    let found: Option<Checkpoint> = system::ask(governed::peers().models, "get_checkpoint", (base.to_owned(),)).await?;
    match found {
        Some(checkpoint) if checkpoint.state == State::official => Ok(()),
        Some(_) => Err(Error::NotApproved(why(
            base,
            "the base checkpoint is not official",
            "train from an official one, or from none",
        ))),
        None => Err(Error::NotFound(why(
            base,
            "the models canister knows no such checkpoint",
            "train from an official one, or from none",
        ))),
    }
}

/// Notes the payment and grants what the licences give for it. Called by the treasury, which repeats it until it is Ok.
pub async fn payment_received(caller: Principal, payment: PaymentReceived) -> Result<Job, Error> {
    jobs::only(caller, governed::peers().treasury, "treasury", payment.job)?;
    let mut job = jobs::get(payment.job)?;
    let subject = format!("job {}", job.id);
    match (job.escrow, &job.state) {
        (Some(escrow), _) if escrow != payment.escrow => {
            return Err(Error::AlreadyExists(why(
                subject,
                format!("it is paid by escrow {escrow}"),
                "refund the other escrow",
            )));
        }
        (_, JobState::Requested) => {}
        (Some(_), JobState::Granted | JobState::Submitted(_) | JobState::Completed) => return Ok(job),
        (_, state) => return Err(Error::NotYet(why(subject, format!("it is {}", state.word()), "refund the escrow"))),
    }
    if job.deadline <= system::now() {
        let message = format!("its deadline was {} ns", job.deadline);
        return Err(Error::DeadlinePassed(why(subject, message, "refund the escrow and ask for access again")));
    }
    if let Some(named) = job.named_payer.filter(|named| payment.payer != Some(*named)) {
        let message = format!("its approval names {named} as its payer");
        return Err(Error::WrongPrincipal(why(subject, message, "have that principal pay, and refund this escrow")));
    }
    let _lock = jobs::lock(job.id)?;
    if job.escrow.is_none() {
        (job.escrow, job.payer) = (Some(payment.escrow), payment.payer);
        jobs::keep(&job);
        payment.payer.iter().for_each(|payer| listing::file_payer(job.id, *payer));
        let payer = payment.payer.map(|payer| payer.to_text());
        audit::append_as(caller, json!({"type": "paid", "job": job.id, "escrow": payment.escrow, "payer": payer}));
    }
    if waits_for_vote(&job) {
        return Ok(job); // one refused dataset ends the job: until the vote none of its keys is out
    }
    grant(job).await
}

fn waits_for_vote(job: &Job) -> bool {
    job.datasets.iter().any(|dataset| dataset.access == Access::Vote)
}

/// The job a vote on access is about: paid, with a dataset whose licence asks for the vote.
pub fn awaiting_vote(id: u64) -> Result<Job, Error> {
    let job = jobs::get(id)?;
    let subject = format!("job {id}");
    if job.state != JobState::Requested {
        return Err(Error::NotYet(why(
            subject,
            format!("it is {}", job.state.word()),
            "only a requested job waits for a vote",
        )));
    }
    if job.escrow.is_none() {
        return Err(Error::NotYet(why(subject, "its fees are not in escrow", "open the escrow first")));
    }
    if !waits_for_vote(&job) {
        return Err(Error::Invalid(why(
            subject,
            "no licence of its datasets asks for a vote",
            "nothing needs to be done",
        )));
    }
    Ok(job)
}

pub fn in_words(job: &Job) -> String {
    let datasets: Vec<&str> = job
        .datasets
        .iter()
        .filter(|dataset| dataset.access == Access::Vote)
        .map(|dataset| dataset.dataset.as_str())
        .collect();
    format!(
        "Give provider {} access to {} for job {} under approval {}.",
        job.provider,
        datasets.join(", "),
        job.id,
        job.approval_digest
    )
}

/// Grants the job after the vote that some of its licences ask for. Called by the governor.
pub async fn grant_access(id: u64) -> Result<Job, Error> {
    let job = awaiting_vote(id)?;
    if job.deadline <= system::now() {
        return Err(Error::DeadlinePassed(why(
            format!("job {id}"),
            format!("its deadline was {} ns", job.deadline),
            "ask for access again",
        )));
    }
    let _lock = jobs::lock(id)?;
    grant(job).await
}

/// Opens the chunks of each dataset, then writes its grant. The caller holds the job's lock; what was done before a
/// failure stays, and a repeat does the rest.
async fn grant(mut job: Job) -> Result<Job, Error> {
    let payment = format!("payment of escrow {}", job.escrow.expect("only a paid job is granted"));
    for dataset in &job.datasets.clone() {
        if granted(&job).contains(&dataset.dataset) {
            continue;
        }
        open_reads(&dataset.dataset, job.provider, job.deadline).await?;
        let why = if dataset.access == Access::Vote { "vote" } else { &payment };
        grants::add(&mut job, dataset, why);
        jobs::keep(&job);
    }
    let granted = granted(&job);
    if job.datasets.iter().all(|dataset| granted.contains(&dataset.dataset)) {
        job.state = JobState::Granted;
        jobs::keep(&job);
    }
    Ok(job)
}

/// Lets the provider read a dataset's chunks until then; a later call with a later time extends it.
pub async fn open_reads(dataset: &str, reader: Principal, until: u64) -> Result<(), Error> {
    #[derive(CandidType)]
    struct OpenReads {
        dataset: String,
        reader: Principal,
        until: u64,
    }
    let open = OpenReads { dataset: dataset.to_owned(), reader, until };
    let opened: Result<(), DatasetsError> = system::ask(governed::peers().datasets, "open_reads", (open,)).await?;
    opened.map_err(|error| Error::Unavailable(error.why().clone()))
}

fn granted(job: &Job) -> BTreeSet<String> {
    grants::of_job(job).into_iter().map(|grant| grant.dataset).collect()
}

governed::errors! {
    /// The datasets canister's error variant on the wire.
    pub enum DatasetsError {
        NotAuthorized, NotFound, AlreadyExists, Invalid, NotCanonical, LimitExceeded, WrongSignature, WrongPrincipal,
        WrongHash,
        BondMissing, MissingChunks, Expired, NotYet, Busy, Unavailable,
    }
}

#[cfg(test)]
mod tests;
