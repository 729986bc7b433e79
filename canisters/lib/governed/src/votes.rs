//! What governance says about a proposal, read through the part of SNS's `governance.did` that is needed.

use crate::{governor, why, Why};
use candid::{CandidType, Deserialize};
use serde_bytes::ByteBuf;

/// How a vote went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Open,
    Adopted,
    Rejected,
    /// Adopted, but its execution failed; or withdrawn by its proposer.
    Failed,
}

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
}
#[derive(CandidType, Deserialize)]
struct ProposalData {
    proposal: Option<Proposal>,
    decided_timestamp_seconds: u64,
    failed_timestamp_seconds: u64,
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
    let outcome = if data.failed_timestamp_seconds > 0 {
        Outcome::Failed
    } else if data.decided_timestamp_seconds == 0 {
        Outcome::Open
    } else if adopted(&data) {
        Outcome::Adopted
    } else {
        Outcome::Rejected
    };
    Ok(Vote { function_id: call.function_id, payload: call.payload.to_vec(), outcome })
}

/// SNS governance, `ProposalData::is_accepted`: an absolute majority, or a simple one with enough of the whole.
fn adopted(data: &ProposalData) -> bool {
    let Some(tally) = &data.latest_tally else { return false };
    let (yes, no, total) = (u128::from(tally.yes), u128::from(tally.no), u128::from(tally.total));
    let least =
        u128::from(data.minimum_yes_proportion_of_total.as_ref().and_then(|share| share.basis_points).unwrap_or(300));
    2 * yes > total || (2 * yes > yes + no && 10_000 * yes >= least * total)
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
                failed_timestamp_seconds: failed,
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
