//! Releases: opened by the models canister, moved on wave by wave by an operator, stopped by their own gate, an
//! operator or a vote.
//!
//! Each function checks first and then changes; an error leaves everything as it was. What changes a release's exposure
//! marks it untold, and `tell` carries it to the models canister.

use crate::api::{
    Abort, Advance, Error, Hold, ListReleases, OpenRelease, PodEvent, Release, ReleaseState, Report, SkipSoak,
    StopRelease, Supersede,
};
use crate::operators::Decision;
use crate::{gate, listing, memory, operators, pods};
use candid::Principal;
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::limits::MAX_RELEASE_REASON_BYTES;
use protocol::operator::Action;
use rollout::Plan;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

const SECOND: u64 = 1_000_000_000;

thread_local! {
    static RELEASES: RefCell<StableBTreeMap<u64, Cbor<Release>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::RELEASES)));
    /// Adoption → release.
    static ADOPTIONS: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::ADOPTIONS)));
    /// Releases whose state the models canister has not heard of.
    static UNTOLD: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::UNTOLD)));
}

fn from_models() -> Result<(), Error> {
    let (caller, models) = (system::caller(), governed::peers().models);
    if caller == models {
        return Ok(());
    }
    Err(Error::NotAuthorized(why(
        caller,
        format!("only the models canister {models} may do this"),
        "propose the change to the DAO",
    )))
}

pub fn get(id: u64) -> Option<Release> {
    RELEASES.with_borrow(|releases| releases.get(&id)).map(|release| release.0)
}

/// A release as people read it.
pub fn in_json(id: u64) -> Option<Value> {
    let release = get(id)?;
    let why = if let ReleaseState::Stopped(why) = &release.state { Some(why) } else { None };
    let plan = &release.plan;
    let (troubles, last_trouble) = gate::troubles(id);
    Some(json!({
        "release": id,
        "channel": release.channel,
        "version": release.version,
        "previous": release.previous,
        "checkpoint": release.checkpoint,
        "state": release.state.word(),
        "standing": release.standing(),
        "why": why,
        "wave": release.wave,
        "waves": plan.shares.is_none().then_some(&plan.waves),
        "shares": plan.shares,
        "pods": release.exposed,
        "soakSeconds": plan.soak_seconds,
        "soakMayBeSkipped": plan.soak_may_be_skipped(),
        "soaksUntil": (release.soak_until > 0).then(|| pages::time(release.soak_until)),
        "gate": {
            "minWindows": plan.gate.min_windows,
            "maxCorrectionPermille": plan.gate.max_correction_permille,
            "maxErrors": plan.gate.max_errors,
            "minPods": plan.gate.pods_needed(u32::MAX),
            "minPodWindows": plan.gate.windows_of_each(),
            "maxBadPermille": plan.gate.bad_permille(),
        },
        "troubles": troubles,
        "lastTrouble": (!last_trouble.is_empty()).then_some(last_trouble),
        "windows": release.windows,
        "corrections": release.corrections,
        "errors": release.errors,
        "waveWindows": release.wave_windows,
        "waveCorrections": release.wave_corrections, "installed": release.installed, "returned": release.returned,
        "openedAt": pages::time(release.opened_at), "closedAt": release.closed_at.map(pages::time),
    }))
}

pub(crate) fn existing(id: u64) -> Result<Release, Error> {
    get(id).ok_or_else(|| {
        Error::NotFound(why(format!("release {id}"), "there is no such release", "look at list_releases"))
    })
}

pub(crate) fn put(release: Release) {
    RELEASES.with_borrow_mut(|releases| releases.insert(release.id, Cbor(release)));
}

/// Every release, one after the other.
pub fn each(visit: impl Fn(&Release)) {
    RELEASES.with_borrow(|releases| releases.values().for_each(|release| visit(&release.0)));
}

