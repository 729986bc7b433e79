//! Proposals as people read and list them.

use crate::api::*;
use crate::neurons::{self, Id};
use crate::proposals::own_ballots;
use crate::record::{get, newest, Record};
use candid::{CandidType, Decode, Deserialize, Principal};
use serde_bytes::ByteBuf;

/// A proposal as SNS clients read it.
pub fn to_api(id: u64, record: &Record, ballots: Vec<(Id, Ballot)>) -> ProposalData {
    ProposalData {
        id: Some(ProposalId { id }),
        payload_text_rendering: Some(record.rendering.clone()),
        action: record.function,
        failure_reason: record.failure.clone(),
        ballots: ballots.into_iter().map(|(neuron, ballot)| (neurons::hex(&neuron), ballot)).collect(),
        minimum_yes_proportion_of_total: Some(Percentage { basis_points: Some(record.quorum_basis_points) }),
        reward_event_round: 0,
        failed_timestamp_seconds: record.failed,
        reward_event_end_timestamp_seconds: None,
        proposal_creation_timestamp_seconds: record.created,
        initial_voting_period_seconds: match record.period {
            0 => record.deadline - record.created,
            period => period,
        },
        reject_cost_e8s: record.reject_cost,
        latest_tally: Some(record.tally.clone()),
        wait_for_quiet_deadline_increase_seconds: record.wait_for_quiet,
        decided_timestamp_seconds: record.decided,
        proposal: Some(record.proposal.clone()),
        proposer: Some(NeuronId { id: ByteBuf::from(record.proposer) }),
        wait_for_quiet_state: Some(WaitForQuietState { current_deadline_timestamp_seconds: record.deadline }),
        minimum_yes_proportion_of_exercised: Some(Percentage { basis_points: Some(5_000) }),
        is_eligible_for_rewards: false,
        executed_timestamp_seconds: record.executed,
    }
}

/// Proposals newest first, with the caller's ballots.
pub fn page(caller: &Principal, request: &ListProposals) -> Vec<ProposalData> {
    let before = request.before_proposal.as_ref().map(|proposal| proposal.id);
    let mine = neurons::ids_of(caller);
    let wanted = |record: &Record| {
        let wanted = request.include_status.is_empty() || request.include_status.contains(&record.status());
        wanted && !request.exclude_type.contains(&record.function)
    };
    let found = newest(before, governed::page_size(request.limit), wanted);
    found.into_iter().map(|(id, record)| to_api(id, &record, own_ballots(id, &record, &mine))).collect()
}

/// What a governed method's argument may name that has a page (the canisters' .did files).
#[derive(CandidType, Deserialize, Default)]
struct About {
    dataset: Option<String>,
    checkpoint: Option<String>,
    job: Option<u64>,
    release: Option<u64>,
    provider: Option<Principal>,
    holder: Option<Principal>,
}

impl About {
    fn of(proposal: &Proposal) -> About {
        match &proposal.action {
            Some(Action::ExecuteGenericNervousSystemFunction(call)) => {
                Decode!(&call.payload, About).unwrap_or_default()
            }
            _ => About::default(),
        }
    }

    fn in_json(self) -> serde_json::Map<String, serde_json::Value> {
        let principal = |id: Option<Principal>| id.map(|id| id.to_text().into());
        let named = [
            ("dataset", self.dataset.map(serde_json::Value::from)),
            ("checkpoint", self.checkpoint.map(serde_json::Value::from)),
            ("job", self.job.map(serde_json::Value::from)),
            ("release", self.release.map(serde_json::Value::from)),
            ("provider", principal(self.provider)),
            ("holder", principal(self.holder)),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn names(&self, id: &str) -> bool {
        [&self.dataset, &self.checkpoint].into_iter().flatten().any(|named| named == id)
    }
}

/// A proposal as people read it, and what it is about.
pub fn page_of(id: u64) -> Option<pages::One> {
    let mut value = in_json(id)?;
    let about = About::of(&get(id)?.proposal).in_json();
    value.as_object_mut()?.extend(about);
    Some(value.into())
}

/// A proposal as people read it.
pub fn in_json(id: u64) -> Option<serde_json::Value> {
    let record = get(id)?;
    let Tally { yes, no, total, .. } = record.tally;
    Some(serde_json::json!({
        "proposal": id,
        "title": record.proposal.title,
        "state": record.state_in_words(),
        "tally": format!("{} of all voting power says yes, {} says no", percent(yes, total), percent(no, total)),
        "rule": format!(
            "Adopted at once when more than half of all voting power says yes; else at the deadline, when more say yes \
             than no and yes has at least {} of all voting power.",
            percent(record.quorum_basis_points, 10_000)
        ),
        "proposer": neurons::hex(&record.proposer),
        "madeAt": pages::time(record.created.saturating_mul(1_000_000_000)),
        "summary": record.proposal.summary,
        "effect": record.rendering,
        "yes": record.tally.yes.to_string(), "no": record.tally.no.to_string(), "total": record.tally.total.to_string(),
        "deadline": pages::time(record.deadline.saturating_mul(1_000_000_000)),
        "failure": record.failure.map(|failure| failure.error_message),
    }))
}

/// Proposals as people list them; `?status=` keeps those of one, `?about=` those about a dataset or a checkpoint.
pub fn rows(request: &pages::Request) -> Vec<(u64, serde_json::Value)> {
    if let Some(subject) = request.get("about") {
        let about = |record: &Record| About::of(&record.proposal).names(subject);
        let found = newest(request.before(), pages::ROWS as usize, about);
        return found.into_iter().map(|(id, record)| (id, row(id, &record))).collect();
    }
    let statuses = ["open", "rejected", "adopted", "executed", "failed"];
    let wanted = request.get("status").map(|word| statuses.iter().position(|status| *status == word));
    let include_status = match wanted {
        Some(None) => return vec![],
        Some(Some(position)) => vec![position as i32 + 1],
        None => vec![],
    };
    let asked = ListProposals {
        include_reward_status: vec![],
        before_proposal: request.before().map(|id| ProposalId { id }),
        limit: pages::ROWS,
        exclude_type: vec![],
        include_status,
    };
    let ids = page(&Principal::anonymous(), &asked).into_iter().filter_map(|data| data.id).map(|id| id.id);
    ids.filter_map(|id| Some((id, row(id, &get(id)?)))).collect()
}

fn row(id: u64, record: &Record) -> serde_json::Value {
    serde_json::json!({
        "proposal": id,
        "title": record.proposal.title,
        "state": record.state_in_words(),
        "yes": percent(record.tally.yes, record.tally.total),
        "no": percent(record.tally.no, record.tally.total),
        "deadline": pages::time(record.deadline.saturating_mul(1_000_000_000)),
    })
}

/// A share in percent, to a hundredth.
fn percent(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
