//! The health gate. It judges pods, not windows: people differ, and the windows of one pod hang together. What pods
//! report is counted here for each of them; how they are judged, the plan says: by a sequential test (`rollout`'s
//! `PodTest`), each pod compared with its own version before, or, in plans of before there was one, at points of a
//! wave's soak (`points`). A fault that is listed as the checkpoint's own leaves nothing to chance and counts at once,
//! one for each pod; one of the device's own counts against nobody.
//!
//! What a pod has reported is kept until its wave is over, or its release where that has a test, shown to nobody, and
//! then forgotten.

use crate::api::{PodEvent, Release, Report};
use crate::{memory, points};
use candid::{Deserialize, Principal};
use ic_stable_structures::StableBTreeMap;
use protocol::blame;
use rollout::{Outcome, PodTest, Sample};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use stored::{Cbor, Memory};

/// How the reason of a release that the gate has stopped begins.
pub const STOPPED: &str = "health gate: ";
/// How much of a pod's reason is repeated when it stops a release.
const REASON_LIMIT: usize = 200;
/// Pods of an ended release that are forgotten in one message.
const FORGOTTEN_AT_ONCE: usize = 1_000;

/// One pod of a release that runs. `windows`: those of which it is known whether the model was right, and that share no
/// sample where the pod tells them apart.
#[derive(Serialize, Deserialize, Clone, Default)]
pub struct Count {
    pub windows: u64,
    pub corrections: u64,
    pub blamed: bool,
    /// When it was heard of first in this release.
    #[serde(default)]
    since: u64,
    /// With its version before.
    #[serde(default)]
    before: Option<Sample>,
    /// What the test has made of it: true when it is worse off.
    #[serde(default)]
    worse: Option<bool>,
    /// All the windows that it has claimed.
    #[serde(default)]
    claimed: u64,
    /// Of those, how many the gate of the wave has taken.
    #[serde(default)]
    taken: u64,
    /// Faults of its device that it has told, as bits of `blame::DEVICE`.
    #[serde(default)]
    device: u32,
}

/// How far a release's wave was judged, and what was told that counts against nothing.
#[derive(Serialize, Deserialize, Clone, Default)]
pub struct Judged {
    pub half_way: bool,
    pub end: bool,
    pub troubles: u64,
    pub last_trouble: String,
    /// Pods that the wave reaches anew.
    #[serde(default)]
    pub new_pods: u32,
    /// Pods that the test of the wave has judged.
    #[serde(default)]
    pub well: u64,
    #[serde(default)]
    pub worse: u64,
    /// The gate could not tell and has asked an operator, who has let the release go on.
    #[serde(default)]
    pub asked: bool,
    #[serde(default)]
    pub answered: bool,
    /// Pods with each fault of their own device.
    #[serde(default)]
    pub devices: BTreeMap<String, u64>,
}

/// What the gate says when the next wave is asked for.
pub enum Next {
    Go,
    Stop(String),
    Wait(String),
    /// It cannot tell, and waiting did not help: an operator decides.
    Ask(String),
}

thread_local! {
    static COUNTS: RefCell<StableBTreeMap<Vec<u8>, Cbor<Count>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::POD_COUNTS)));
    static JUDGED: RefCell<StableBTreeMap<u64, Cbor<Judged>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::JUDGED)));
    /// Releases that have ended, and whose pods are not all forgotten.
    static ENDED: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::ENDED)));
}

fn key(release: u64, pod: &[u8]) -> Vec<u8> {
    [&release.to_be_bytes()[..], pod].concat()
}

pub fn judged(release: u64) -> Judged {
    JUDGED.with_borrow(|judged| judged.get(&release)).map(|judged| judged.0).unwrap_or_default()
}

pub fn keep(release: u64, judged: Judged) {
    JUDGED.with_borrow_mut(|all| all.insert(release, Cbor(judged)));
}

fn counted(release: u64, pod: &Principal) -> Count {
    COUNTS.with_borrow(|counts| counts.get(&key(release, pod.as_slice()))).map(|count| count.0).unwrap_or_default()
}

/// How many windows a pod may still claim of a release: as many as its time allows.
pub fn may_claim(release: u64, pod: &Principal, per_second: u64, at_first: u64) -> u64 {
    let count = counted(release, pod);
    let seconds = if count.since == 0 { 0 } else { system::now().saturating_sub(count.since) / 1_000_000_000 };
    (at_first + seconds * per_second).saturating_sub(count.claimed)
}