/// Releases in the order of their ids.
pub fn list(page: &ListReleases) -> Vec<Release> {
    let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
    RELEASES.with_borrow(|releases| {
        releases
            .range((after, Bound::Unbounded))
            .take(governed::page_size(page.limit))
            .map(|entry| entry.value().0)
            .collect()
    })
}

/// The channel's releases that can still move.
pub fn open_on(channel: &str) -> Vec<Release> {
    RELEASES.with_borrow(|releases| {
        releases
            .iter()
            .map(|entry| entry.value().0)
            .filter(|release| release.channel == channel && release.state.is_open())
            .collect()
    })
}

/// Opens a release for an adopted checkpoint. What was open on the channel is superseded.
pub fn open(request: &OpenRelease) -> Result<u64, Error> {
    from_models()?;
    if let Some(id) = ADOPTIONS.with_borrow(|adoptions| adoptions.get(&request.adoption)) {
        return opened_before(id, request);
    }
    rollout::channel_name(&request.channel).map_err(Error::Invalid)?;
    request.plan.check().map_err(Error::Invalid)?;
    let id = RELEASES.with_borrow(|releases| releases.last_key_value()).map_or(1, |(id, _)| id + 1);
    supersede_open(&request.channel);
    put(Release {
        id,
        channel: request.channel.clone(),
        checkpoint: request.checkpoint.clone(),
        version: request.version,
        previous: request.previous,
        plan: request.plan.clone(),
        wave: 0,
        exposed: 0,
        state: ReleaseState::Planned,
        threshold: 0,
        soak_until: 0,
        windows: 0,
        corrections: 0,
        errors: 0,
        installed: 0,
        returned: 0,
        wave_windows: 0,
        wave_corrections: 0,
        opened_at: system::now(),
        closed_at: None,
        told: true,
        pauses: None,
    });
    ADOPTIONS.with_borrow_mut(|adoptions| adoptions.insert(request.adoption, id));
    listing::file(&existing(id)?);
    audit::append(json!({
        "type": "releaseOpened", "release": id, "adoption": request.adoption, "channel": request.channel,
        "checkpoint": request.checkpoint, "version": request.version, "judges": "pods",
    }));
    Ok(id)
}

/// The release that this adoption opened, if it was about the same.
fn opened_before(id: u64, request: &OpenRelease) -> Result<u64, Error> {
    let first = existing(id)?;
    let same = first.channel == request.channel
        && first.checkpoint == request.checkpoint
        && first.version == request.version
        && first.plan == request.plan;
    if same {
        return Ok(id);
    }
    Err(Error::AlreadyExists(why(
        format!("adoption {}", request.adoption),
        format!("it opened release {id} of version {} on {}, and this is something else", first.version, first.channel),
        "give every adoption a number of its own",
    )))
}

/// A rollback took the channel: what was opened for adoptions up to this one ends here.
pub fn supersede(request: &Supersede) -> Result<(), Error> {
    from_models()?;
    let covered = |id: u64| {
        ADOPTIONS.with_borrow(|adoptions| {
            adoptions.iter().any(|entry| entry.value() == id && *entry.key() <= request.adoption)
        })
    };
    for release in open_on(&request.channel) {
        if covered(release.id) {
            end_superseded(release);
        }
    }
    Ok(())
}

fn supersede_open(channel: &str) {
    open_on(channel).into_iter().for_each(end_superseded);
}

pub(crate) fn end_superseded(mut release: Release) {
    gate::ended(release.id);
    release.state = ReleaseState::Superseded;
    release.closed_at = Some(system::now());
    release.told = true;
    UNTOLD.with_borrow_mut(|untold| untold.remove(&release.id));
    audit::append(json!({"type": "releaseSuperseded", "release": release.id, "counters": counters(&release)}));
    put(release);
}

