//! What pods report, added up per release and never kept per person; the health gate is judged with each report.

use crate::api::{Error, PodEvent, Release, Report};
use crate::{pods, releases};
use governed::why;

/// A pod reports often enough that more than this in one report is a mistake.
const WINDOWS_LIMIT: u32 = 1_000_000;
/// How much of a pod's reason is repeated when it stops a release.
const REASON_LIMIT: usize = 200;

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
    count(&mut release, report);
    let verdict = releases::gate_verdict(&release).filter(|_| release.state.is_open());
    match verdict {
        Some(reason) => {
            _ = releases::stop(
                release,
                format!("health gate: {}", with_event(reason, &report.event)),
                "gate",
                serde_json::Value::Null,
            )
        }
        None => {
            releases::put(release);
            return Ok(false);
        }
    }
    Ok(true)
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
    Ok(())
}

fn count(release: &mut Release, report: &Report) {
    let failed = matches!(report.event, PodEvent::Failed(_));
    release.windows += u64::from(report.windows);
    release.wave_windows += u64::from(report.windows);
    release.corrections += u64::from(report.corrections);
    release.wave_corrections += u64::from(report.corrections);
    release.errors += u64::from(if failed { report.errors.max(1) } else { report.errors });
    release.installed += u64::from(report.event == PodEvent::Installed);
    release.returned += u64::from(matches!(report.event, PodEvent::Returned(_)));
}

fn with_event(reason: String, event: &PodEvent) -> String {
    match event {
        PodEvent::Failed(what) if !what.is_empty() => {
            format!("{reason} (last: {})", what.chars().take(REASON_LIMIT).collect::<String>())
        }
        _ => reason,
    }
}
