//! Moving a job's deadline: an operator's decision, signed. What was granted for the job lives as long as the job does.

use crate::approval::LONGEST;
use crate::errors::Error;
use crate::grants;
use crate::jobs::{self, Job, JobState};
use crate::memory;
use crate::requests::open_reads;
use candid::{CandidType, Deserialize, Principal};
use governed::used::{not_an_operator, Effect, Good, Used};
use governed::why;
use protocol::operator::{job_state, Action, Token};
use serde_json::{json, Value};
use std::cell::RefCell;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ExtendDeadline {
    pub job: u64,
    /// Nanoseconds since the epoch.
    pub deadline: u64,
    /// The operator's token; none when the operator itself calls.
    pub authority: Option<Token>,
}

thread_local! {
    static USED: RefCell<Used> = RefCell::new(Used::init(memory::get(memory::USED)));
}

/// Moves the deadline of a job that has no checkpoint yet, to at most 30 days after it was asked for. A repeat returns
/// the job; a token is good for one deadline.
pub async fn extend(caller: Principal, request: ExtendDeadline) -> Result<Job, Error> {
    let fleet = governed::peers().fleet;
    let token = request.authority.as_ref();
    let operator = signer(caller, token, fleet, &jobs::get(request.job)?, request.deadline)?.operator;
    if !system::ask::<_, bool>(fleet, "is_operator", (operator,)).await? {
        return Err(Error::NotAuthorized(not_an_operator(operator)));
    }
    let _lock = jobs::lock(request.job)?;
    let job = jobs::get(request.job)?;
    // Once more: others may have used the token, or moved the deadline, while the fleet was asked.
    let decision = signer(caller, token, fleet, &job, request.deadline)?;
    if decision.token.as_ref().is_some_and(|token| token.done) {
        return Ok(job);
    }
    let mut job = extensible(job, request.deadline, system::now())?;
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
            "authority": decision.by
        }),
    );
    job.deadline = request.deadline;
    jobs::keep(&job);
    if let Some(Good { said, .. }) = &decision.token {
        USED.with_borrow_mut(|used| used.keep(said, &moved_to(request.deadline)));
    }
    Ok(job)
}

/// Whose decision it is.
#[derive(Debug)]
struct Decision {
    operator: Principal,
    /// What the audit log keeps of it.
    by: Value,
    token: Option<Good>,
}

fn moved_to(deadline: u64) -> String {
    format!("a deadline of {deadline} ns")
}

fn signer(
    caller: Principal,
    token: Option<&Token>,
    fleet: Principal,
    job: &Job,
    deadline: u64,
) -> Result<Decision, Error> {
    let Some(token) = token else {
        return Ok(Decision { operator: caller, by: json!({"operator": caller.to_text()}), token: None });
    };
    let (object, state) = (format!("job/{}", job.id), job_state(job.state.word(), job.deadline));
    let what = moved_to(deadline);
    let effect = Effect { action: Action::ExtendDeadline, object: &object, state: &state, what: &what };
    let good = USED.with_borrow(|used| used.check(token, fleet, &effect)).map_err(Error::NotAuthorized)?;
    let said = &good.said;
    let by = json!({"operator": said.operator.to_text(), "token": said.id, "workflow": said.workflow});
    Ok(Decision { operator: said.operator, by, token: Some(good) })
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
    use ed25519_dalek::{Signer, SigningKey};
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
            named_payer: None,
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

    /// A token by the key [7; 32] for an hour: to move the deadline of job 7, which stands so.
    fn token(object: &str, state: &str) -> Token {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = protocol::hex::encode(&protocol::identity::der_of(key.verifying_key().as_bytes()));
        let operator = protocol::identity::principal_of(&public).unwrap();
        let (now, nonce) = (system::now(), "0".repeat(32));
        let expires = now + 3_600 * 1_000_000_000;
        let document = [
            format!(r#"{{"action":"extendDeadline","audience":"aaaaa-aa","expires":"{expires}","nonce":"{nonce}","#),
            format!(r#""notBefore":"{now}","object":"{object}","operator":"{operator}","publicKey":"{public}","#),
            format!(r#""state":"{state}","type":"livepod.operator/v2","workflow":"training-7"}}"#),
        ]
        .concat()
        .into_bytes();
        let signature = key.sign(&protocol::document::signing_bytes(&document).unwrap()).to_vec();
        Token { document, signature }
    }

    fn decided(token: &Token, job: &Job, deadline: u64) -> Result<Decision, Error> {
        signer(Principal::anonymous(), Some(token), Principal::management_canister(), job, deadline)
    }

    fn subject(token: &Token, job: &Job, deadline: u64) -> String {
        let refused = decided(token, job, deadline).unwrap_err();
        assert_eq!(refused.arm(), "NotAuthorized");
        refused.why().subject.clone()
    }

    #[test]
    fn a_token_moves_one_deadline_of_one_job_once() {
        let granted = job(JobState::Granted);
        let standing = format!("granted/{}", 2 * DAY);
        assert_eq!(subject(&token("job/8", &standing), &granted, 3 * DAY), "token, object", "another job");
        let expected = "token, state";
        assert_eq!(subject(&token("job/7", "granted/1"), &granted, 3 * DAY), expected, "a deadline that was moved");
        assert_eq!(subject(&token("job/7", &standing), &job(JobState::Requested), 3 * DAY), expected);
        let good = token("job/7", &standing);
        let decision = decided(&good, &granted, 3 * DAY).unwrap();
        let Some(Good { said, done: false }) = decision.token else { panic!("it is fresh") };
        USED.with_borrow_mut(|used| used.keep(&said, &moved_to(3 * DAY)));

        let moved = Job { deadline: 3 * DAY, ..granted.clone() };
        let again = decided(&good, &moved, 3 * DAY).unwrap();
        assert!(again.token.unwrap().done, "an activity that was retried is told that it is done");
        assert_eq!(subject(&good, &moved, 4 * DAY), "token, nonce", "a second deadline");
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        let token = Token { document: b"{}".to_vec(), signature: vec![0; 64] };
        assert_eq!(subject(&token, &job(JobState::Granted), 3 * DAY), "token, type");
    }
}
