//! The TUF repository as it is served: every file under its path, and which publication names which files. A
//! publication appears in one step, when all of its roles are signed; readers of the one before find its files for
//! another 15.

use crate::api::{Error, Publication};
use crate::roles::{self, Listing};
use crate::root::Root;
use crate::{certified, channels, checkpoints, memory};
use candid::Deserialize;
use governed::why;
use ic_stable_structures::{StableBTreeMap, StableCell};
use serde::Serialize;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeSet;
use stored::{Cbor, Memory};

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;
/// How long a timestamp holds: a mirror that freezes is noticed after this.
const TIMESTAMP_HOLDS: u64 = DAY;
/// When a timestamp is signed again although nothing changed.
const TIMESTAMP_RENEWED: u64 = 6 * HOUR;
const TARGETS_HOLD: u64 = 30 * DAY;
const TARGETS_RENEWED: u64 = 15 * DAY;
/// Publications whose files are kept.
const KEPT: u64 = 16;

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
struct State {
    root_version: u32,
    /// Grows with each change that pods have to see.
    wanted: u64,
    /// What the visible publication shows of `wanted`.
    shown: u64,
    /// The last version numbers given out; a failed attempt leaves a gap.
    version_given: u64,
    timestamp_given: u64,
    /// The visible publication.
    version: u64,
    version_at: u64,
    timestamp: u64,
    timestamp_at: u64,
    last_error: Option<String>,
}

thread_local! {
    static STATE: RefCell<StableCell<Cbor<State>, Memory>> =
        RefCell::new(StableCell::init(memory::of(memory::PUBLICATION), Cbor(State::default())));
    static FILES: RefCell<StableBTreeMap<String, Vec<u8>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::FILES)));
    /// Publication → the target files it names.
    static HISTORY: RefCell<StableBTreeMap<u64, Cbor<Vec<String>>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::HISTORY)));
}

fn state() -> State {
    STATE.with_borrow(|state| state.get().0.clone())
}

fn change(with: impl FnOnce(&mut State)) {
    let mut state = state();
    with(&mut state);
    STATE.with_borrow_mut(|cell| cell.set(Cbor(state)));
}

fn put(path: String, bytes: Vec<u8>) {
    certified::added(&path, &bytes);
    FILES.with_borrow_mut(|files| files.insert(path, bytes));
}

/// A served file by its path, such as `tuf/timestamp.json`.
pub fn file(path: &str) -> Option<Vec<u8>> {
    FILES.with_borrow(|files| files.get(&path.to_owned()))
}

/// Certifies every file. Called by `init` and after an upgrade.
pub fn certify() {
    let unknown = if certified::is_empty() {
        FILES.with_borrow(|files| files.iter().map(|entry| entry.into_pair()).collect())
    } else {
        Vec::new()
    };
    certified::open(unknown.into_iter());
}

/// Notes that pods have something new to see.
pub fn want() {
    change(|state| state.wanted += 1);
}

pub fn publication() -> Publication {
    let state = state();
    Publication {
        root_version: state.root_version,
        version: state.version,
        timestamp_version: state.timestamp,
        timestamp_expires_at: if state.timestamp == 0 { 0 } else { state.timestamp_at + TIMESTAMP_HOLDS },
        pending: state.wanted > state.shown,
        last_error: state.last_error,
    }
}

pub fn failed(error: Option<String>) {
    if state().last_error != error {
        change(|state| state.last_error = error);
    }
}

/// Stores the first root. The same one again changes nothing.
pub fn install_first_root(bytes: &[u8], key: Option<&[u8; 32]>) -> Result<(), Error> {
    if state().root_version > 0 {
        if file("tuf/1.root.json").as_deref() == Some(bytes) {
            return Ok(());
        }
        return Err(Error::AlreadyExists(why(
            "root 1",
            "the first root is installed",
            "propose the next one with publish_root",
        )));
    }
    let root = Root::read(bytes)?;
    root.is_first()?;
    key.map_or(Ok(()), |key| root.says_only(key))?;
    store_root(&root, bytes);
    Ok(())
}

/// What a vote to publish a root would do: its version.
pub fn checked_root(bytes: &[u8], key: &[u8; 32]) -> Result<Root, Error> {
    let next = Root::read(bytes)?;
    next.says_only(key)?;
    match served_root() {
        Some(before) => next.follows(&before)?,
        None => next.is_first()?,
    }
    Ok(next)
}

pub fn publish_root(bytes: &[u8], key: &[u8; 32]) -> Result<(), Error> {
    let root = checked_root(bytes, key)?;
    store_root(&root, bytes);
    Ok(())
}

/// The last root, which may have expired since it was stored.
pub fn served_root() -> Option<Root> {
    let version = state().root_version;
    file(&format!("tuf/{version}.root.json")).map(|bytes| Root::stored(&bytes))
}

fn store_root(root: &Root, bytes: &[u8]) {
    put(format!("tuf/{}.root.json", root.version), bytes.to_vec());
    change(|state| {
        state.root_version = root.version as u32;
        state.wanted += 1;
    });
    let hash = protocol::content_id(bytes);
    audit::append(json!({"type": "rootPublished", "version": root.version, "root": hash}));
}

/// What has to be signed now.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    Nothing,
    Timestamp,
    Everything,
}

