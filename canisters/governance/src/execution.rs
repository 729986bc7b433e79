//! What governance does to others: asks validators, carries decisions out, and wakes up at deadlines.

use crate::api::{ExecuteGenericNervousSystemFunction, GovernanceError};
use crate::errors::{refused, ErrorType};
use crate::proposals::{self, Adopted};
use crate::{constitution, natives, seconds};
use candid::Principal;
use ic_cdk::call::Call;
use std::time::Duration;

/// Asks the function's validator; its text is what voters read. The target sees the same bytes if the proposal is
/// adopted.
pub async fn validate(call: &ExecuteGenericNervousSystemFunction) -> Result<String, GovernanceError> {
    let function = constitution::function(call.function_id)
        .ok_or_else(|| refused(ErrorType::InvalidProposal, "There is no such function."))?;
    let (canister, method) = named(function.validator_canister_id, function.validator_method_name)?;
    let reply = Call::unbounded_wait(canister, &method).with_raw_args(&call.payload).await;
    let reply = reply.map_err(|error| {
        refused(ErrorType::InvalidProposal, format!("The validator {method} did not accept the payload: {error}"))
    })?;
    let verdict: Result<String, String> = reply.candid().map_err(|error| {
        refused(ErrorType::External, format!("The validator {method} answered in another language: {error}"))
    })?;
    verdict.map_err(|why| refused(ErrorType::InvalidProposal, why))
}

fn named(canister: Option<Principal>, method: Option<String>) -> Result<(Principal, String), GovernanceError> {
    canister
        .zip(method)
        .ok_or_else(|| refused(ErrorType::External, "The function is registered without a canister or a method."))
}

/// Decides a proposal if it is due and carries it out. The call leaves in the message that decides, so neither happens
/// without the other.
pub fn decide(id: u64) {
    if let Some(adopted) = proposals::decide(id, seconds()) {
        ic_cdk::futures::spawn(carry_out(adopted));
    }
}

async fn carry_out(adopted: Adopted) {
    let outcome = call_target(&adopted.call).await;
    proposals::carried_out(adopted.proposal, outcome, seconds());
}

async fn call_target(call: &ExecuteGenericNervousSystemFunction) -> Result<(), String> {
    if call.function_id < 1_000 {
        return natives::carry_out(call);
    }
    let function = constitution::function(call.function_id).ok_or("The function is not registered any more.")?;
    let (canister, method) =
        named(function.target_canister_id, function.target_method_name).map_err(|error| error.error_message)?;
    // SNS ignores the reply too: a governed method that cannot do its work traps.
    Call::unbounded_wait(canister, &method)
        .with_raw_args(&call.payload)
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// Wakes up at a proposal's deadline.
pub fn wake_at(id: u64, deadline: u64) {
    let wait = Duration::from_secs(deadline.saturating_sub(seconds())) + Duration::from_millis(1);
    ic_cdk_timers::set_timer(wait, async move { decide(id) });
}

/// Sets the alarms again: an upgrade clears them.
pub fn wake_for_all() {
    for (id, deadline) in proposals::open() {
        wake_at(id, deadline);
    }
}
