//! How a vote on a checkpoint ended, read from the governor the way SNS clients read it (SNS governance.did: ProposalData).

use crate::api::{AdoptCheckpoint, Error};
use candid::{CandidType, Decode, Deserialize};
use governed::why;
use serde_bytes::ByteBuf;

/// The function id of `adopt_checkpoint`.
const ADOPT_CHECKPOINT: u64 = 1_004;
/// GovernanceError type of a withdrawn proposal.
const WITHDRAWN: i32 = 20;

#[derive(CandidType, Deserialize, Clone)]
struct ProposalId {
    id: u64,
}
#[derive(CandidType, Deserialize, Clone)]
struct GetProposal {
    proposal_id: Option<ProposalId>,
}
#[derive(CandidType, Deserialize, Clone)]
struct GetProposalResponse {
    result: Option<Answer>,
}
#[derive(CandidType, Deserialize, Clone)]
enum Answer {
    Error(GovernanceError),
    Proposal(ProposalData),
}
#[derive(CandidType, Deserialize, Clone)]
struct GovernanceError {
    error_type: i32,
    error_message: String,
}
#[derive(CandidType, Deserialize, Clone)]
struct Percentage {
    basis_points: Option<u64>,
}
#[derive(CandidType, Deserialize, Clone)]
struct Tally {
    no: u64,
    yes: u64,
    total: u64,
}
#[derive(CandidType, Deserialize, Clone)]
struct ExecuteGeneric {
    function_id: u64,
    payload: ByteBuf,
}
#[derive(CandidType, Deserialize, Clone)]
enum Action {
    ExecuteGenericNervousSystemFunction(ExecuteGeneric),
}
#[derive(CandidType, Deserialize, Clone)]
struct Proposal {
    action: Option<Action>,
}
/// The part of ProposalData that tells how it ended. Times are seconds; 0 = not yet.
#[derive(CandidType, Deserialize, Clone)]
struct ProposalData {
    decided_timestamp_seconds: u64,
    latest_tally: Option<Tally>,
    minimum_yes_proportion_of_total: Option<Percentage>,
    failure_reason: Option<GovernanceError>,
    proposal: Option<Proposal>,
}

/// Ok when proposal `id` was to adopt `checkpoint` and voters rejected it.
pub async fn rejected(id: u64, checkpoint: &str) -> Result<(), Error> {
    let request = GetProposal { proposal_id: Some(ProposalId { id }) };
    let answer: Result<GetProposalResponse, _> = system::ask(governed::governor(), "get_proposal", (request,)).await;
    let response = answer.map_err(|error| Error::Unavailable(why(format!("proposal {id}"), error.to_string(), "try again")))?;
    match response.result {
        Some(Answer::Proposal(data)) => judge(id, &data, checkpoint),
        Some(Answer::Error(error)) => Err(Error::NotFound(why(format!("proposal {id}"), error.error_message, "name the proposal on this checkpoint"))),
        None => Err(Error::NotFound(why(format!("proposal {id}"), "there is no such proposal", "name the proposal on this checkpoint"))),
    }
}

fn judge(id: u64, data: &ProposalData, checkpoint: &str) -> Result<(), Error> {
    let subject = format!("proposal {id}");
    if subject_of(data).is_none_or(|named| named != checkpoint) {
        return Err(Error::Invalid(why(subject, format!("it is not about adopting {checkpoint}"), "name the proposal on this checkpoint")));
    }
    if data.decided_timestamp_seconds == 0 {
        return Err(Error::NotYet(why(subject, "its vote is still open", "wait for the decision")));
    }
    let withdrawn = data.failure_reason.as_ref().is_some_and(|failure| failure.error_type == WITHDRAWN);
    if withdrawn || adopted(data) {
        return Err(Error::Invalid(why(subject, "voters did not reject it", "only a rejected checkpoint is closed")));
    }
    Ok(())
}

fn subject_of(data: &ProposalData) -> Option<String> {
    let Action::ExecuteGenericNervousSystemFunction(call) = data.proposal.as_ref()?.action.as_ref()?;
    (call.function_id == ADOPT_CHECKPOINT).then(|| Decode!(&call.payload, AdoptCheckpoint).ok()).flatten().map(|payload| payload.checkpoint)
}

/// An absolute majority, or a simple one with the least share of all voting power.
fn adopted(data: &ProposalData) -> bool {
    let Some(tally) = &data.latest_tally else { return false };
    let (yes, no, total) = (u128::from(tally.yes), u128::from(tally.no), u128::from(tally.total));
    let least = data.minimum_yes_proportion_of_total.as_ref().and_then(|share| share.basis_points).unwrap_or(300);
    2 * yes > total || (yes > no && 10_000 * yes >= u128::from(least) * total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candid::Encode;
    use rollout::{Gate, Plan};

    fn data(checkpoint: &str, decided: u64, yes: u64, no: u64) -> ProposalData {
        let plan = Plan { waves: vec![1], soak_seconds: 1, gate: Gate { min_windows: 1, max_correction_permille: 1, max_errors: 0 } };
        let payload = Encode!(&AdoptCheckpoint { checkpoint: checkpoint.into(), channel: "stable".into(), plan }).unwrap();
        ProposalData {
            decided_timestamp_seconds: decided,
            latest_tally: Some(Tally { yes, no, total: 100 }),
            minimum_yes_proportion_of_total: Some(Percentage { basis_points: Some(300) }),
            failure_reason: None,
            proposal: Some(Proposal {
                action: Some(Action::ExecuteGenericNervousSystemFunction(ExecuteGeneric {
                    function_id: ADOPT_CHECKPOINT,
                    payload: ByteBuf::from(payload),
                })),
            }),
        }
    }

    #[test]
    fn only_a_rejected_vote_on_this_checkpoint_closes_it() {
        assert_eq!(judge(1, &data("a", 5, 10, 60), "a"), Ok(()));
        assert_eq!(judge(1, &data("a", 5, 2, 0), "a"), Ok(()), "below the quorum");
        assert_eq!(judge(1, &data("a", 0, 10, 60), "a").unwrap_err().arm(), "NotYet");
        assert_eq!(judge(1, &data("b", 5, 10, 60), "a").unwrap_err().arm(), "Invalid");
        assert_eq!(judge(1, &data("a", 5, 60, 10), "a").unwrap_err().arm(), "Invalid");
        assert_eq!(judge(1, &data("a", 5, 4, 1), "a").unwrap_err().arm(), "Invalid");
        let mut withdrawn = data("a", 5, 0, 0);
        withdrawn.failure_reason = Some(GovernanceError { error_type: WITHDRAWN, error_message: String::new() });
        assert_eq!(judge(1, &withdrawn, "a").unwrap_err().arm(), "Invalid");
    }
}
