//! Releases: opened by the models canister, moved on wave by wave (`waves`), held, let go on and stopped (`holds`).
//!
//! Each function checks first and then changes; an error leaves everything as it was. What changes a release's exposure
//! marks it untold, and `tell` carries it to the models canister.

use crate::api::{Error, ListReleases, OpenRelease, PodEvent, Release, ReleaseState, Report, Supersede};
use crate::{gate, listing, memory};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use serde_json::json;
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

thread_local! {
    static RELEASES: RefCell<StableBTreeMap<u64, Cbor<Release>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::RELEASES)));
    /// Adoption → release.
    static ADOPTIONS: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::ADOPTIONS)));
    /// Releases whose state the models canister has not heard of.
    static UNTOLD: RefCell<StableBTreeMap<u64, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::UNTOLD)));
}

fn from_models() -> Result<(), Error> {
    let (caller, models) = (system::caller(), governed::peers().models);
    if caller == models {
        return Ok(());
    }
    Err(Error::NotAuthorized(why(
        caller,
        format!("only the models canister {models} may do this"),
        "propose the change to the DAO",
    )))
}

pub fn get(id: u64) -> Option<Release> {
    RELEASES.with_borrow(|releases| releases.get(&id)).map(|release| release.0)
}

pub(crate) fn existing(id: u64) -> Result<Release, Error> {
    get(id).ok_or_else(|| {
        Error::NotFound(why(format!("release {id}"), "there is no such release", "look at list_releases"))
    })
}

pub(crate) fn put(release: Release) {
    RELEASES.with_borrow_mut(|releases| releases.insert(release.id, Cbor(release)));
}

/// Every release, one after the other.
pub fn each(visit: impl Fn(&Release)) {
    RELEASES.with_borrow(|releases| releases.values().for_each(|release| visit(&release.0)));
}

/// Releases in the order of their ids.
pub fn list(page: &ListReleases) -> Vec<Release> {
    let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
    RELEASES.with_borrow(|releases| {
        releases
            .range((after, Bound::Unbounded))
            .take(governed::page_size(page.limit))
            .map(|entry| entry.value().0)
            .collect()
    })
}

/// The channel's releases that can still move.
pub fn open_on(channel: &str) -> Vec<Release> {
    RELEASES.with_borrow(|releases| {
        releases
            .iter()
            .map(|entry| entry.value().0)
            .filter(|release| release.channel == channel && release.state.is_open())
            .collect()
    })
}

/// Opens a release for an adopted checkpoint. What was open on the channel is superseded.
pub fn open(request: &OpenRelease) -> Result<u64, Error> {
    from_models()?;
    if let Some(id) = ADOPTIONS.with_borrow(|adoptions| adoptions.get(&request.adoption)) {
        return opened_before(id, request);
    }
    rollout::channel_name(&request.channel).map_err(Error::Invalid)?;
    request.plan.check().map_err(Error::Invalid)?;
    let id = RELEASES.with_borrow(|releases| releases.last_key_value()).map_or(1, |(id, _)| id + 1);
    supersede_open(&request.channel);
    put(Release {
        id,
        channel: request.channel.clone(),
        checkpoint: request.checkpoint.clone(),
        version: request.version,
        previous: request.previous,
        plan: request.plan.clone(),
        wave: 0,
        exposed: 0,
        state: ReleaseState::Planned,
        threshold: 0,
        soak_until: 0,
        windows: 0,
        corrections: 0,
        errors: 0,
        installed: 0,
        returned: 0,
        wave_windows: 0,
        wave_corrections: 0,
        opened_at: system::now(),
        closed_at: None,
        told: true,
        pauses: None,
        seed: None,
        drawn_at: None,
    });
    ADOPTIONS.with_borrow_mut(|adoptions| adoptions.insert(request.adoption, id));
    listing::file(&existing(id)?);
    audit::append(json!({
        "type": "releaseOpened", "release": id, "adoption": request.adoption, "channel": request.channel,
        "checkpoint": request.checkpoint, "version": request.version, "judges": "pods",
    }));
    Ok(id)
}

/// The release that this adoption opened, if it was about the same.
fn opened_before(id: u64, request: &OpenRelease) -> Result<u64, Error> {
    let first = existing(id)?;
    let same = first.channel == request.channel
        && first.checkpoint == request.checkpoint
        && first.version == request.version
        && first.plan == request.plan;
    if same {
        return Ok(id);
    }
    Err(Error::AlreadyExists(why(
        format!("adoption {}", request.adoption),
        format!("it opened release {id} of version {} on {}, and this is something else", first.version, first.channel),
        "give every adoption a number of its own",
    )))
}

/// A rollback took the channel: what was opened for adoptions up to this one ends here.
pub fn supersede(request: &Supersede) -> Result<(), Error> {
    from_models()?;
    let covered = |id: u64| {
        ADOPTIONS.with_borrow(|adoptions| {
            adoptions.iter().any(|entry| entry.value() == id && *entry.key() <= request.adoption)
        })
    };
    for release in open_on(&request.channel) {
        if covered(release.id) {
            end_superseded(release);
        }
    }
    Ok(())
}

fn supersede_open(channel: &str) {
    open_on(channel).into_iter().for_each(end_superseded);
}

pub(crate) fn end_superseded(mut release: Release) {
    gate::ended(release.id);
    release.state = ReleaseState::Superseded;
    release.closed_at = Some(system::now());
    release.told = true;
    UNTOLD.with_borrow_mut(|untold| untold.remove(&release.id));
    audit::append(json!({"type": "releaseSuperseded", "release": release.id, "counters": counters(&release)}));
    put(release);
}

/// What pods have reported of a release so far, all pods together: what its gate was judged on, for the log.
pub(crate) fn counters(release: &Release) -> serde_json::Value {
    let Release { windows, corrections, errors, installed, returned, .. } = release;
    json!({
        "windows": windows,
        "corrections": corrections,
        "errors": errors,
        "installed": installed,
        "returned": returned
    })
}

/// A release that has ended hears of pods, and judges nothing any more.
pub(crate) fn count_afterwards(mut release: Release, report: &Report) {
    release.windows += u64::from(report.windows);
    release.corrections += u64::from(report.corrections);
    release.installed += u64::from(report.event == PodEvent::Installed);
    release.returned += u64::from(matches!(report.event, PodEvent::Returned(_)));
    put(release);
}

pub(crate) fn closed(release: &Release, what: &str) -> Error {
    Error::Closed(why(
        format!("release {}", release.id),
        what,
        "look at get_release; adopt a checkpoint to open another",
    ))
}

pub(crate) fn mark_untold(release: &mut Release) {
    release.told = false;
    UNTOLD.with_borrow_mut(|untold| untold.insert(release.id, ()));
}

/// The next release, after `after`, that the models canister has to hear of.
pub fn next_untold(after: Option<u64>) -> Option<Release> {
    let after = after.map_or(Bound::Unbounded, Bound::Excluded);
    UNTOLD.with_borrow(|untold| untold.range((after, Bound::Unbounded)).next().map(|entry| *entry.key())).and_then(get)
}

/// The models canister has heard of `told`; a change since then still has to be told.
pub fn mark_told(told: &Release) {
    let Some(mut release) = get(told.id) else { return };
    if release.state == told.state && release.threshold == told.threshold {
        release.told = true;
        UNTOLD.with_borrow_mut(|untold| untold.remove(&release.id));
        put(release);
    }
}