/// Begins a wave, or completes the release after the last one. Beginning a wave again changes nothing.
pub fn advance(request: &Advance) -> Result<Release, Error> {
    operators::may_drive()?;
    let mut release = existing(request.release)?;
    let waves = release.plan.waves();
    if request.wave == 0 || request.wave > waves + 1 {
        return Err(Error::Invalid(why(
            "wave",
            format!("{} is not one of 1 to {}", request.wave, waves + 1),
            "name the wave to begin",
        )));
    }
    if let ReleaseState::Stopped(reason) = &release.state {
        let stopped = why(
            format!("release {}", release.id),
            format!("it is stopped: {reason}"),
            "train a better checkpoint and adopt that",
        );
        return Err(match reason.strip_prefix(gate::STOPPED) {
            Some(_) => Error::GateFailed(stopped),
            None => Error::Closed(stopped),
        });
    }
    if release.state == ReleaseState::Completed || request.wave <= release.wave {
        return Ok(release);
    }
    if release.state == ReleaseState::Superseded {
        return Err(closed(&release, "it is superseded"));
    }
    if release.state == ReleaseState::Paused {
        return Err(Error::Paused(why(format!("release {}", release.id), "an operator paused it", "resume it first")));
    }
    if request.wave != release.wave + 1 {
        return Err(Error::Invalid(why(
            "wave",
            format!("wave {} has not begun", request.wave - 1),
            format!("begin wave {}", release.wave + 1),
        )));
    }
    soaked(&release)?;
    if release.wave > 0 {
        if let Some(reason) = gate::verdict_before_next(&release) {
            let why = why(format!("release {}", release.id), &reason, "train a better checkpoint and adopt that");
            stopped_by_gate(release, &reason);
            return Err(Error::GateFailed(why));
        }
    }
    if request.wave > waves {
        complete(&mut release);
    } else {
        begin_wave(&mut release);
    }
    mark_untold(&mut release);
    put(release.clone());
    Ok(release)
}

/// Checks that the current wave has lasted long enough and was heard of often enough.
fn soaked(release: &Release) -> Result<(), Error> {
    if release.wave == 0 {
        return Ok(());
    }
    let subject = format!("release {} wave {}", release.id, release.wave);
    let now = system::now();
    if now < release.soak_until {
        let left = (release.soak_until - now).div_ceil(SECOND);
        return Err(Error::NotYet(why(
            subject,
            format!("it soaks until {} ns", release.soak_until),
            format!("advance again in {left} s"),
        )));
    }
    let needed = u64::from(release.plan.gate.min_windows);
    if release.exposed > 0 && release.wave_windows < needed {
        let message = format!("its pods have reported {} windows, and the gate needs {needed}", release.wave_windows);
        return Err(Error::NotYet(why(subject, message, "wait for the pods' reports and advance again")));
    }
    Ok(())
}

fn begin_wave(release: &mut Release) {
    release.wave += 1;
    let positions = pods::positions(release.id, &release.channel);
    release.threshold = wave_threshold(&positions, &release.plan, release.wave, release.threshold);
    release.exposed = exposed(&positions, release.threshold);
    release.state = ReleaseState::Rolling;
    release.soak_until = system::now() + u64::from(release.plan.soak_seconds) * SECOND;
    (release.wave_windows, release.wave_corrections) = (0, 0);
    gate::wave_begins(release.id);
    audit::append(json!({
        "type": "waveBegun", "release": release.id, "wave": release.wave,
        "exposed": release.exposed, "threshold": format!("{:016x}", release.threshold), "counters": counters(release),
    }));
}

fn complete(release: &mut Release) {
    gate::ended(release.id);
    release.state = ReleaseState::Completed;
    release.closed_at = Some(system::now());
    audit::append(json!({
        "type": "releaseCompleted",
        "release": release.id,
        "channel": release.channel,
        "version": release.version,
        "counters": counters(release),
    }));
}

/// What pods have reported of a release so far, all pods together: what its gate was judged on, for the log.
fn counters(release: &Release) -> serde_json::Value {
    let Release { windows, corrections, errors, installed, returned, .. } = release;
    json!({
        "windows": windows,
        "corrections": corrections,
        "errors": errors,
        "installed": installed,
        "returned": returned
    })
}

