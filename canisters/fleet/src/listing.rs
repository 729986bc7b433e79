//! Releases by channel and by checkpoint, newest first.

use crate::api::{FindReleases, Release, ReleasesAbout};
use crate::{memory, releases};
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
