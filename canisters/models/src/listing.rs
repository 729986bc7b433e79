//! Checkpoints by what they are about: trained on a dataset, from a parent, of a model, in a job. Newest first.

use crate::api::{Checkpoint, CheckpointLine, CheckpointsAbout, Figure, FindCheckpoints};
use crate::{checkpoints, memory};
use serde_json::{json, Value};
use std::cell::RefCell;
use stored::Index;

thread_local! {
    static INDEX: RefCell<Index> = RefCell::new(Index::init(memory::of(memory::CHECKPOINT_INDEX)));
}

const EVERY: &[u8] = b"";

impl CheckpointsAbout {
    fn key(&self) -> Vec<u8> {
        match self {
            CheckpointsAbout::Dataset(id) => [b"d", id.as_bytes()].concat(),
            CheckpointsAbout::Parent(id) => [b"p", id.as_bytes()].concat(),
            CheckpointsAbout::Model(name) => [b"m", name.as_bytes()].concat(),
            CheckpointsAbout::Job(job) => [&b"j"[..], &job.to_be_bytes()].concat(),
        }
    }
}

/// Files a checkpoint under everything it is about.
pub fn file(number: u64, checkpoint: &Checkpoint) {
    let datasets = checkpoint.datasets.iter().cloned().map(CheckpointsAbout::Dataset);
    let parent = checkpoint.parent.iter().cloned().map(CheckpointsAbout::Parent);
    let rest = [CheckpointsAbout::Model(checkpoint.model.clone()), CheckpointsAbout::Job(checkpoint.job)];
    INDEX.with_borrow_mut(|index| {
        datasets.chain(parent).chain(rest).for_each(|about| index.add(&about.key(), number));
        index.add(EVERY, number);
    });
}

/// Files what was submitted before there were these lists. Called after an upgrade.
pub fn file_old_ones() {
    if INDEX.with_borrow(|index| index.is_empty()) {
        checkpoints::each(file);
    }
}

pub fn newest(find: &FindCheckpoints) -> Vec<CheckpointLine> {
    let about = find.about.as_ref().map_or(EVERY.to_vec(), CheckpointsAbout::key);
    let numbers = INDEX.with_borrow(|index| index.newest(&about, find.before, governed::page_size(find.limit)));
    numbers.into_iter().filter_map(|number| Some(line(number, checkpoints::of_number(number)?))).collect()
}

fn line(number: u64, checkpoint: Checkpoint) -> CheckpointLine {
    CheckpointLine {
        number,
        id: checkpoint.id,
        model: checkpoint.model,
        version: checkpoint.version,
        parent: checkpoint.parent,
        recipe: checkpoint.recipe,
        job: checkpoint.job,
        provider: checkpoint.provider,
        datasets: checkpoint.datasets.len() as u32,
        state: checkpoint.state,
        task: checkpoint.task,
        figures: checkpoint.figures,
        submitted_at: checkpoint.submitted_at,
        bytes: checkpoint.bytes,
    }
}

/// Checkpoints as people list them: `?dataset=`, `?parent=`, `?model=` or `?job=` keeps those about one.
pub fn rows(request: &pages::Request) -> Vec<(u64, Value)> {
    let job = request.get("job").and_then(|job| job.parse().ok()).map(CheckpointsAbout::Job);
    let about = None
        .or(request.get("dataset").map(|id| CheckpointsAbout::Dataset(id.into())))
        .or(request.get("parent").map(|id| CheckpointsAbout::Parent(id.into())))
        .or(request.get("model").map(|name| CheckpointsAbout::Model(name.into())))
        .or(job);
    let find = FindCheckpoints { about, before: request.before(), limit: pages::ROWS };
    newest(&find)
        .into_iter()
        .map(|line| {
            let row = json!({
                "checkpoint": line.id,
                "model": line.model,
                "version": line.version,
                "state": line.state,
                "job": line.job,
                "provider": line.provider.to_text(),
                "figures": line.figures.iter().map(Figure::in_words).collect::<Vec<_>>().join(", "),
                "submittedAt": pages::time(line.submitted_at),
            });
            (line.number, row)
        })
        .collect()
}
