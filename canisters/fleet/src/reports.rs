//! What pods report: checked, counted once, and handed to the gate.

use crate::api::{Error, Report};
use crate::{gate, pods, releases};
use governed::why;

/// A pod reports often enough that more than this in one report is a mistake.
const WINDOWS_LIMIT: u32 = 1_000_000;

/// Counts a pod's report once; true when it stopped the release.
pub fn report(report: &Report) -> Result<bool, Error> {
    let caller = system::caller();
    let pod = pods::get(&caller)
        .ok_or_else(|| Error::NotAuthorized(why(caller, "it is not an enrolled pod", "enrol the device first")))?;
    check(report)?;
    let mut release = releases::existing(report.release)?;
    if report.version != release.version {
        let message = format!("release {} brings version {}, not {}", release.id, release.version, report.version);
        return Err(Error::Invalid(why("version", message, "report the release that brought the version")));
    }
    if pod.channel != release.channel
        || release.wave == 0
        || protocol::cohort::position(release.id, &caller) > release.threshold
    {
        let message = format!("release {} has not reached this pod", release.id);
        return Err(Error::NotExposed(why(caller, message, "report once the channel names this release for you")));
    }
    if report.sequence <= pods::last_sequence(&caller) {
        return Ok(false); // counted before
    }
    pods::set_sequence(caller, report.sequence);
    if !release.state.is_open() {
        releases::count_afterwards(release, report);
        return Ok(false);
    }
    gate::count(&mut release, caller, report);
    let verdict = gate::verdict_on_report(&release, report);
    let stops = verdict.is_some();
    match verdict {
        Some(reason) => _ = releases::stopped_by_gate(release, &reason),
        None => releases::put(release),
    }
    Ok(stops)
}

fn check(report: &Report) -> Result<(), Error> {
    let invalid = |subject: &str, message: String| {
        Err(Error::Invalid(why(subject, message, "send the counts since the last report")))
    };
    if report.sequence == 0 {
        return invalid("sequence", "the first report is number 1".into());
    }
    if report.windows > WINDOWS_LIMIT || report.errors > WINDOWS_LIMIT {
        return invalid("windows", format!("a report counts at most {WINDOWS_LIMIT}"));
    }
    if report.corrections > report.windows {
        return invalid(
            "corrections",
            format!("{} of {} windows cannot be corrected", report.corrections, report.windows),
        );
    }
    if report.judged.is_some_and(|judged| report.corrections > judged || judged > report.windows) {
        let message = format!("it is not from {} corrections to {} windows", report.corrections, report.windows);
        return invalid("judged", message);
    }
    Ok(())
}
