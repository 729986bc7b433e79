//! Datasets as people look for them: newest first, with what their manifests say that a voter or a trainer asks first.

use crate::manifest::Manifest;
use crate::memory;
use crate::registry::{self, Dataset, Status};
use candid::{CandidType, Deserialize, Principal};
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use std::cell::RefCell;
use stored::{Cbor, Index, Memory};

/// What datasets are looked for by.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum DatasetsAbout {
    #[serde(rename = "status")]
    Status(Status),
    #[serde(rename = "contributor")]
    Contributor(Principal),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FindDatasets {
    pub about: Option<DatasetsAbout>,
    pub before: Option<u64>,
    pub limit: u32,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub name: String,
    /// As the manifest's statistics count it.
    pub count: u64,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub name: String,
    pub unit: String,
}

/// What a manifest says of its recordings.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Counts registrations, from 1.
    pub number: u64,
    pub modality: String,
    pub device: String,
    pub channels: Vec<Channel>,
    pub rate_milli_hz: u32,
    pub labels: Vec<Label>,
    pub records: u64,
    pub milliseconds: u64,
    pub files: u32,
    pub term_days: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct DatasetLine {
    pub dataset: Dataset,
    pub facts: Facts,
}

thread_local! {
    static FACTS: RefCell<StableBTreeMap<String, Cbor<Facts>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::FACTS)));
    static NUMBERS: RefCell<StableBTreeMap<u64, String, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::NUMBERS)));
    static INDEX: RefCell<Index> = RefCell::new(Index::init(memory::get(memory::DATASET_INDEX)));
    static ENTRIES: RefCell<StableBTreeMap<String, Cbor<Vec<u64>>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::LOG_ENTRIES)));
}

const EVERY: &[u8] = b"";

impl DatasetsAbout {
    fn key(&self) -> Vec<u8> {
        match self {
            DatasetsAbout::Status(status) => vec![b's', *status as u8],
            DatasetsAbout::Contributor(principal) => [b"c", principal.as_slice()].concat(),
        }
    }
}

fn facts_of(number: u64, manifest: &Manifest) -> Facts {
    let (schema, statistics) = (&manifest.schema, &manifest.statistics);
    let count = |name: &str| statistics.labels.get(name).map_or(0, |count| **count as u64);
    Facts {
        number,
        modality: manifest.modality.to_string(),
        device: schema.device.to_string(),
        channels: schema
            .channels
            .iter()
            .map(|channel| Channel { name: channel.name.to_string(), unit: channel.unit.to_string() })
            .collect(),
        rate_milli_hz: *schema.rate_milli_hz as u32,
        labels: schema.labels.iter().map(|name| Label { name: name.to_string(), count: count(name) }).collect(),
        records: *statistics.records as u64,
        milliseconds: *statistics.milliseconds as u64,
        files: manifest.files.len() as u32,
        term_days: *manifest.licence.term_days as u32,
    }
}

/// Numbers a dataset and files it.
pub fn file(dataset: &Dataset, manifest: &Manifest) {
    let number = NUMBERS.with_borrow(|numbers| numbers.last_key_value().map_or(1, |(last, _)| last + 1));
    NUMBERS.with_borrow_mut(|numbers| numbers.insert(number, dataset.id.clone()));
    FACTS.with_borrow_mut(|facts| facts.insert(dataset.id.clone(), Cbor(facts_of(number, manifest))));
    INDEX.with_borrow_mut(|index| {
        let about = [DatasetsAbout::Status(dataset.status), DatasetsAbout::Contributor(dataset.contributor)];
        about.iter().for_each(|about| index.add(&about.key(), number));
        index.add(EVERY, number);
    });
}

/// Files a dataset under its new status.
pub fn refile(id: &str, before: Status, after: Status) {
    let Some(facts) = facts(id) else { return };
    INDEX.with_borrow_mut(|index| {
        index.remove(&DatasetsAbout::Status(before).key(), facts.number);
        index.add(&DatasetsAbout::Status(after).key(), facts.number);
    });
}

/// Notes which entry of the audit log tells of a dataset. Nothing is noted of those from before this was kept.
pub fn note_entry(id: &str, entry: u64) {
    let mut noted = entries(id);
    noted.push(entry);
    ENTRIES.with_borrow_mut(|entries| entries.insert(id.to_owned(), Cbor(noted)));
}

fn entries(id: &str) -> Vec<u64> {
    ENTRIES.with_borrow(|entries| entries.get(&id.to_owned())).map(|noted| noted.0).unwrap_or_default()
}

/// Files what was registered before there were these lists, in the order of registration. Called after an upgrade.
pub fn file_old_ones() {
    if NUMBERS.with_borrow(|numbers| !numbers.is_empty()) {
        return;
    }
    let mut datasets = registry::all();
    datasets.sort_by(|a, b| (a.registered_at, &a.id).cmp(&(b.registered_at, &b.id)));
    for dataset in datasets {
        let signed = registry::manifest(&dataset.id).expect("a dataset keeps its manifest");
        let manifest = crate::manifest::read(&signed.manifest).expect("it was checked when it was registered");
        file(&dataset, &manifest);
    }
}

