//! Registered datasets and their status: submitted → accepted | rejected, accepted → revoked, and from each →
//! withdrawn.

use crate::errors::{unknown, Error};
use crate::manifest::Manifest;
use crate::{deposits, listing, memory};
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    #[serde(rename = "submitted")]
    Submitted,
    #[serde(rename = "accepted")]
    Accepted,
    #[serde(rename = "rejected")]
    Rejected,
    #[serde(rename = "withdrawn")]
    Withdrawn,
    /// Accepted once, and taken back by a vote: no further job may use it, no further key of it goes out.
    #[serde(rename = "revoked")]
    Revoked,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::Submitted => "submitted",
            Status::Accepted => "accepted",
            Status::Rejected => "rejected",
            Status::Withdrawn => "withdrawn",
            Status::Revoked => "revoked",
        }
    }
}

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    #[serde(rename = "fee")]
    Fee,
    #[serde(rename = "vote")]
    Vote,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct S3 {
    pub bucket: String,
    pub prefix: String,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    #[serde(rename = "bucket")]
    Bucket(Principal),
    #[serde(rename = "s3")]
    S3(S3),
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub account: Principal,
    pub basis_points: u32,
}

/// A dataset as others see it. `bytes` are as stored, `fee` is in e8s, times in nanoseconds.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    pub id: String,
    pub uid: ByteBuf,
    pub contributor: Principal,
    pub title: String,
    pub status: Status,
    pub key_epoch: u32,
    pub storage: Storage,
    pub fee: u128,
    pub access: Access,
    pub provider_classes: Vec<String>,
    pub purposes: Vec<String>,
    pub splits: Vec<Split>,
    pub chunks: u32,
    pub bytes: u64,
    pub registered_at: u64,
}

impl Dataset {
    /// The uid, as tables of uids have it.
    pub fn key(&self) -> [u8; 32] {
        self.uid.as_slice().try_into().expect("a uid has 32 bytes")
    }
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct SignedManifest {
    pub manifest: ByteBuf,
    pub signature: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListDatasets {
    pub after: Option<String>,
    pub limit: u32,
    pub status: Option<Status>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct AcceptDataset {
    pub dataset: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RevokeDataset {
    pub dataset: String,
    pub reason: String,
}

/// Folders of one bucket of an object store: `datasets/<uid>/`.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Folders {
    pub bucket: String,
    pub folders: Vec<String>,
}

/// The most folders asked about at once.
const FOLDERS_LIMIT: usize = 1_000;

thread_local! {
    static S3_PREFIXES: RefCell<StableBTreeMap<String, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::S3_PREFIXES)));
    static DATASETS: RefCell<StableBTreeMap<String, Cbor<Dataset>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::DATASETS)));
    static MANIFESTS: RefCell<StableBTreeMap<String, Cbor<SignedManifest>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::MANIFESTS)));
    static UNDECIDED: RefCell<StableBTreeMap<Vec<u8>, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::UNDECIDED)));
    static UIDS: RefCell<StableBTreeMap<[u8; 32], String, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::UIDS)));
}

/// A dataset as people read it: what it is and where it lies. Amounts in e8s.
pub fn in_json(id: &str) -> Option<serde_json::Value> {
    let dataset = find(id)?;
    let storage = match &dataset.storage {
        Storage::Bucket(bucket) => serde_json::json!({"bucketCanister": bucket.to_text()}),
        Storage::S3(s3) => serde_json::json!({"s3Bucket": s3.bucket, "prefix": s3.prefix}),
    };
    Some(serde_json::json!({
        "dataset": dataset.id,
        "title": dataset.title,
        "status": dataset.status,
        "contributor": dataset.contributor.to_text(),
        "storage": storage,
        "bytes": dataset.bytes,
        "chunks": dataset.chunks,
        "fee": dataset.fee.to_string(),
        "access": dataset.access,
        "purposes": dataset.purposes,
        "providerClasses": dataset.provider_classes,
        "keyEpoch": dataset.key_epoch,
        "registeredAt": pages::time(dataset.registered_at),
    }))
}

pub fn find(id: &str) -> Option<Dataset> {
    DATASETS.with_borrow(|datasets| datasets.get(&id.to_owned())).map(|record| record.0)
}

/// Every dataset. For an upgrade.
pub fn all() -> Vec<Dataset> {
    DATASETS.with_borrow(|datasets| datasets.values().map(|record| record.0).collect())
}

/// The dataset registered under a uid.
pub fn of_uid(uid: &[u8; 32]) -> Option<String> {
    UIDS.with_borrow(|uids| uids.get(uid))
}

pub fn manifest(id: &str) -> Option<SignedManifest> {
    MANIFESTS.with_borrow(|manifests| manifests.get(&id.to_owned())).map(|record| record.0)
}