/// Counts a report. The release's own sums are the caller's to put.
pub fn count(release: &mut Release, pod: Principal, report: &Report) {
    let mut count = counted(release.id, &pod);
    let mut judged = judged(release.id);
    if count.since == 0 {
        count.since = system::now();
    }
    let windows = u64::from(report.windows);
    count.claimed += windows;
    let taken = windows.min(part_of_one(release, &judged).saturating_sub(count.taken));
    count.taken += taken;
    release.windows += windows;
    release.wave_windows += taken;
    release.corrections += u64::from(report.corrections);
    release.wave_corrections += u64::from(report.corrections);
    match (&release.plan.gate.test, &report.apart) {
        (Some(_), Some(apart)) => {
            count.windows += u64::from(apart.windows);
            count.corrections += u64::from(apart.corrections);
        }
        _ => {
            count.windows += u64::from(report.judged.unwrap_or(report.windows));
            count.corrections += u64::from(report.corrections);
        }
    }
    if let Some(before) = &report.before {
        count.before.get_or_insert(before.sample());
    }
    let why = report.event.why();
    let blames = why.is_some_and(|why| blame::of(why).is_some());
    if blames && !count.blamed {
        count.blamed = true;
        release.errors += 1;
    }
    let device = why.and_then(blame::device_of);
    if let Some((code, bit)) = device.filter(|(_, bit)| count.device & bit == 0) {
        count.device |= bit;
        *judged.devices.entry(code.to_owned()).or_default() += 1;
    }
    let failed = matches!(report.event, PodEvent::Failed(_)) && !blames && device.is_none();
    judged.troubles += u64::from(report.errors) + u64::from(failed);
    if let Some(why) = why.filter(|_| failed || report.errors > 0) {
        judged.last_trouble = why.chars().take(REASON_LIMIT).collect();
    }
    if let Some(test) = &release.plan.gate.test {
        observe(test, release, &mut count, &mut judged, why);
    }
    release.installed += u64::from(report.event == PodEvent::Installed);
    release.returned += u64::from(matches!(report.event, PodEvent::Returned(_)));
    COUNTS.with_borrow_mut(|counts| counts.insert(key(release.id, pod.as_slice()), Cbor(count)));
    keep(release.id, judged);
}

/// The windows of one pod that count as heard of the wave: no pod alone is a wave.
fn part_of_one(release: &Release, judged: &Judged) -> u64 {
    let gate = &release.plan.gate;
    let pods = match &gate.test {
        Some(test) => test.min_new_pods.min(judged.new_pods),
        None => gate.pods_needed(release.exposed),
    };
    u64::from(gate.min_windows.div_ceil(pods.max(1)))
}

/// A pod is one observation, made once: when it has run the version for long enough, or has left it by itself because
/// it was corrected too often.
fn observe(test: &PodTest, release: &Release, count: &mut Count, judged: &mut Judged, why: Option<&str>) {
    let gate = &release.plan.gate;
    let enough = u64::from(gate.windows_of_each());
    if why.is_some_and(blame::is_corrected) {
        match count.worse.replace(true) {
            Some(true) => return,
            Some(false) => judged.well = judged.well.saturating_sub(1),
            None => {}
        }
        judged.worse += 1;
        return;
    }
    let age = system::now().saturating_sub(count.since) / 1_000_000_000;
    if count.worse.is_some() || count.windows < enough || age < u64::from(test.min_pod_seconds) {
        return;
    }
    let now = Sample { windows: count.windows, corrections: count.corrections };
    let before = count.before.filter(|before| before.windows >= enough);
    let worse = test.is_worse(now, before, gate.max_correction_permille);
    count.worse = Some(worse);
    match worse {
        true => judged.worse += 1,
        false => judged.well += 1,
    }
}

/// Why a release must stop now that a report was counted, if it must.
pub fn verdict_on_report(release: &Release, report: &Report) -> Option<String> {
    let faults = faults(release, &report.event);
    match &release.plan.gate.test {
        Some(test) => faults.or_else(|| unhealthy(test, release)),
        None => faults.or_else(|| points::at_a_point(release)),
    }
}

fn unhealthy(test: &PodTest, release: &Release) -> Option<String> {
    let Judged { well, worse, .. } = judged(release.id);
    (test.outcome(release.wave, well, worse) == Outcome::Unhealthy).then(|| {
        format!("{worse} of {} newly switched pods are worse off than with their own version before", well + worse)
    })
}

