//! What governance says about a proposal, read through the part of SNS's `governance.did` that is needed.

use crate::{governor, why, Why};
use candid::{CandidType, Deserialize};
pub use protocol::votes::Outcome;
use protocol::votes::{Count, Standing, QUORUM_BASIS_POINTS, WITHDRAWN_ERROR};
use serde_bytes::ByteBuf;

/// A proposal that calls a governed method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub function_id: u64,
    /// The governed method's Candid arguments.
    pub payload: Vec<u8>,
    pub outcome: Outcome,
}

#[derive(CandidType, Deserialize)]
struct ProposalId {
    id: u64,
}
#[derive(CandidType, Deserialize)]
struct GetProposal {
    proposal_id: Option<ProposalId>,
}
#[derive(CandidType, Deserialize)]
struct GetProposalResponse {
    result: Option<Found>,
}
#[derive(CandidType, Deserialize)]
enum Found {
    Error(GovernanceError),
    Proposal(ProposalData),
}
#[derive(CandidType, Deserialize)]
struct GovernanceError {
    error_message: String,
    error_type: i32,
}
#[derive(CandidType, Deserialize)]
struct ProposalData {
    proposal: Option<Proposal>,
    decided_timestamp_seconds: u64,
    executed_timestamp_seconds: u64,
    failed_timestamp_seconds: u64,
    failure_reason: Option<GovernanceError>,
    latest_tally: Option<Tally>,
    minimum_yes_proportion_of_total: Option<Percentage>,
}
#[derive(CandidType, Deserialize)]
struct Percentage {
    basis_points: Option<u64>,
}
#[derive(CandidType, Deserialize)]
struct Tally {
    yes: u64,
    no: u64,
    total: u64,
}
#[derive(CandidType, Deserialize)]
struct Proposal {
    action: Option<Action>,
}
#[derive(CandidType, Deserialize)]
enum Action {
    ExecuteGenericNervousSystemFunction(ExecuteGenericNervousSystemFunction),
}
#[derive(CandidType, Deserialize)]
struct ExecuteGenericNervousSystemFunction {
    function_id: u64,
    payload: ByteBuf,
}

/// Asks the governor about a proposal.
pub async fn ask(proposal: u64) -> Result<Vote, Why> {
    let question = GetProposal { proposal_id: Some(ProposalId { id: proposal }) };
    let subject = format!("proposal {proposal}");
    let answer: GetProposalResponse = system::ask(governor(), "get_proposal", (question,))
        .await
        .map_err(|no| why(&subject, no.to_string(), "repeat the call"))?;
    read(answer).map_err(|message| why(&subject, message, "name the proposal that was made for this"))
}

fn read(answer: GetProposalResponse) -> Result<Vote, String> {
    let data = match answer.result {
        Some(Found::Proposal(data)) => data,
        Some(Found::Error(error)) => return Err(error.error_message),
        None => return Err("governance knows no such proposal".into()),
    };
    let Some(Action::ExecuteGenericNervousSystemFunction(call)) =
        data.proposal.as_ref().and_then(|proposal| proposal.action.as_ref())
    else {
        return Err("it calls no governed method".into());
    };
    Ok(Vote { function_id: call.function_id, payload: call.payload.to_vec(), outcome: standing(&data).outcome() })
}

fn standing(data: &ProposalData) -> Standing {
    let (yes, no, total) = data.latest_tally.as_ref().map_or((0, 0, 0), |tally| (tally.yes, tally.no, tally.total));
    let quorum = data.minimum_yes_proportion_of_total.as_ref().and_then(|share| share.basis_points);
    Standing {
        count: Count { yes, no, total, quorum_basis_points: quorum.unwrap_or(QUORUM_BASIS_POINTS) },
        decided: data.decided_timestamp_seconds > 0,
        executed: data.executed_timestamp_seconds > 0,
        failed: data.failed_timestamp_seconds > 0,
        withdrawn: data.failure_reason.as_ref().is_some_and(|failure| failure.error_type == WITHDRAWN_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(decided: u64, failed: u64, yes: u64, no: u64) -> GetProposalResponse {
        let call = ExecuteGenericNervousSystemFunction { function_id: 1001, payload: ByteBuf::from([1, 2]) };
        GetProposalResponse {
            result: Some(Found::Proposal(ProposalData {
                proposal: Some(Proposal { action: Some(Action::ExecuteGenericNervousSystemFunction(call)) }),
                decided_timestamp_seconds: decided,
                executed_timestamp_seconds: 0,
                failed_timestamp_seconds: failed,
                failure_reason: None,
                latest_tally: Some(Tally { yes, no, total: 1_000 }),
                minimum_yes_proportion_of_total: Some(Percentage { basis_points: Some(300) }),
            })),
        }
    }

    #[test]
    fn an_outcome_follows_from_the_tally_and_the_times() {
        let outcome = |decided, failed, yes, no| read(proposal(decided, failed, yes, no)).unwrap().outcome;
        assert_eq!(outcome(0, 0, 900, 0), Outcome::Open);
        assert_eq!(outcome(5, 0, 501, 499), Outcome::Adopted);
        assert_eq!(outcome(5, 0, 30, 29), Outcome::Adopted);
        assert_eq!(outcome(5, 0, 29, 0), Outcome::Rejected);
        assert_eq!(outcome(5, 0, 400, 400), Outcome::Rejected);
        assert_eq!(outcome(5, 6, 501, 0), Outcome::Failed);
        assert!(read(GetProposalResponse { result: None }).is_err());
    }
}
