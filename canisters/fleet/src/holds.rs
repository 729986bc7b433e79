//! What holds a release back, lets it go on, or stops it: an operator, a driver, its gate, or a vote.

use crate::api::{Abort, Error, Hold, Release, ReleaseState, SkipSoak, StopRelease};
use crate::operators::Decision;
use crate::releases::{closed, counters, existing, mark_untold, put};
use crate::{gate, operators};
use governed::why;
use protocol::limits::MAX_RELEASE_REASON_BYTES;
use protocol::operator::Action;
use serde_json::{json, Value};

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
            gate::let_go_on(release.id);
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

/// The gate cannot tell, and asks: an operator resumes, which lets the next wave begin without its verdict, or stops.
/// No token that was made before it asked does either.
pub(crate) fn held_by_gate(mut release: Release, why: &str) {
    gate::asks(release.id);
    release.state = ReleaseState::Paused;
    release.pauses = Some(release.pauses.unwrap_or(0).saturating_add(1));
    let Release { id, wave, .. } = release;
    audit::append(json!({"type": "gateAsks", "release": id, "wave": wave, "why": why, "counters": counters(&release)}));
    put(release);
}

/// The gate's stop.
pub(crate) fn stopped_by_gate(release: Release, reason: &str) -> Release {
    stop(release, format!("{}{reason}", gate::STOPPED), "gate", Value::Null)
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
