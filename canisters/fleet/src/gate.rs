//! The health gate. It judges pods, not windows: people differ, and the windows of one pod hang together. Corrections
//! are judged at two points of a wave's soak, half-way and at its end, and once more before the next wave, never at
//! every report: who looks often enough finds a bad moment by chance. A fault that is listed as the checkpoint's own
//! leaves nothing to chance and counts at once, one for each pod.
//!
//! What a pod has reported is kept until its wave is over, shown to nobody, and then forgotten.

use crate::api::{PodEvent, Release, Report};
use crate::memory;
use candid::{Deserialize, Principal};
use ic_stable_structures::StableBTreeMap;
use protocol::blame;
use serde::Serialize;
use serde_json::json;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// How the reason of a release that the gate has stopped begins.
pub const STOPPED: &str = "health gate: ";
/// How much of a pod's reason is repeated when it stops a release.
const REASON_LIMIT: usize = 200;

/// One pod in the wave that runs. `windows`: those of which it is known whether the model was right.
#[derive(Serialize, Deserialize, Clone, Default)]
struct Count {
    windows: u64,
    corrections: u64,
    blamed: bool,
}

/// How far a release's wave was judged, and what was told that counts against nothing.
#[derive(Serialize, Deserialize, Clone, Default)]
struct Judged {
    half_way: bool,
    end: bool,
    troubles: u64,
    last_trouble: String,
}

thread_local! {
    static COUNTS: RefCell<StableBTreeMap<Vec<u8>, Cbor<Count>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::POD_COUNTS)));
    static JUDGED: RefCell<StableBTreeMap<u64, Cbor<Judged>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::JUDGED)));
}

fn key(release: u64, pod: &[u8]) -> Vec<u8> {
    [&release.to_be_bytes()[..], pod].concat()
}

fn judged(release: u64) -> Judged {
    JUDGED.with_borrow(|judged| judged.get(&release)).map(|judged| judged.0).unwrap_or_default()
}

fn keep(release: u64, judged: Judged) {
    JUDGED.with_borrow_mut(|all| all.insert(release, Cbor(judged)));
}

/// How often pods told of trouble that is not the checkpoint's, and the last of it.
pub fn troubles(release: u64) -> (u64, String) {
    let judged = judged(release);
    (judged.troubles, judged.last_trouble)
}

/// Counts a report. The release's own sums are the caller's to put.
pub fn count(release: &mut Release, pod: Principal, report: &Report) {
    let key = key(release.id, pod.as_slice());
    let mut count = COUNTS.with_borrow(|counts| counts.get(&key)).map(|count| count.0).unwrap_or_default();
    release.windows += u64::from(report.windows);
    release.wave_windows += u64::from(report.windows);
    release.corrections += u64::from(report.corrections);
    release.wave_corrections += u64::from(report.corrections);
    count.windows += u64::from(report.judged.unwrap_or(report.windows));
    count.corrections += u64::from(report.corrections);
    let failure = match &report.event {
        PodEvent::Failed(why) | PodEvent::Returned(why) => Some(why),
        PodEvent::Installed | PodEvent::Health => None,
    };
    let blames = failure.is_some_and(|why| blame::of(why).is_some());
    if blames && !count.blamed {
        count.blamed = true;
        release.errors += 1;
    }
    let failed = matches!(report.event, PodEvent::Failed(_));
    let troubles = u64::from(report.errors) + u64::from(failed && !blames);
    if troubles > 0 {
        let mut judged = judged(release.id);
        judged.troubles += troubles;
        if let Some(why) = failure {
            judged.last_trouble = why.chars().take(REASON_LIMIT).collect();
        }
        keep(release.id, judged);
    }
    release.installed += u64::from(report.event == PodEvent::Installed);
    release.returned += u64::from(matches!(report.event, PodEvent::Returned(_)));
    COUNTS.with_borrow_mut(|counts| counts.insert(key, Cbor(count)));
}