/// Datasets by id, after one, at most a page.
pub fn list(list: ListDatasets) -> Vec<Dataset> {
    let start = list.after.map_or(Bound::Unbounded, Bound::Excluded);
    DATASETS.with_borrow(|datasets| {
        datasets
            .range((start, Bound::Unbounded))
            .map(|entry| entry.value().0)
            .filter(|dataset| list.status.is_none_or(|status| dataset.status == status))
            .take(governed::page_size(list.limit))
            .collect()
    })
}

/// Takes a dataset in as submitted.
pub fn add(dataset: &Dataset, manifest: &Manifest, signed: SignedManifest) {
    let uid = dataset.key();
    UIDS.with_borrow_mut(|uids| uids.insert(uid, dataset.id.clone()));
    note_undecided(dataset);
    MANIFESTS.with_borrow_mut(|manifests| manifests.insert(dataset.id.clone(), Cbor(signed)));
    DATASETS.with_borrow_mut(|datasets| datasets.insert(dataset.id.clone(), Cbor(dataset.clone())));
    note_prefix(dataset);
    listing::file(dataset, manifest);
    let entry = audit::append_as(
        dataset.contributor,
        json!({"type": "registered", "dataset": dataset.id, "uid": protocol::hex::encode(&uid)}),
    );
    listing::note_entry(&dataset.id, entry);
}

fn prefix_key(dataset: &Dataset) -> Option<String> {
    match &dataset.storage {
        Storage::S3(S3 { bucket, prefix }) => Some(format!("{bucket}\0{prefix}\0{}", dataset.id)),
        Storage::Bucket(_) => None,
    }
}

/// Notes of datasets from before where they lie, which wait for a vote, and what those have stored. Called after an
/// upgrade.
pub fn note_old_ones() {
    for dataset in all() {
        note_prefix(&dataset);
        note_undecided(&dataset);
        if dataset.status == Status::Submitted && !deposits::holds(&dataset.key()) {
            let manifest = manifest(&dataset.id).map_or(0, |signed| signed.manifest.len() as u64);
            let chunks = if matches!(dataset.storage, Storage::Bucket(_)) { dataset.bytes } else { 0 };
            deposits::hold(&dataset.key(), dataset.contributor, chunks + manifest);
        }
    }
}

fn note_undecided(dataset: &Dataset) {
    let key = [&dataset.registered_at.to_be_bytes()[..], dataset.id.as_bytes()].concat();
    UNDECIDED.with_borrow_mut(|undecided| match dataset.status {
        Status::Submitted => undecided.insert(key, ()),
        _ => undecided.remove(&key),
    });
}

/// Ids of datasets that wait for a vote since `latest` or longer, oldest first.
pub fn undecided_until(latest: u64, limit: usize) -> Vec<String> {
    UNDECIDED.with_borrow(|undecided| {
        let keys = undecided.iter().map(|entry| entry.key().clone());
        keys.take_while(|key| key[..8] <= latest.to_be_bytes()[..])
            .take(limit)
            .map(|key| String::from_utf8(key[8..].to_vec()).expect("an id is text"))
            .collect()
    })
}

fn note_prefix(dataset: &Dataset) {
    let Some(key) = prefix_key(dataset) else { return };
    S3_PREFIXES.with_borrow_mut(|prefixes| match dataset.status {
        Status::Withdrawn => prefixes.remove(&key),
        _ => prefixes.insert(key, ()),
    });
}

/// The folders that no registered dataset has anything in: none lies below the folder, and the folder below none.
pub fn unclaimed(ask: Folders) -> Vec<String> {
    S3_PREFIXES.with_borrow(|prefixes| {
        let starts =
            |start: String| prefixes.range(start.clone()..).next().is_some_and(|entry| entry.key().starts_with(&start));
        let claimed = |folder: &str| {
            let below = format!("{}\0{folder}", ask.bucket);
            // A dataset's prefix is any text, so every beginning of the folder's name may be one.
            starts(below)
                || (0..folder.len())
                    .filter(|end| folder.is_char_boundary(*end))
                    .any(|end| starts(format!("{}\0{}\0", ask.bucket, &folder[..end])))
        };
        ask.folders
            .iter()
            .take(FOLDERS_LIMIT)
            .filter(|folder| folder.len() <= 400 && !claimed(folder))
            .cloned()
            .collect()
    })
}

/// A submitted dataset, or why it cannot be decided or withdrawn any more.
pub fn submitted(id: &str) -> Result<Dataset, Error> {
    let dataset = find(id).ok_or_else(|| unknown(id))?;
    if dataset.status == Status::Submitted {
        return Ok(dataset);
    }
    let message = format!("it is {} already", dataset.status.word());
    Err(Error::NotYet(why(id, message, "only a submitted dataset can be decided or withdrawn")))
}