fn faults(release: &Release, event: &PodEvent) -> Option<String> {
    let most = release.plan.gate.max_errors;
    if release.errors <= u64::from(most) {
        return None;
    }
    let last: String = event.why().unwrap_or_default().chars().take(REASON_LIMIT).collect();
    Some(format!(
        "{} pods find the checkpoint itself at fault, and the gate bears {most} (last: {last})",
        release.errors
    ))
}

/// Whether the wave that has soaked lets the next one begin.
pub fn before_next(release: &Release) -> Next {
    let needed = u64::from(release.plan.gate.min_windows);
    let judged = judged(release.id);
    let missing = (release.wave_windows < needed)
        .then(|| format!("its pods have reported {} windows, and the gate needs {needed}", release.wave_windows));
    let Some(test) = &release.plan.gate.test else {
        return match missing.filter(|_| release.exposed > 0) {
            Some(missing) => Next::Wait(missing),
            None => points::before_next(release).map_or(Next::Go, Next::Stop),
        };
    };
    if let Some(reason) = unhealthy(test, release) {
        return Next::Stop(reason);
    }
    if judged.new_pods == 0 || judged.answered {
        return Next::Go;
    }
    let Judged { well, worse, .. } = judged;
    let (seen, pods) = (well + worse, test.min_new_pods.min(judged.new_pods));
    let unsure = (seen < u64::from(pods) || test.outcome(release.wave, well, worse) != Outcome::Healthy).then(|| {
        format!(
            "{well} of {seen} judged pods are well and {worse} are worse off than before, of {} newly switched: the \
             gate cannot tell",
            judged.new_pods
        )
    });
    let Some(why) = unsure.or(missing) else { return Next::Go };
    let patience = u64::from(release.plan.soak_seconds.max(test.min_pod_seconds)) * 1_000_000_000;
    if system::now() >= release.soak_until + patience {
        return Next::Ask(why);
    }
    Next::Wait(why)
}

/// The gate has asked an operator.
pub fn asks(release: u64) {
    keep(release, Judged { asked: true, ..judged(release) });
}

/// An operator lets a release go on; where the gate had asked, that is the answer.
pub fn let_go_on(release: u64) {
    let judged = judged(release);
    if judged.asked {
        keep(release, Judged { answered: true, ..judged });
    }
}

pub fn each(release: u64, mut visit: impl FnMut(&[u8], &Count)) {
    COUNTS.with_borrow(|counts| {
        counts
            .range(key(release, &[])..key(release + 1, &[]))
            .for_each(|entry| visit(&entry.key()[8..], &entry.value()))
    });
}

/// A wave begins that reaches so many pods anew. Without a test the windows of the wave before are forgotten; who found
/// a fault in the checkpoint is remembered.
pub fn wave_begins(release: &Release, new_pods: u32) {
    if release.plan.gate.test.is_none() {
        let mut entries = vec![];
        each(release.id, |pod, count| entries.push((key(release.id, pod), count.clone())));
        COUNTS.with_borrow_mut(|counts| {
            for (key, count) in entries {
                let Count { blamed, since, claimed, device, .. } = count;
                counts.insert(key, Cbor(Count { blamed, since, claimed, device, ..Count::default() }));
            }
        });
    }
    let Judged { troubles, last_trouble, devices, .. } = judged(release.id);
    keep(release.id, Judged { troubles, last_trouble, devices, new_pods, ..Judged::default() });
}

/// Forgets every pod of a release that has ended: the first of them at once, the others by and by.
pub fn ended(release: u64) {
    ENDED.with_borrow_mut(|ended| ended.insert(release, ()));
    forget_some();
}

/// Forgets some pods of releases that have ended. Called by a timer until there are none.
pub fn forget_some() {
    let Some(release) = ENDED.with_borrow(|ended| ended.first_key_value()).map(|(release, ())| release) else { return };
    let keys: Vec<Vec<u8>> = COUNTS.with_borrow(|counts| {
        let all = counts.range(key(release, &[])..key(release + 1, &[]));
        all.take(FORGOTTEN_AT_ONCE).map(|entry| entry.key().clone()).collect()
    });
    if keys.len() < FORGOTTEN_AT_ONCE {
        ENDED.with_borrow_mut(|ended| ended.remove(&release));
    }
    COUNTS.with_borrow_mut(|counts| keys.iter().for_each(|key| _ = counts.remove(key)));
}