/// Why a release must stop now that a report was counted, if it must.
pub fn verdict_on_report(release: &Release, report: &Report) -> Option<String> {
    faults(release, &report.event).or_else(|| at_a_point(release))
}

/// Why a release must stop instead of going on to its next wave, if it must.
pub fn verdict_before_next(release: &Release) -> Option<String> {
    corrections(release, "before the next wave")?
}

fn faults(release: &Release, event: &PodEvent) -> Option<String> {
    let most = release.plan.gate.max_errors;
    if release.errors <= u64::from(most) {
        return None;
    }
    let last = match event {
        PodEvent::Failed(why) | PodEvent::Returned(why) => why.chars().take(REASON_LIMIT).collect(),
        PodEvent::Installed | PodEvent::Health => String::new(),
    };
    Some(format!(
        "{} pods find the checkpoint itself at fault, and the gate bears {most} (last: {last})",
        release.errors
    ))
}

/// A point of the soak is used up by a verdict, or by the next one's time.
fn at_a_point(release: &Release) -> Option<String> {
    let soak = u64::from(release.plan.soak_seconds) * 1_000_000_000;
    let now = system::now();
    let mut judged = judged(release.id);
    let over = now >= release.soak_until;
    let (due, point) = match over {
        true => (!judged.end, "at the end of the soak"),
        false => (!judged.half_way && now >= release.soak_until - soak / 2, "half-way through the soak"),
    };
    if !due {
        return None;
    }
    let verdict = corrections(release, point)?;
    match over {
        true => judged.end = true,
        false => judged.half_way = true,
    }
    keep(release.id, judged);
    verdict
}

/// None when too few pods have enough windows for a verdict; Some(None) when it is good.
fn corrections(release: &Release, point: &str) -> Option<Option<String>> {
    let gate = &release.plan.gate;
    let needed = gate.pods_needed(release.exposed);
    let enough = u64::from(gate.windows_of_each());
    let share =
        |part: u64, whole: u64| u128::from(part) * 1_000 > u128::from(whole) * u128::from(gate.max_correction_permille);
    let (mut pods, mut bad) = (0_u64, 0_u64);
    each(release.id, |_, count| {
        if count.windows >= enough.max(1) {
            pods += 1;
            bad += u64::from(share(count.corrections, count.windows));
        }
    });
    if pods < u64::from(needed) || pods == 0 {
        return None;
    }
    let most = gate.bad_permille();
    audit::append_as(
        system::this_canister(),
        json!({
            "type": "gateJudged", "release": release.id, "wave": release.wave, "point": point, "pods": pods, "bad": bad,
        }),
    );
    let stops = u128::from(bad) * 1_000 > u128::from(pods) * u128::from(most);
    Some(stops.then(|| {
        let corrected = gate.max_correction_permille;
        format!(
            "{bad} of {pods} pods were corrected on more than {corrected} of 1000 windows {point}, and the gate bears \
             {most} of 1000 pods"
        )
    }))
}

fn each(release: u64, mut visit: impl FnMut(&[u8], &Count)) {
    COUNTS.with_borrow(|counts| {
        counts
            .range(key(release, &[])..key(release + 1, &[]))
            .for_each(|entry| visit(&entry.key()[8..], &entry.value()))
    });
}

/// Forgets the windows of the wave before; who found a fault in the checkpoint is remembered.
pub fn wave_begins(release: u64) {
    let mut entries = vec![];
    each(release, |pod, count| entries.push((key(release, pod), count.blamed)));
    COUNTS.with_borrow_mut(|counts| {
        for (key, blamed) in entries {
            match blamed {
                true => _ = counts.insert(key, Cbor(Count { blamed, ..Count::default() })),
                false => _ = counts.remove(&key),
            }
        }
    });
    keep(release, Judged { half_way: false, end: false, ..judged(release) });
}

/// Forgets every pod of a release that has ended.
pub fn ended(release: u64) {
    let mut keys = vec![];
    each(release, |pod, _| keys.push(key(release, pod)));
    COUNTS.with_borrow_mut(|counts| keys.iter().for_each(|key| _ = counts.remove(key)));
}
