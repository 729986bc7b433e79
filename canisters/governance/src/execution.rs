//! What governance does to others: asks validators, carries decisions out, and wakes up at deadlines.

use crate::api::{ExecuteGenericNervousSystemFunction, GovernanceError};
use crate::errors::{refused, ErrorType};
use crate::ledger::Canister;
use crate::neurons::Id;
use crate::proposals::{self, Adopted};
use crate::steps::{Steps, OF_A_MESSAGE};
use crate::{constitution, costs, leaving, natives, record, seconds, work};
use candid::Principal;
use ic_cdk::call::Call;
use ic_cdk_timers::TimerId;
use std::cell::Cell;
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
    let was_open = record::is_open(id);
    let adopted = proposals::decide(id, seconds());
    if let Some(at) = record::locked_until(id).filter(|_| was_open) {
        wake_at(id, at);
    }
    if let Some(adopted) = adopted {
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

/// Wakes up at a new proposal's deadline.
pub fn wake_for(id: u64) {
    if let Some(record) = proposals::get(id) {
        wake_at(id, record.deadline);
    }
}

/// Wakes up at a proposal's deadline, or when it has waited long enough to be carried out.
pub fn wake_at(id: u64, deadline: u64) {
    let wait = Duration::from_secs(deadline.saturating_sub(seconds())) + Duration::from_millis(1);
    ic_cdk_timers::set_timer(wait, async move {
        decide(id);
        let later = proposals::get(id).filter(|record| record.decided == 0 && record.deadline > seconds());
        if let Some(record) = later {
            wake_at(id, record.deadline); // the vote has turned meanwhile
        }
        go_on_soon();
    });
}

/// Sets the alarms again: an upgrade clears them.
pub fn wake_for_all() {
    for (id, deadline) in proposals::open() {
        wake_at(id, deadline);
    }
    for (id, at) in record::locked() {
        wake_at(id, at);
    }
    go_on_soon();
    pay_out_soon();
}

thread_local! {
    /// When the timer for work that is left was set; 0 when it is not. A message that trapped leaves it behind.
    static ALARM: Cell<u64> = const { Cell::new(0) };
    static PAY_OUT: Cell<Option<TimerId>> = const { Cell::new(None) };
    /// The last neuron whose money was tried to be paid out.
    static PAID_OUT: Cell<Option<Id>> = const { Cell::new(None) };
}

const PAY_OUT_AGAIN_AFTER: Duration = Duration::from_secs(60);
const PAID_OUT_AT_ONCE: usize = 20;

/// Pays out neurons that made room.
pub fn pay_out_soon() {
    if leaving::is_any() {
        next_pay_out(Duration::ZERO);
    }
}

fn next_pay_out(wait: Duration) {
    let timer = ic_cdk_timers::set_timer(wait, pay_out());
    if let Some(before) = PAY_OUT.replace(Some(timer)) {
        ic_cdk_timers::clear_timer(before);
    }
}

async fn pay_out() {
    let next = leaving::some(PAID_OUT.get(), PAID_OUT_AT_ONCE);
    PAID_OUT.set(next.last().copied()); // those that cannot be paid now do not hold up the others
    for id in next {
        leaving::pay(&Canister, id).await;
    }
    if leaving::is_any() {
        next_pay_out(PAY_OUT_AGAIN_AFTER);
    }
}

const ALARM_IS_LOST_AFTER: u64 = 60;

/// Goes on with work that is left in a message of its own.
pub fn go_on_soon() {
    if !work::is_left() || seconds() < ALARM.get() + ALARM_IS_LOST_AFTER {
        return;
    }
    ALARM.set(seconds());
    ic_cdk_timers::set_timer(Duration::ZERO, async {
        ALARM.set(0);
        work::go_on(Steps::new(OF_A_MESSAGE), seconds(), decide);
        costs::note("work");
        go_on_soon();
    });
}