/// What was checked before a dataset was taken in (`intake::register`), and what nobody here could look at.
pub fn checked(dataset: &Dataset) -> String {
    let chunks = match &dataset.storage {
        Storage::Bucket(bucket) => {
            format!("Every chunk is stored in bucket canister {bucket}, sealed, with the hash that the manifest names.")
        }
        Storage::S3(_) => {
            "Its chunks lie outside the network: whether they are there says only who proposes it.".into()
        }
    };
    format!(
        "The contributor's signature, the manifest's form and limits, its sizes and Merkle roots, and the \
         contributor's bond were checked when it was registered. {chunks} Nobody but the contributor has seen the \
         recordings themselves."
    )
}

/// What voters read before they vote.
pub fn in_words(dataset: &Dataset) -> String {
    let access = match dataset.access {
        Access::Fee => "for the fee",
        Access::Vote => "for the fee and by a vote each time",
    };
    format!(
        "Take in dataset {} “{}” of contributor {}: {} chunks, {} bytes; fee {} e8s to {}, access {access}; \
         purposes {}; provider classes {}.{}\nChecked: {}",
        dataset.id,
        dataset.title,
        dataset.contributor,
        dataset.chunks,
        dataset.bytes,
        dataset.fee,
        shares(&dataset.splits),
        dataset.purposes.join(", "),
        dataset.provider_classes.join(", "),
        listing::in_words(&dataset.id),
        checked(dataset),
    )
}

/// Whom the fee goes to: "ab3…-cai (70 %) and 5tz…-cai (30 %)".
fn shares(splits: &[Split]) -> String {
    let share = |split: &Split| {
        let (whole, part) = (split.basis_points / 100, split.basis_points % 100);
        let percent = if part == 0 { format!("{whole}") } else { format!("{whole}.{part:02}") };
        format!("{} ({percent} %)", split.account)
    };
    splits.iter().map(share).collect::<Vec<_>>().join(" and ")
}

/// Moves a submitted dataset on by a vote and records why. An accepted one is stored at the DAO's expense.
pub fn decide(caller: Principal, id: &str, status: Status, proposal: Option<u64>) -> Result<Dataset, Error> {
    let dataset = submitted(id)?;
    if status == Status::Accepted {
        deposits::release(&dataset.key());
    }
    let event = json!({"type": status.word(), "dataset": id, "proposal": proposal});
    Ok(moved(caller, dataset, status, event))
}

/// Takes a dataset back in its owner's name; a repeat returns it.
pub fn withdraw(caller: Principal, id: &str) -> Result<Dataset, Error> {
    let dataset = find(id).ok_or_else(|| unknown(id))?;
    if dataset.status == Status::Withdrawn {
        return Ok(dataset);
    }
    let event = json!({"type": Status::Withdrawn.word(), "dataset": id, "from": dataset.status.word()});
    Ok(moved(caller, dataset, Status::Withdrawn, event))
}

/// Ends a submitted dataset whose time for a vote is over.
pub fn lapse(caller: Principal, id: &str) -> Result<Dataset, Error> {
    let dataset = submitted(id)?;
    Ok(moved(caller, dataset, Status::Withdrawn, json!({"type": "lapsed", "dataset": id})))
}

fn moved(caller: Principal, mut dataset: Dataset, status: Status, event: serde_json::Value) -> Dataset {
    listing::refile(&dataset.id, dataset.status, status);
    dataset.status = status;
    DATASETS.with_borrow_mut(|datasets| datasets.insert(dataset.id.clone(), Cbor(dataset.clone())));
    note_prefix(&dataset);
    note_undecided(&dataset);
    let entry = audit::append_as(caller, event);
    listing::note_entry(&dataset.id, entry);
    dataset
}

/// An accepted dataset that a vote may take back.
pub fn revocable(revoke: &RevokeDataset) -> Result<Dataset, Error> {
    if !(1..=500).contains(&revoke.reason.chars().count()) {
        return Err(Error::Invalid(why("reason", "1 to 500 characters are expected", "say in a sentence why")));
    }
    let dataset = find(&revoke.dataset).ok_or_else(|| unknown(&revoke.dataset))?;
    if dataset.status == Status::Accepted {
        return Ok(dataset);
    }
    let message = format!("it is {}", dataset.status.word());
    Err(Error::NotYet(why(&revoke.dataset, message, "only an accepted dataset can be taken back")))
}

pub fn revoke_in_words(dataset: &Dataset, reason: &str) -> String {
    format!(
        "Take back the acceptance of dataset {} “{}” of contributor {}: no further job may use it, and jobs that do \
         get no further key of it. Reason: {reason}",
        dataset.id, dataset.title, dataset.contributor
    )
}

/// Takes an accepted dataset back. Called by the governor.
pub fn revoke(caller: Principal, revoke: &RevokeDataset) -> Result<Dataset, Error> {
    let dataset = revocable(revoke)?;
    let event = json!({"type": Status::Revoked.word(), "dataset": dataset.id, "reason": revoke.reason});
    Ok(moved(caller, dataset, Status::Revoked, event))
}