fn facts(id: &str) -> Option<Facts> {
    FACTS.with_borrow(|facts| facts.get(&id.to_owned())).map(|facts| facts.0)
}

pub fn describe(id: &str) -> Option<DatasetLine> {
    Some(DatasetLine { dataset: registry::find(id)?, facts: facts(id)? })
}

pub fn newest(find: &FindDatasets) -> Vec<DatasetLine> {
    let about = find.about.as_ref().map_or(EVERY.to_vec(), DatasetsAbout::key);
    let numbers = INDEX.with_borrow(|index| index.newest(&about, find.before, governed::page_size(find.limit)));
    let id = |number| NUMBERS.with_borrow(|numbers| numbers.get(&number));
    numbers.into_iter().filter_map(id).filter_map(|id| describe(&id)).collect()
}

/// What a manifest says of its recordings, for voters.
pub fn in_words(id: &str) -> String {
    let Some(facts) = facts(id) else { return String::new() };
    let channels: Vec<String> = facts.channels.iter().map(|one| format!("{} in {}", one.name, one.unit)).collect();
    format!(
        "\nIts manifest says: {} by {}: {} at {} Hz; {} (h:m:s) in {} recordings and {} files; labels {}.",
        facts.modality,
        facts.device,
        channels.join(", "),
        rate(facts.rate_milli_hz),
        span(facts.milliseconds),
        facts.records,
        facts.files,
        labels(&facts),
    )
}

fn labels(facts: &Facts) -> String {
    let labels: Vec<String> = facts.labels.iter().map(|label| format!("{} {}", label.count, label.name)).collect();
    if labels.is_empty() {
        "none".into()
    } else {
        labels.join(", ")
    }
}

/// A dataset as people read it, with the ways to what was done with it.
pub fn one_page(id: &str) -> Option<pages::One> {
    let mut value = registry::in_json(id)?;
    if let (Some(facts), Some(fields)) = (facts(id), value.as_object_mut()) {
        fields.extend(facts_in_json(&facts));
    }
    if let (Some(dataset), Some(fields)) = (registry::find(id), value.as_object_mut()) {
        let evidence = serde_json::json!({
            "manifest": format!("{id} is its SHA-256; the contributor signed it"),
            "entriesOfTheAuditLog": entries(id),
        });
        fields.insert("validation".into(), registry::checked(&dataset).into());
        fields.insert("evidence".into(), evidence);
    }
    let link = |text: &str, kind: &'static str| pages::Link::about(text, kind, "dataset", id);
    let links = vec![
        pages::Link::about("Votes on it, and what was checked before", "proposals", "about", id),
        link("Jobs that read it", "jobs"),
        link("Grants of its key, and when the key went out", "grants"),
        link("Checkpoints that were trained on it", "checkpoints"),
        link("What was paid for it", "escrows"),
    ];
    Some(pages::One { value, links })
}

fn facts_in_json(facts: &Facts) -> serde_json::Map<String, serde_json::Value> {
    let value = serde_json::json!({
        "number": facts.number,
        "modality": facts.modality,
        "device": facts.device,
        "channels": facts.channels.iter().map(|one| format!("{} in {}", one.name, one.unit)).collect::<Vec<_>>(),
        "rateHz": rate(facts.rate_milli_hz),
        "duration": span(facts.milliseconds),
        "labels": facts.labels,
        "records": facts.records,
        "files": facts.files,
        "termDays": facts.term_days,
    });
    value.as_object().cloned().unwrap_or_default()
}

fn rate(milli_hz: u32) -> String {
    format!("{}.{:03}", milli_hz / 1_000, milli_hz % 1_000)
}

fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Datasets as people list them.
pub fn rows(request: &pages::Request) -> Vec<(u64, serde_json::Value)> {
    let status =
        request.get("status").map(|word| serde_json::from_value::<Status>(word.into()).ok().map(DatasetsAbout::Status));
    let contributor =
        request.get("contributor").map(|text| Principal::from_text(text).ok().map(DatasetsAbout::Contributor));
    let about = match status.or(contributor) {
        Some(None) => return vec![],
        Some(about) => about,
        None => None,
    };
    let find = FindDatasets { about, before: request.before(), limit: pages::ROWS };
    newest(&find)
        .into_iter()
        .map(|DatasetLine { dataset, facts }| {
            let row = serde_json::json!({
                "dataset": dataset.id,
                "title": dataset.title,
                "status": dataset.status,
                "modality": facts.modality,
                "labels": labels(&facts),
                "rateHz": rate(facts.rate_milli_hz),
                "duration": span(facts.milliseconds),
                "contributor": dataset.contributor.to_text(),
            });
            (facts.number, row)
        })
        .collect()
}
