//! Releases by channel and by checkpoint, newest first, and as people read them.

use crate::api::{FindReleases, Release, ReleaseState, ReleasesAbout};
use crate::{gate, memory, releases};
use serde_json::{json, Value};
use std::cell::RefCell;
use stored::Index;

thread_local! {
    static INDEX: RefCell<Index> = RefCell::new(Index::init(memory::of(memory::RELEASE_INDEX)));
}

const EVERY: &[u8] = b"";

impl ReleasesAbout {
    fn key(&self) -> Vec<u8> {
        match self {
            ReleasesAbout::Channel(name) => [b"c", name.as_bytes()].concat(),
            ReleasesAbout::Checkpoint(id) => [b"k", id.as_bytes()].concat(),
        }
    }
}

pub fn file(release: &Release) {
    let about =
        [ReleasesAbout::Channel(release.channel.clone()), ReleasesAbout::Checkpoint(release.checkpoint.clone())];
    INDEX.with_borrow_mut(|index| {
        about.iter().for_each(|about| index.add(&about.key(), release.id));
        index.add(EVERY, release.id);
    });
}

/// Files what was opened before there were these lists. Called after an upgrade.
pub fn file_old_ones() {
    if INDEX.with_borrow(|index| index.is_empty()) {
        releases::each(file);
    }
}

pub fn newest(find: &FindReleases) -> Vec<Release> {
    let about = find.about.as_ref().map_or(EVERY.to_vec(), ReleasesAbout::key);
    let ids = INDEX.with_borrow(|index| index.newest(&about, find.before, governed::page_size(find.limit)));
    ids.into_iter().filter_map(releases::get).collect()
}

/// Releases as people list them: `?channel=` or `?checkpoint=` keeps those about one.
pub fn rows(request: &pages::Request) -> Vec<(u64, Value)> {
    let channel = request.get("channel").map(|name| ReleasesAbout::Channel(name.into()));
    let checkpoint = request.get("checkpoint").map(|id| ReleasesAbout::Checkpoint(id.into()));
    let find = FindReleases { about: channel.or(checkpoint), before: request.before(), limit: pages::ROWS };
    newest(&find)
        .into_iter()
        .map(|release| {
            let row = json!({
                "release": release.id,
                "channel": release.channel,
                "version": release.version,
                "checkpoint": release.checkpoint,
                "state": release.state.word(),
                "wave": format!("{} of {}", release.wave, release.plan.waves()),
                "pods": release.exposed,
                "openedAt": pages::time(release.opened_at),
                "closedAt": release.closed_at.map(pages::time),
            });
            (release.id, row)
        })
        .collect()
}

/// A release as people read it.
pub fn in_json(id: u64) -> Option<Value> {
    let release = releases::get(id)?;
    let why = if let ReleaseState::Stopped(why) = &release.state { Some(why) } else { None };
    let plan = &release.plan;
    let judged = gate::judged(id);
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
            "test": plan.gate.test,
        },
        "newPods": judged.new_pods,
        "podsWell": judged.well,
        "podsWorse": judged.worse,
        "gateAsks": judged.asked && !judged.answered,
        "deviceFaults": judged.devices,
        "troubles": judged.troubles,
        "lastTrouble": (!judged.last_trouble.is_empty()).then_some(&judged.last_trouble),
        "windows": release.windows,
        "corrections": release.corrections,
        "errors": release.errors,
        "waveWindows": release.wave_windows,
        "waveCorrections": release.wave_corrections, "installed": release.installed, "returned": release.returned,
        "openedAt": pages::time(release.opened_at), "closedAt": release.closed_at.map(pages::time),
    }))
}
