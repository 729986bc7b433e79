//! Moving a job's deadline: an operator's decision, signed. What was granted for the job lives as long as the job does.

use crate::approval::LONGEST;
use crate::errors::Error;
use crate::grants;
use crate::jobs::{self, Job, JobState};
use crate::requests::open_reads;
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use protocol::operator::{self, Action, Token};
use serde_json::{json, Value};

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ExtendDeadline {
    pub job: u64,
    /// Nanoseconds since the epoch.
    pub deadline: u64,
    /// The operator's token; none when the operator itself calls.
    pub authority: Option<Token>,
}

/// Moves the deadline of a job that has no checkpoint yet, to at most 30 days after it was asked for. A repeat returns
/// the job.
pub async fn extend(caller: Principal, request: ExtendDeadline) -> Result<Job, Error> {
    let fleet = governed::peers().fleet;
    let (operator, authority) = signer(caller, request.authority.as_ref(), fleet)?;
    if !system::ask::<_, bool>(fleet, "is_operator", (operator,)).await? {
        let message = format!("{operator} is not an operator of the fleet");
        return Err(Error::NotAuthorized(why("token", message, "have an operator make one with: livepod ops token")));
    }
    let _lock = jobs::lock(request.job)?;
    let mut job = extensible(jobs::get(request.job)?, request.deadline, system::now())?;
    if caller != operator && Some(caller) != job.payer {
        let message = format!("{caller} is neither its payer nor the operator");
        return Err(Error::NotAuthorized(why(format!("job {}", job.id), message, "have its payer hand the token on")));
    }
    if job.deadline == request.deadline {
        return Ok(job);
    }
    // Reads first: if a bucket does not answer, the deadline stays, and a repeat opens them again.
    for grant in grants::of_job(&job) {
        open_reads(&grant.dataset, job.provider, request.deadline).await?;
    }
    grants::extend_all(&job, request.deadline);
    audit::append_as(
        caller,
        json!({
            "type": "deadlineExtended",
            "job": job.id,
            "from": job.deadline.to_string(),
            "to": request.deadline.to_string(),
            "authority": authority
        }),
    );
    job.deadline = request.deadline;
    jobs::keep(&job);
    Ok(job)
}

/// Whose decision it is, and what the audit log keeps of it.
fn signer(caller: Principal, token: Option<&Token>, fleet: Principal) -> Result<(Principal, Value), Error> {
    let Some(token) = token else { return Ok((caller, json!({"operator": caller.to_text()}))) };
    let said = operator::read(token, Action::ExtendDeadline, fleet, system::now()).map_err(|error| {
        Error::NotAuthorized(why(
            format!("token, {}", error.subject()),
            error.message(),
            "make a new one with: livepod ops token",
        ))
    })?;
    Ok((said.operator, json!({"operator": said.operator.to_text(), "token": said.id, "workflow": said.workflow})))
}

fn extensible(job: Job, deadline: u64, now: u64) -> Result<Job, Error> {
    let subject = format!("job {}", job.id);
    if !matches!(job.state, JobState::Requested | JobState::Granted) {
        return Err(Error::NotYet(why(
            subject,
            format!("it is {}", job.state.word()),
            "only a job without a checkpoint has a deadline to move",
        )));
    }
    if job.deadline <= now {
        return Err(Error::DeadlinePassed(why(
            subject,
            format!("its deadline was {} ns", job.deadline),
            "ask for access again",
        )));
    }
    if deadline < job.deadline {
        return Err(Error::Invalid(why(
            subject,
            format!("its deadline is {} ns already", job.deadline),
            "name a later one",
        )));
    }
    if deadline - job.created_at > LONGEST {
        return Err(Error::LimitExceeded(why(
            subject,
            "the deadline would be more than 30 days after it was asked for",
            "name an earlier one",
        )));
    }
    Ok(job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_bytes::ByteBuf;

    const DAY: u64 = 86_400 * 1_000_000_000;

    fn job(state: JobState) -> Job {
        Job {
            id: 7,
            client_ref: "round/round-1".into(),
            provider: Principal::management_canister(),
            recipe: String::new(),
            approval_digest: String::new(),
            approval: ByteBuf::new(),
            datasets: vec![],
            base: None,
            fees: 0,
            reward: 0,
            deadline: 2 * DAY,
            state,
            payer: None,
            escrow: None,
            grants: vec![],
            created_at: DAY,
        }
    }

    fn refusal(state: JobState, deadline: u64, now: u64) -> &'static str {
        extensible(job(state), deadline, now).unwrap_err().arm()
    }

    #[test]
    fn a_deadline_moves_forward_in_time_and_not_for_ever() {
        assert_eq!(extensible(job(JobState::Granted), 31 * DAY, DAY).unwrap().id, 7);
        assert_eq!(extensible(job(JobState::Requested), 2 * DAY, DAY).unwrap().deadline, 2 * DAY);
        assert_eq!(refusal(JobState::Granted, 31 * DAY + 1, DAY), "LimitExceeded");
        assert_eq!(refusal(JobState::Granted, DAY, DAY), "Invalid");
        assert_eq!(refusal(JobState::Granted, 3 * DAY, 2 * DAY), "DeadlinePassed");
        assert_eq!(refusal(JobState::Submitted("sha256:00".into()), 3 * DAY, DAY), "NotYet");
        assert_eq!(refusal(JobState::Refunded, 3 * DAY, DAY), "NotYet");
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        let token = Token { document: b"{}".to_vec(), signature: vec![0; 64] };
        let refused = signer(Principal::anonymous(), Some(&token), Principal::management_canister()).unwrap_err();
        assert_eq!((refused.arm(), refused.why().subject.as_str()), ("NotAuthorized", "token, type"));
    }
}
