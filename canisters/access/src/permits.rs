//! Whether what a grant rests on still holds, asked again each time a key is to go out: the job, its provider, its
//! recipe, the provider's bond, and the dataset under its licence. An approval that the DAO took back, or a bond that
//! was slashed, ends here.

use crate::errors::Error;
use crate::grants::{self, Grant};
use crate::jobs::{self, Job, JobDataset, JobState};
use crate::{providers, recipes, requests};
use candid::Principal;
use governed::why;
use serde_json::json;

/// The grant, its job and its dataset, when nothing that this canister knows stands against a release to the caller.
pub fn here(caller: Principal, now: u64, grant: u64) -> Result<(Grant, Job, JobDataset), Error> {
    let grant = grants::live(caller, now, grant)?;
    let job = jobs::get(grant.job)?;
    if job.state != JobState::Granted {
        let subject = format!("job {}", job.id);
        let message = format!("it is {}, and keys are for a job that may train now", job.state.word());
        return Err(Error::NotYet(why(subject, message, "wait until all of its datasets are granted, or ask again")));
    }
    providers::approved(&grant.provider)?;
    recipes::approved(&job.recipe)?;
    let dataset = job.datasets.iter().find(|dataset| dataset.dataset == grant.dataset);
    let dataset = dataset.expect("a grant is for a dataset of its job").clone();
    Ok((grant, job, dataset))
}

/// Asks datasets and the treasury whether the dataset may still be used and the bond still stands. A bond that is not
/// there ends the job's grants for good: paying it in again brings back none.
pub async fn elsewhere(grant: &Grant, job: &Job) -> Result<(), Error> {
    requests::still_licensed(grant, job).await?;
    let bonded = requests::bonded(grant.provider).await;
    if let Err(Error::BondMissing(_)) = &bonded {
        unbonded(grant.job);
    }
    bonded
}

/// Ends what was granted for a job whose provider stands behind it no more.
pub fn unbonded(job: u64) {
    let Ok(job) = jobs::get(job) else { return };
    audit::append(json!({"type": "bondMissing", "job": job.id, "provider": job.provider.to_text()}));
    grants::revoke_all(&job);
}