/// The threshold of a wave: the k-th smallest position for its k pods, never below the one before it, since a pod that
/// was exposed stays so when others enrol later. The last wave is everyone.
pub fn wave_threshold(positions: &[u64], plan: &Plan, wave: u32, before: u64) -> u64 {
    if wave >= plan.waves() {
        return u64::MAX;
    }
    let pods = plan.pods_of_wave(wave, positions.len());
    let reached = if pods == 0 { 0 } else { positions[pods - 1] };
    reached.max(before)
}

fn exposed(positions: &[u64], threshold: u64) -> u32 {
    positions.partition_point(|position| *position <= threshold) as u32
}

/// Holds the next wave back. Exposed pods keep the candidate, and the gate goes on. A person's pause ends every token
/// that was made before it, also where the release is paused already.
pub fn pause(request: &Hold) -> Result<Release, Error> {
    operators::may_drive()?;
    let release = existing(request.release)?;
    let by = operators::may_stop(request.authority.as_ref(), Action::Pause, &release, "a pause")?;
    hold(release, "releasePaused", &by, |release| {
        if !release.state.is_open() {
            return Err(closed(release, "it has ended"));
        }
        if by.person {
            release.pauses = Some(release.pauses.unwrap_or(0).saturating_add(1));
        }
        Ok(std::mem::replace(&mut release.state, ReleaseState::Paused) != ReleaseState::Paused)
    })
}

pub fn resume(request: &Hold) -> Result<Release, Error> {
    operators::may_drive()?;
    let release = existing(request.release)?;
    let by = operators::may_hurry(request.authority.as_ref(), Action::Resume, &release, "a resumption")?;
    hold(release, "releaseResumed", &by, |release| match release.state {
        ReleaseState::Planned | ReleaseState::Rolling => Ok(false),
        ReleaseState::Paused => {
            release.state = if release.wave == 0 { ReleaseState::Planned } else { ReleaseState::Rolling };
            Ok(true)
        }
        _ => Err(closed(release, "it has ended")),
    })
}

/// Ends the soak of the wave that runs. The gate stays: `advance` waits for its windows.
pub fn skip_soak(request: &SkipSoak) -> Result<Release, Error> {
    operators::may_drive()?;
    let release = existing(request.release)?;
    let what = format!("the soak of wave {}", request.wave);
    let by = operators::may_hurry(request.authority.as_ref(), Action::SkipSoak, &release, &what)?;
    hold(release, "soakSkipped", &by, |release| {
        if !release.state.is_open() {
            return Err(closed(release, "it has ended"));
        }
        let subject = format!("release {} wave {}", release.id, request.wave);
        if !release.plan.soak_may_be_skipped() {
            return Err(Error::Invalid(why(
                subject,
                "the plan that was voted in does not allow it",
                "wait, or put a plan with skippable_soak to the vote",
            )));
        }
        if request.wave == 0 || request.wave > release.wave {
            return Err(Error::Invalid(why(
                subject,
                format!("wave {} runs", release.wave),
                "name the wave that soaks now",
            )));
        }
        let soaks = request.wave == release.wave && system::now() < release.soak_until;
        if soaks {
            release.soak_until = system::now();
        }
        Ok(soaks)
    })
}

/// Changes a release by somebody's decision, unless the same token did the same before. `change` returns whether the
/// log is to tell of it.
fn hold(
    mut release: Release,
    event: &str,
    decision: &Decision,
    change: impl FnOnce(&mut Release) -> Result<bool, Error>,
) -> Result<Release, Error> {
    if decision.done() {
        return Ok(release);
    }
    if change(&mut release)? {
        let Release { id, wave, .. } = release;
        audit::append(json!({"type": event, "release": id, "wave": wave, "authority": decision.by}));
    }
    decision.used();
    put(release.clone());
    Ok(release)
}

