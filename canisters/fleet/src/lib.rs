//! The fleet canister: enrolled pods, and how a release reaches them wave by wave. This file lists the methods and
//! nothing else.

mod api;
mod doors;
mod gate;
mod holds;
mod listing;
mod memory;
mod operators;
mod pods;
mod points;
mod releases;
mod reports;
mod silent;
mod tell;
mod vouchers;
mod waves;

use api::{
    Abort, Advance, Enrol, Error, FindReleases, Hold, InitArgs, ListPods, ListReleases, Maker, OpenRelease, Pod,
    Release, Report, Rotate, SetOperators, SkipSoak, StopRelease, Supersede, Unenrol,
};
use candid::Principal;
use governed::{caller_is_governor, not_anonymous, parties, trap_with, Parties};
use ic_cdk::{init, post_upgrade, query, update};
use serde_json::json;

#[init]
fn init(args: InitArgs) {
    parties::open(memory::of(memory::PARTIES), Some(Parties { governor: args.governor, peers: args.peers }));
    audit::open(memory::of(memory::AUDIT_INDEX), memory::of(memory::AUDIT_DATA));
    operators::set(&SetOperators { operators: args.operators, drivers: args.drivers, makers: None });
    tell::start();
}

#[post_upgrade]
fn post_upgrade() {
    parties::open(memory::of(memory::PARTIES), None);
    audit::open(memory::of(memory::AUDIT_INDEX), memory::of(memory::AUDIT_DATA));
    listing::file_old_ones();
    pods::file_old_ones();
    tell::start();
}

#[ic_cdk::inspect_message]
fn inspect_message() {
    if doors::opens(&ic_cdk::api::msg_method_name(), system::caller(), &ic_cdk::api::msg_arg_data()) {
        ic_cdk::api::accept_message();
    }
}

/// Enrols the caller's device on a channel, by a voucher. A repeat returns the pod.
#[update(guard = "not_anonymous")]
fn enrol(request: Enrol) -> Result<Pod, Error> {
    let (pod, new) = pods::enrol(&request)?;
    if new {
        waves::pod_enrolled(&pod.principal, &pod.channel);
        audit::append(json!({"type": "podEnrolled", "pod": pod.principal.to_text(), "channel": pod.channel}));
    }
    Ok(pod)
}

/// Ends a pod's enrolment: its own, or any by an operator or by who has vouched for it.
#[update(guard = "not_anonymous")]
fn unenrol(request: Unenrol) -> Result<(), Error> {
    let pod = pods::unenrol(&request.pod)?;
    audit::append(json!({"type": "podUnenrolled", "pod": pod.principal.to_text(), "channel": pod.channel}));
    Ok(())
}

/// Gives the caller's enrolment to the device's next key.
#[update(guard = "not_anonymous")]
fn rotate(request: Rotate) -> Result<Pod, Error> {
    let pod = pods::rotate(request.to)?;
    audit::append(json!({"type": "podRotated", "to": pod.principal.to_text(), "channel": pod.channel}));
    Ok(pod)
}

/// Counts what a pod saw of a release; a repeat is counted once. A failed gate stops the release in the same message.
#[update(guard = "not_anonymous")]
async fn report(report: Report) -> Result<(), Error> {
    if reports::report(&report)? {
        tell::models().await;
    }
    Ok(())
}

/// Opens a release. Models canister only; a repeat of the adoption returns the first release.
#[update(guard = "not_anonymous")]
fn open_release(request: OpenRelease) -> Result<u64, Error> {
    releases::open(&request)
}

/// Ends the channel's open releases up to an adoption. Models canister only.
#[update(guard = "not_anonymous")]
fn supersede(request: Supersede) -> Result<(), Error> {
    releases::supersede(&request)
}

/// Begins a wave, or completes the release after the last wave's soak. Drivers and operators; a repeat changes nothing.
#[update(guard = "not_anonymous")]
async fn advance(request: Advance) -> Result<Release, Error> {
    operators::may_drive()?;
    if waves::is_undrawn(request.release) {
        waves::drawn(request.release, random().await?);
    }
    let advanced = waves::advance(&request);
    tell::models().await; // also of a release that the gate has stopped
    let release = advanced?;
    Ok(releases::get(release.id).unwrap_or(release))
}

/// 32 bytes that nobody could know before.
async fn random() -> Result<Vec<u8>, Error> {
    let drawn = system::ask::<_, serde_bytes::ByteBuf>(Principal::management_canister(), "raw_rand", ()).await;
    drawn.map(serde_bytes::ByteBuf::into_vec).map_err(|no_answer| {
        Error::NotYet(governed::why("raw_rand", no_answer.to_string(), "advance again in a moment"))
    })
}

