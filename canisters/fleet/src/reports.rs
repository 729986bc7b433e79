//! What pods report: checked, counted once, and handed to the gate.

use crate::api::{Error, Report};
use crate::{gate, holds, pods, releases, silent};
use governed::why;
use protocol::blame;

/// A pod reports often enough that more than this in one report is a mistake.
const WINDOWS_LIMIT: u32 = 1_000_000;
/// Windows that a pod may claim for each second since it was first heard of in a release: 50 times a person's.
const WINDOWS_PER_SECOND: u64 = 100;
/// Windows that it may claim in its first report: it has run the version since it switched.
const WINDOWS_AT_FIRST: u64 = 1_000;

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
    if pod.channel != release.channel || !release.reaches(&caller, pod.enrolled_at) {
        let message = format!("release {} has not reached this pod", release.id);
        return Err(Error::NotExposed(why(caller, message, "report once the channel names this release for you")));
    }
    // A device whose disk is full cannot keep the numbers of its reports, and what is wrong with it is counted once.
    let only_device = report.windows == 0 && report.errors == 0 && report.event.why().is_some_and(is_of_the_device);
    if !only_device && report.sequence <= pods::last_sequence(&caller) {
        return Ok(false); // counted before
    }
    let most = gate::may_claim(release.id, &caller, WINDOWS_PER_SECOND, WINDOWS_AT_FIRST);
    if u64::from(report.windows) > most {
        let message = format!("it claims {} windows, and its time allows {most} more", report.windows);
        return Err(Error::LimitExceeded(why(caller, message, "report again when they have been answered for")));
    }
    if !only_device {
        pods::set_sequence(caller, report.sequence);
    }
    if !release.state.is_open() {
        releases::count_afterwards(release, report);
        return Ok(false);
    }
    silent::heard(caller);
    gate::count(&mut release, caller, report);
    let verdict = gate::verdict_on_report(&release, report);
    let stops = verdict.is_some();
    match verdict {
        Some(reason) => _ = holds::stopped_by_gate(release, &reason),
        None => releases::put(release),
    }
    Ok(stops)
}

fn is_of_the_device(why: &str) -> bool {
    blame::device_of(why).is_some()
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
    for (subject, counted, most) in
        [("apart", &report.apart, report.judged.unwrap_or(report.windows)), ("before", &report.before, u32::MAX)]
    {
        if counted.as_ref().is_some_and(|counted| counted.corrections > counted.windows || counted.windows > most) {
            return invalid(subject, "it counts more than there are".into());
        }
    }
    match report.event.why() {
        Some(text) if !blame::is_code(text) => {
            invalid("event", "it does not begin with a listed code, and holds more than counts".into())
        }
        _ => Ok(()),
    }
}
