//! Releases by channel and by checkpoint, newest first.

use crate::api::{FindReleases, Release, ReleasesAbout};
use crate::{memory, releases};
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
