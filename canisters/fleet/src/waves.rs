//! Waves of a release: each begins when the one before has lasted long enough and its gate lets it go on.

use crate::api::{Advance, Error, Release, ReleaseState};
use crate::gate::Next;
use crate::holds::{held_by_gate, stopped_by_gate};
use crate::releases::{closed, counters, existing, mark_untold, open_on, put};
use crate::{gate, operators, pods, releases};
use candid::Principal;
use governed::why;
use rollout::Plan;
use serde_json::json;

pub const SECOND: u64 = 1_000_000_000;

/// Whether the order of a release's pods is still to be drawn before its first wave begins.
pub fn is_undrawn(release: u64) -> bool {
    releases::get(release).is_some_and(|release| release.wave == 0 && release.seed.is_none() && release.state.is_open())
}

/// The order of a release's pods is drawn: nobody could know it when they enrolled. The first draw counts.
pub fn drawn(release: u64, seed: Vec<u8>) {
    if !is_undrawn(release) {
        return;
    }
    let Some(mut release) = releases::get(release) else { return };
    release.seed = Some(seed);
    release.drawn_at = Some(system::now());
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
    passed(&release)?;
    if request.wave > waves {
        complete(&mut release);
    } else {
        begin_wave(&mut release);
    }
    mark_untold(&mut release);
    put(release.clone());
    Ok(release)
}

/// Checks that the current wave has lasted long enough.
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
    Ok(())
}

/// Asks the gate. Where it cannot tell, the release is paused for an operator.
fn passed(release: &Release) -> Result<(), Error> {
    if release.wave == 0 {
        return Ok(());
    }
    let subject = format!("release {} wave {}", release.id, release.wave);
    match gate::before_next(release) {
        Next::Go => Ok(()),
        Next::Wait(message) => {
            Err(Error::NotYet(why(subject, message, "wait for the pods' reports and advance again")))
        }
        Next::Stop(reason) => {
            let why = why(format!("release {}", release.id), &reason, "train a better checkpoint and adopt that");
            stopped_by_gate(release.clone(), &reason);
            Err(Error::GateFailed(why))
        }
        Next::Ask(message) => {
            held_by_gate(release.clone(), &message);
            Err(Error::Paused(why(subject, message, "look at its pods, and resume it, or stop it")))
        }
    }
}

fn begin_wave(release: &mut Release) {
    release.wave += 1;
    let positions = pods::positions(release, release.wave >= release.plan.waves());
    release.threshold = wave_threshold(&positions, &release.plan, release.wave, release.threshold);
    let before = std::mem::replace(&mut release.exposed, exposed(&positions, release.threshold));
    release.state = ReleaseState::Rolling;
    release.soak_until = system::now() + u64::from(release.plan.soak_seconds) * SECOND;
    (release.wave_windows, release.wave_corrections) = (0, 0);
    gate::wave_begins(release, release.exposed.saturating_sub(before));
    audit::append(json!({
        "type": "waveBegun", "release": release.id, "wave": release.wave,
        "exposed": release.exposed, "threshold": format!("{:016x}", release.threshold), "counters": counters(release),
        "seed": release.seed.as_deref().map(protocol::hex::encode),
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

/// A pod that enrols while the last wave runs is in it at once; for the waves before, enrolment was closed when the
/// order of pods was drawn.
pub fn pod_enrolled(pod: &Principal, channel: &str) {
    for mut release in open_on(channel) {
        if release.reaches(pod, system::now()) {
            release.exposed += 1;
            put(release);
        }
    }
}
