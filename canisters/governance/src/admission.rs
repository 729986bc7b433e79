//! Which proposals are put to the vote: what they may say, and who has room for one more.

use crate::api::*;
use crate::errors::{refused, ErrorType};
use crate::neurons::{self, Id};
use crate::proposals::client_ref;
use crate::record::{self, count_open, get};
use crate::{constitution, natives};
use protocol::limits::{MAX_PAYLOAD_BYTES, MAX_PROPOSAL_REFERENCE_BYTES, MAX_SUMMARY_BYTES, MAX_TITLE_BYTES};

const MAX_URL_BYTES: usize = 2_048;
const MAX_MOTION_BYTES: usize = 10_000;

/// Checks what a proposal says before anybody is asked, and that the neuron may propose.
pub fn check(proposer: &neurons::Neuron, proposal: &Proposal, now: u64) -> Result<(), GovernanceError> {
    let rules = constitution::parameters();
    let needed = rules.neuron_minimum_stake_e8s.max(constitution::reject_cost());
    if proposer.voting_power(now) == 0 || proposer.free() < needed {
        let message = format!(
            "A proposer needs {needed} e8s of stake and a dissolve delay of {} seconds; add stake or a longer delay.",
            rules.neuron_minimum_dissolve_delay_to_vote_seconds
        );
        return Err(refused(ErrorType::PreconditionFailed, message));
    }
    let too_long = |what: &str, limit: usize| {
        Err(refused(ErrorType::InvalidProposal, format!("The {what} has more than {limit} bytes; shorten it.")))
    };
    if proposal.title.len() > MAX_TITLE_BYTES {
        return too_long("title", MAX_TITLE_BYTES);
    }
    if proposal.summary.len() > MAX_SUMMARY_BYTES {
        return too_long("summary", MAX_SUMMARY_BYTES);
    }
    if proposal.url.len() > MAX_URL_BYTES {
        return too_long("url", MAX_URL_BYTES);
    }
    let fits = |reference: &str| (1..=MAX_PROPOSAL_REFERENCE_BYTES).contains(&reference.len());
    if client_ref(proposal).is_some_and(|reference| !fits(reference)) {
        return Err(refused(
            ErrorType::InvalidProposal,
            format!("A client reference has 1 to {MAX_PROPOSAL_REFERENCE_BYTES} bytes; choose another."),
        ));
    }
    match &proposal.action {
        Some(Action::Motion(motion)) if motion.motion_text.len() > MAX_MOTION_BYTES => {
            too_long("motion", MAX_MOTION_BYTES)
        }
        Some(Action::Motion(_)) => Ok(()),
        Some(Action::ExecuteGenericNervousSystemFunction(call)) if call.payload.len() > MAX_PAYLOAD_BYTES => {
            too_long("payload", MAX_PAYLOAD_BYTES)
        }
        Some(Action::ExecuteGenericNervousSystemFunction(call))
            if constitution::function(call.function_id).is_none() =>
        {
            let message = format!("There is no function {}; see list_nervous_system_functions.", call.function_id);
            Err(refused(ErrorType::InvalidProposal, message))
        }
        Some(Action::ExecuteGenericNervousSystemFunction(_)) => Ok(()),
        Some(action @ (Action::AddGenericNervousSystemFunction(_) | Action::RemoveGenericNervousSystemFunction(_))) => {
            natives::in_words(action).map(drop)
        }
        Some(Action::Unspecified(_)) | None => {
            Err(refused(ErrorType::InvalidProposal, "The proposal has no action this governance knows."))
        }
    }?;
    Ok(())
}

/// Whether there is room for one more proposal of this neuron. The lane of what stops or takes back has room of its
/// own; when that is full, the proposal whose proposer has the least stake makes room, and is returned.
pub fn admit(proposer: &Id, proposal: &Proposal) -> Result<Option<u64>, GovernanceError> {
    let exhausted = |message: String| Err(refused(ErrorType::ResourceExhausted, message));
    let (lane, _) = constitution::rule(function_of(proposal));
    let most = constitution::max_open_per_neuron(lane) as usize;
    if record::count_open_of(proposer, lane, most) >= most {
        return exhausted(format!("The neuron has {most} open proposals of this kind; wait until some are decided."));
    }
    let stops = record::open_in(Lane::Stop, constitution::MAX_OPEN_STOPS);
    if lane != Lane::Stop {
        return match count_open() - stops.len() as u64 >= constitution::MAX_OPEN_PROPOSALS {
            true => exhausted("Too many proposals are open; wait until some are decided.".into()),
            false => Ok(None),
        };
    }
    if stops.len() < constitution::MAX_OPEN_STOPS {
        return Ok(None);
    }
    let stake = |neuron: &Id| neurons::get(neuron).map_or(0, |neuron| neuron.free());
    let stakes = stops.iter().filter_map(|id| Some((stake(&get(*id)?.proposer), *id)));
    match stakes.min() {
        Some((least, id)) if least < stake(proposer) => Ok(Some(id)),
        _ => exhausted("Too many stops are open, all by neurons with as much stake; vote on those.".into()),
    }
}

/// The function that a proposal calls, or that stands for what it says.
pub fn function_of(proposal: &Proposal) -> u64 {
    natives::call_of(&proposal.action).map_or(constitution::MOTION, |call| call.function_id)
}