/// Holds the next wave back. Drivers and operators.
#[update(guard = "not_anonymous")]
fn pause(request: Hold) -> Result<Release, Error> {
    holds::pause(&request)
}

/// Lets the waves go on. An operator, by call or token.
#[update(guard = "not_anonymous")]
fn resume(request: Hold) -> Result<Release, Error> {
    holds::resume(&request)
}

/// Ends the soak of the running wave where the voted plan allows it; the gate's windows are needed all the same. An
/// operator, by call or token.
#[update(guard = "not_anonymous")]
fn skip_soak(request: SkipSoak) -> Result<Release, Error> {
    holds::skip_soak(&request)
}

/// Stops a release: exposed pods go back to the stable checkpoint. Drivers and operators.
#[update(guard = "not_anonymous")]
async fn abort(request: Abort) -> Result<Release, Error> {
    let release = holds::abort(&request)?;
    Ok(told(release).await)
}

async fn told(release: Release) -> Release {
    tell::models().await;
    releases::get(release.id).unwrap_or(release)
}

/// What voters read before they vote on `stop_release`.
#[query]
fn validate_stop_release(payload: StopRelease) -> Result<String, String> {
    let release = holds::checked_stop(&payload).map_err(|error| error.to_string())?;
    Ok(format!(
        "Stop release {} of version {} on {}: {} pods go back to the stable version. Reason: {}",
        release.id, release.version, release.channel, release.exposed, payload.reason
    ))
}

/// Stops a release by vote; traps when it has ended already.
#[update(guard = "caller_is_governor")]
async fn stop_release(payload: StopRelease) {
    holds::governed_stop(&payload).unwrap_or_else(|error| trap_with(error));
    tell::models().await;
}

/// What voters read before they vote on `set_operators`.
#[query]
fn validate_set_operators(payload: SetOperators) -> Result<String, String> {
    operators::checked(&payload).map_err(|error| error.to_string())?;
    let list = |principals: &[Principal]| principals.iter().map(Principal::to_text).collect::<Vec<_>>().join(", ");
    Ok(format!(
        "Operators of the fleet are from now on: {}. Drivers: {}. Nobody else.{}",
        list(&payload.operators),
        list(&payload.drivers),
        payload.makers.as_deref().map_or(String::new(), makers_in_words)
    ))
}

fn makers_in_words(makers: &[Maker]) -> String {
    let each: Vec<String> =
        makers.iter().map(|Maker { principal, pods }| format!("{principal} for up to {pods}")).collect();
    format!(
        " Manufacturers whose devices may enrol: {}.",
        if each.is_empty() { "none".into() } else { each.join(", ") }
    )
}

/// Names operators, drivers and manufacturers anew, by vote.
#[update(guard = "caller_is_governor")]
fn set_operators(payload: SetOperators) {
    operators::checked(&payload).unwrap_or_else(|error| trap_with(error));
    operators::set(&payload);
    let list = |principals: &[Principal]| principals.iter().map(Principal::to_text).collect::<Vec<_>>();
    let makers = payload.makers.as_deref().map(makers_in_words);
    let (operators, drivers) = (list(&payload.operators), list(&payload.drivers));
    audit::append(json!({"type": "operatorsSet", "operators": operators, "drivers": drivers, "makers": makers}));
}

/// Whether the principal is an operator, whose tokens count. The access canister asks too.
#[query]
fn is_operator(principal: Principal) -> bool {
    operators::is_operator(&principal)
}

#[query]
fn get_release(id: u64) -> Option<Release> {
    releases::get(id)
}

#[query]
fn list_releases(page: ListReleases) -> Vec<Release> {
    releases::list(&page)
}

/// Releases of a channel or a checkpoint, or all; newest first, at most 100 at a time.
#[query]
fn newest_releases(find: FindReleases) -> Vec<Release> {
    listing::newest(&find)
}

#[query]
fn get_pod(principal: Principal) -> Option<Pod> {
    pods::get(&principal)
}

#[query]
fn list_pods(page: ListPods) -> Vec<Pod> {
    pods::list(&page)
}

/// Releases as people read them: `/releases/<number>`, and `/releases?channel=stable`.
#[query]
fn http_request(request: pages::HttpRequest) -> pages::HttpResponse {
    let one = |id: &str| listing::in_json(id.parse().ok()?).map(pages::One::from);
    let kind = pages::Kind { name: "releases", one: &one, some: &listing::rows };
    pages::answer(&request, &governed::site(), &[kind])
}

audit::queries!();
system::queries!();
governed::candid_service!("../fleet.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests;