pub fn due() -> Due {
    let (state, now) = (state(), system::now());
    if state.root_version == 0 {
        Due::Nothing
    } else if state.version == 0 || state.wanted > state.shown || now >= state.version_at + TARGETS_RENEWED {
        Due::Everything
    } else if now >= state.timestamp_at + TIMESTAMP_RENEWED {
        Due::Timestamp
    } else {
        Due::Nothing
    }
}

/// A publication on its way: what it shows is fixed when it begins, and nobody sees any of it before [`Draft::commit`].
pub struct Draft {
    version: u64,
    timestamp_version: u64,
    shows: u64,
    at: u64,
    key_id: String,
    files: Vec<(String, Vec<u8>)>,
    targets: Option<Vec<u8>>,
    snapshot: Vec<u8>,
}

impl Draft {
    /// Begins a new version of targets, snapshot and timestamp.
    pub fn of_everything(key: &[u8; 32]) -> Draft {
        change(|state| {
            state.version_given += 1;
            state.timestamp_given += 1;
        });
        let state = state();
        let mut files: Vec<(String, Vec<u8>)> = channels::documents()
            .into_iter()
            .map(|(name, document)| (format!("channels/{name}.json"), document))
            .collect();
        for id in channels::adopted() {
            let digits = id.trim_start_matches("sha256:");
            files.push((
                format!("checkpoints/{digits}.json"),
                checkpoints::target(&id).expect("an adopted checkpoint is kept"),
            ));
        }
        Draft {
            version: state.version_given,
            timestamp_version: state.timestamp_given,
            shows: state.wanted,
            at: system::now(),
            key_id: roles::key_id(key),
            files,
            targets: None,
            snapshot: Vec::new(),
        }
    }

    /// Begins a new timestamp over the visible snapshot.
    pub fn of_timestamp(key: &[u8; 32]) -> Draft {
        change(|state| state.timestamp_given += 1);
        let state = state();
        Draft {
            version: state.version,
            timestamp_version: state.timestamp_given,
            shows: state.shown,
            at: system::now(),
            key_id: roles::key_id(key),
            files: Vec::new(),
            targets: None,
            snapshot: file(&format!("tuf/{}.snapshot.json", state.version)).expect("a timestamp follows a snapshot"),
        }
    }

    pub fn targets(&self) -> serde_json::Value {
        let listed: Vec<(String, Listing)> =
            self.files.iter().map(|(name, bytes)| (name.clone(), Listing::of(bytes))).collect();
        roles::targets(self.version, self.at + TARGETS_HOLD, &listed)
    }

    pub fn set_targets(&mut self, signed: &serde_json::Value, signature: &[u8]) {
        self.targets = Some(roles::envelope(signed, &self.key_id, signature));
    }

    pub fn snapshot(&self) -> serde_json::Value {
        let targets = self.targets.as_deref().expect("targets are signed before the snapshot");
        roles::snapshot(self.version, self.at + TARGETS_HOLD, &Listing::of(targets))
    }

    pub fn set_snapshot(&mut self, signed: &serde_json::Value, signature: &[u8]) {
        self.snapshot = roles::envelope(signed, &self.key_id, signature);
    }

    pub fn timestamp(&self) -> serde_json::Value {
        roles::timestamp(self.timestamp_version, self.at + TIMESTAMP_HOLDS, self.version, &Listing::of(&self.snapshot))
    }

    /// Shows all of it at once.
    pub fn commit(self, signed: &serde_json::Value, signature: &[u8]) {
        put("tuf/timestamp.json".into(), roles::envelope(signed, &self.key_id, signature));
        if let Some(targets) = self.targets {
            put(format!("tuf/{}.targets.json", self.version), targets);
            put(format!("tuf/{}.snapshot.json", self.version), self.snapshot);
            let paths: Vec<String> = self
                .files
                .into_iter()
                .map(|(name, bytes)| {
                    let path = format!("targets/{}", roles::hashed_path(&name, &protocol::sha256(&[&bytes])));
                    put(path.clone(), bytes);
                    path
                })
                .collect();
            HISTORY.with_borrow_mut(|history| history.insert(self.version, Cbor(paths)));
            change(|state| {
                state.version = self.version;
                state.version_at = self.at;
                state.shown = self.shows;
            });
            forget_old();
        }
        change(|state| {
            state.timestamp = self.timestamp_version;
            state.timestamp_at = self.at;
            state.last_error = None;
        });
        let this = system::this_canister();
        audit::append_as(
            this,
            json!({"type": "metadataPublished", "version": self.version, "timestamp": self.timestamp_version}),
        );
    }
}

/// Removes the files that only publications before the last [`KEPT`] name.
fn forget_old() {
    let versions: Vec<u64> = HISTORY.with_borrow(|history| history.keys().collect());
    let old = versions.len().saturating_sub(KEPT as usize);
    let mut gone = Vec::new();
    for version in &versions[..old] {
        let paths = HISTORY.with_borrow_mut(|history| history.remove(version)).expect("it was listed");
        gone.extend(paths.0);
        gone.extend([format!("tuf/{version}.targets.json"), format!("tuf/{version}.snapshot.json")]);
    }
    let named: BTreeSet<String> = HISTORY.with_borrow(|history| history.values().flat_map(|paths| paths.0).collect());
    FILES.with_borrow_mut(|files| {
        gone.iter().filter(|path| !named.contains(*path)).for_each(|path| {
            files.remove(path);
            certified::removed(path);
        })
    });
}