/// A driver's or an operator's stop: exposed pods go back to the stable checkpoint.
pub fn abort(request: &Abort) -> Result<Release, Error> {
    operators::may_drive()?;
    check_reason(&request.reason)?;
    let release = existing(request.release)?;
    let decision = operators::may_stop(request.authority.as_ref(), Action::Abort, &release, "a stop")?;
    if decision.done() {
        return Ok(release);
    }
    let stopped = match &release.state {
        ReleaseState::Stopped(_) => release,
        state if state.is_open() => stop(release, request.reason.clone(), "operator", decision.by.clone()),
        _ => return Err(closed(&release, "it has ended")),
    };
    decision.used();
    Ok(stopped)
}

/// What a vote to stop would do.
pub fn checked_stop(request: &StopRelease) -> Result<Release, Error> {
    check_reason(&request.reason)?;
    let release = existing(request.release)?;
    if release.state.is_open() {
        return Ok(release);
    }
    Err(closed(&release, "it has ended already"))
}

/// The DAO's stop.
pub fn governed_stop(request: &StopRelease) -> Result<(), Error> {
    let release = checked_stop(request)?;
    stop(release, request.reason.clone(), "governor", Value::Null);
    Ok(())
}

/// The gate's stop.
pub(crate) fn stopped_by_gate(release: Release, reason: &str) -> Release {
    stop(release, format!("{}{reason}", gate::STOPPED), "gate", Value::Null)
}

/// A release that has ended hears of pods, and judges nothing any more.
pub(crate) fn count_afterwards(mut release: Release, report: &Report) {
    release.windows += u64::from(report.windows);
    release.corrections += u64::from(report.corrections);
    release.installed += u64::from(report.event == PodEvent::Installed);
    release.returned += u64::from(matches!(report.event, PodEvent::Returned(_)));
    put(release);
}

/// Stops first; the models canister hears of it next.
pub(crate) fn stop(mut release: Release, reason: String, by: &str, authority: Value) -> Release {
    gate::ended(release.id);
    audit::append(json!({
        "type": "releaseStopped",
        "release": release.id,
        "by": by,
        "reason": reason,
        "counters": counters(&release),
        "authority": authority
    }));
    release.state = ReleaseState::Stopped(reason);
    release.closed_at = Some(system::now());
    mark_untold(&mut release);
    put(release.clone());
    release
}

fn check_reason(reason: &str) -> Result<(), Error> {
    if (1..=MAX_RELEASE_REASON_BYTES).contains(&reason.len()) {
        return Ok(());
    }
    Err(Error::Invalid(why(
        "reason",
        format!("it has {} bytes, and 1 to {MAX_RELEASE_REASON_BYTES} are allowed", reason.len()),
        "say in a sentence why",
    )))
}

fn closed(release: &Release, what: &str) -> Error {
    Error::Closed(why(
        format!("release {}", release.id),
        what,
        "look at get_release; adopt a checkpoint to open another",
    ))
}

/// A pod that enrols while a wave runs may be in it at once.
pub fn pod_enrolled(pod: &Principal, channel: &str) {
    for mut release in open_on(channel) {
        if release.wave > 0 && protocol::cohort::position(release.id, pod) <= release.threshold {
            release.exposed += 1;
            put(release);
        }
    }
}

fn mark_untold(release: &mut Release) {
    release.told = false;
    UNTOLD.with_borrow_mut(|untold| untold.insert(release.id, ()));
}

/// The next release, after `after`, that the models canister has to hear of.
pub fn next_untold(after: Option<u64>) -> Option<Release> {
    let after = after.map_or(Bound::Unbounded, Bound::Excluded);
    UNTOLD.with_borrow(|untold| untold.range((after, Bound::Unbounded)).next().map(|entry| *entry.key())).and_then(get)
}

/// The models canister has heard of `told`; a change since then still has to be told.
pub fn mark_told(told: &Release) {
    let Some(mut release) = get(told.id) else { return };
    if release.state == told.state && release.threshold == told.threshold {
        release.told = true;
        UNTOLD.with_borrow_mut(|untold| untold.remove(&release.id));
        put(release);
    }
}

#[cfg(test)]
#[path = "releases_tests.rs"]
mod tests;
