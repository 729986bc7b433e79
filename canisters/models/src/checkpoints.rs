//! Checkpoints from their submission to the vote. Each function checks first and then changes; an error leaves all as
//! it was.

use crate::api::{
    Checkpoint, CheckpointState, Error, ListCheckpoints, SignedEvaluation, SignedManifest, SubmitCheckpoint,
    SubmitEvaluation,
};
use crate::jobs::{self, Job};
use crate::{chunks, evaluation, listing, manifest, memory, outbox};
use candid::{Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::{document, hex};
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::{json, Map, Value};
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone)]
struct Kept {
    order: u64,
    checkpoint: Checkpoint,
}

/// The signed documents of a checkpoint, byte by byte.
#[derive(Serialize, Deserialize, Clone)]
struct Signed {
    manifest: ByteBuf,
    signature: ByteBuf,
    evaluation: Option<(ByteBuf, ByteBuf)>,
}

thread_local! {
    static CHECKPOINTS: RefCell<StableBTreeMap<String, Cbor<Kept>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::CHECKPOINTS)));
    static ORDER: RefCell<StableBTreeMap<u64, String, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::ORDER)));
    static JOB_CHECKPOINTS: RefCell<StableBTreeMap<u64, String, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::JOB_CHECKPOINTS)));
    static SIGNED: RefCell<StableBTreeMap<String, Cbor<Signed>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::SIGNED)));
    static EVALUATORS: RefCell<StableBTreeMap<Principal, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::EVALUATORS)));
    static VERSIONS: RefCell<StableBTreeMap<String, u32, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::VERSIONS)));
}

pub fn get(id: &str) -> Option<Checkpoint> {
    let kept = CHECKPOINTS.with_borrow(|checkpoints| checkpoints.get(&id.to_owned()))?;
    Some(with_figures(kept.0.checkpoint))
}

/// Records of the time before tasks have no figures; the report that the evaluator signed has them.
fn with_figures(mut checkpoint: Checkpoint) -> Checkpoint {
    if checkpoint.figures.is_empty() {
        let report = SIGNED.with_borrow(|signed| signed.get(&checkpoint.id)).and_then(|signed| signed.0.evaluation);
        checkpoint.figures =
            report.and_then(|(report, _)| evaluation::read(&report).ok()).map_or(vec![], |e| e.figures);
    }
    checkpoint
}

/// The checkpoint that was submitted as this one.
pub fn of_number(number: u64) -> Option<Checkpoint> {
    ORDER.with_borrow(|order| order.get(&number)).and_then(|id| get(&id))
}

/// Every checkpoint with its number, one after the other.
pub fn each(visit: impl Fn(u64, &Checkpoint)) {
    CHECKPOINTS.with_borrow(|all| all.values().for_each(|kept| visit(kept.order, &kept.checkpoint)));
}

pub fn existing(id: &str) -> Result<Checkpoint, Error> {
    get(id).ok_or_else(|| Error::NotFound(why(id, "there is no such checkpoint", "look at list_checkpoints")))
}

/// Writes a record's bytes as they lie in stable memory.
#[cfg(test)]
pub fn put_record(id: &str, record: Vec<u8>) {
    let kept = ic_stable_structures::Storable::from_bytes(record.into());
    CHECKPOINTS.with_borrow_mut(|checkpoints| checkpoints.insert(id.to_owned(), kept));
}

fn change(id: &str, with: impl FnOnce(&mut Checkpoint)) -> Checkpoint {
    CHECKPOINTS.with_borrow_mut(|checkpoints| {
        let mut kept = checkpoints.get(&id.to_owned()).expect("callers check that it exists");
        with(&mut kept.checkpoint);
        let changed = kept.checkpoint.clone();
        checkpoints.insert(id.to_owned(), kept);
        with_figures(changed)
    })
}

/// Checkpoints in the order of their submission.
pub fn list(page: &ListCheckpoints) -> Vec<Checkpoint> {
    let after = page
        .after
        .as_ref()
        .and_then(|id| CHECKPOINTS.with_borrow(|checkpoints| checkpoints.get(id)))
        .map(|kept| kept.order);
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    ORDER.with_borrow(|order| {
        order
            .range((start, Bound::Unbounded))
            .filter_map(|entry| get(&entry.value()))
            .filter(|checkpoint| page.state.is_none_or(|state| state == checkpoint.state))
            .take(governed::page_size(page.limit))
            .collect()
    })
}

pub fn signed(id: &str) -> Option<SignedManifest> {
    let signed = SIGNED.with_borrow(|signed| signed.get(&id.to_owned()))?.0;
    Some(SignedManifest {
        manifest: signed.manifest,
        signature: signed.signature,
        evaluation: signed.evaluation.map(|(report, signature)| SignedEvaluation { report, signature }),
    })
}

/// What pods download to check a checkpoint: both documents with their signatures, canonical.
pub fn target(id: &str) -> Option<Vec<u8>> {
    let signed = signed(id)?;
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("a stored document is JSON");
    let evaluation = signed.evaluation.as_ref();
    let document = json!({
        "manifest": read(&signed.manifest),
        "signature": hex::encode(&signed.signature),
        "evaluation": evaluation.map(|e| read(&e.report)),
        "evaluationSignature": evaluation.map(|e| hex::encode(&e.signature)),
    });
    Some(protocol::canonical::bytes(&document).expect("its parts are canonical"))
}

/// What is known before access is asked: the id, the job, and whether the same submission came before.
pub struct Submission {
    pub id: String,
    pub job: u64,
    pub repeated: Option<Checkpoint>,
    manifest: manifest::Manifest,
}

/// Reads a submission and checks who signed it.
pub fn read_submission(caller: &Principal, request: &SubmitCheckpoint) -> Result<Submission, Error> {
    let manifest = manifest::read(&request.manifest)?;
    manifest::signed_by(caller, &manifest.provider, &manifest.public_key, &request.manifest, &request.signature)?;
    let id = document::id(&request.manifest)?;
    let repeated = get(&id);
    Ok(Submission { id, job: manifest.job, repeated, manifest })
}

/// Takes a checkpoint from its job's provider.
pub fn submit(
    caller: Principal,
    request: &SubmitCheckpoint,
    submission: Submission,
    job: &Job,
) -> Result<Checkpoint, Error> {
    let Submission { id, manifest, .. } = submission;
    if let Some(known) = get(&id) {
        return Ok(known);
    }
    jobs::provider_is(job, &caller)?;
    if let Some(other) = JOB_CHECKPOINTS.with_borrow(|jobs| jobs.get(&job.id)) {
        let message = format!("checkpoint {other} was submitted for it");
        return Err(Error::AlreadyExists(why(
            format!("job {}", job.id),
            message,
            "ask access for a new job to train another",
        )));
    }
    jobs::is_granted(job)?;
    manifest::matches_job(&manifest, job)?;
    manifest::matches_chunks(&manifest)?;
    manifest::is_runnable(&manifest)?;
    chunks::submitted(job.id, manifest::chunks(&manifest));
    let task = manifest.task().to_owned();
    let checkpoint = Checkpoint {
        id: id.clone(),
        model: manifest.model,
        version: None,
        parent: manifest.parent,
        recipe: manifest.recipe,
        job: job.id,
        provider: caller,
        datasets: manifest.datasets,
        state: CheckpointState::Submitted,
        task,
        figures: Vec::new(),
        submitted_at: system::now(),
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
    };
    let order = ORDER.with_borrow(|order| order.last_key_value()).map_or(1, |(last, _)| last + 1);
    CHECKPOINTS.with_borrow_mut(|all| all.insert(id.clone(), Cbor(Kept { order, checkpoint: checkpoint.clone() })));
    ORDER.with_borrow_mut(|all| all.insert(order, id.clone()));
    JOB_CHECKPOINTS.with_borrow_mut(|all| all.insert(job.id, id.clone()));
    listing::file(order, &checkpoint);
    let documents =
        Signed { manifest: request.manifest.clone(), signature: request.signature.clone(), evaluation: None };
    SIGNED.with_borrow_mut(|all| all.insert(id.clone(), Cbor(documents)));
    audit::append_as(
        caller,
        json!({"type": "checkpointSubmitted", "checkpoint": id, "job": job.id, "model": checkpoint.model}),
    );
    outbox::push(outbox::Message::CheckpointSubmitted { job: job.id, checkpoint: id });
    Ok(checkpoint)
}

/// Records what an appointed evaluator measured.
pub fn evaluate(request: &SubmitEvaluation) -> Result<Checkpoint, Error> {
    let caller = system::caller();
    let evaluation = evaluation::read(&request.report)?;
    manifest::signed_by(&caller, &evaluation.evaluator, &evaluation.public_key, &request.report, &request.signature)?;
    if !EVALUATORS.with_borrow(|evaluators| evaluators.contains_key(&caller)) {
        return Err(Error::NotAppointed(why(
            caller,
            "the DAO has not appointed it as an evaluator",
            "propose appoint_evaluator",
        )));
    }
    let checkpoint = existing(&evaluation.checkpoint)?;
    if checkpoint.provider == caller {
        let message = "the evaluator is the provider that trained it";
        return Err(Error::NotAuthorized(why(checkpoint.id, message, "let an independent evaluator measure it")));
    }
    let signed = SIGNED.with_borrow(|signed| signed.get(&checkpoint.id)).expect("a checkpoint keeps its documents").0;
    if let Some((report, _)) = &signed.evaluation {
        if *report == request.report {
            return Ok(checkpoint);
        }
        return Err(Error::AlreadyExists(why(checkpoint.id, "it has an evaluation", "evaluations are final")));
    }
    if checkpoint.state != CheckpointState::Submitted {
        return Err(Error::AlreadyExists(why(checkpoint.id, "it is closed", "evaluate another checkpoint")));
    }
    if evaluation.task != checkpoint.task {
        let message = format!("its task is {}, and the report is about {}", checkpoint.task, evaluation.task);
        return Err(Error::Invalid(why(checkpoint.id, message, "measure what the checkpoint's manifest says")));
    }
    let wanted = manifest::ran_by(&signed.manifest)?;
    if evaluation.ran.as_ref() != Some(&wanted) {
        let ran = evaluation.ran.as_deref().unwrap_or("it does not say what");
        let message = format!("its model, task, input and runtime are {wanted}, and the evaluator ran {ran}");
        let remedy = "measure what the checkpoint's manifest says, and report it by livepod.evaluation/v3";
        return Err(Error::Invalid(why(checkpoint.id, message, remedy)));
    }
    let report = protocol::document::id(&request.report)?;
    let documents = Signed { evaluation: Some((request.report.clone(), request.signature.clone())), ..signed };
    SIGNED.with_borrow_mut(|all| all.insert(checkpoint.id.clone(), Cbor(documents)));
    let values: Map<String, Value> =
        evaluation.figures.iter().map(|figure| (figure.name.clone(), figure.value.clone().into())).collect();
    audit::append(json!({
        "type": "checkpointEvaluated", "checkpoint": checkpoint.id, "report": report, "task": evaluation.task,
        "figures": values,
    }));
    Ok(change(&checkpoint.id, |checkpoint| {
        checkpoint.state = CheckpointState::Evaluated;
        checkpoint.figures = evaluation.figures;
    }))
}

/// The checkpoint, if a vote may make it official: it has an evaluation and is not rejected.
pub fn adoptable(id: &str) -> Result<Checkpoint, Error> {
    let checkpoint = existing(id)?;
    match checkpoint.state {
        CheckpointState::Evaluated | CheckpointState::Official => Ok(checkpoint),
        CheckpointState::Submitted => {
            Err(Error::NotEvaluated(why(id, "nobody has evaluated it", "have an appointed evaluator measure it first")))
        }
        CheckpointState::Rejected => Err(Error::Invalid(why(id, "voters rejected it", "train another checkpoint"))),
    }
}

/// The version that the checkpoint has, or gets when it becomes official.
pub fn version_of(checkpoint: &Checkpoint) -> u32 {
    checkpoint
        .version
        .unwrap_or_else(|| VERSIONS.with_borrow(|versions| versions.get(&checkpoint.model)).unwrap_or(0) + 1)
}

pub fn make_official(id: &str) -> Checkpoint {
    change(id, |checkpoint| {
        let version = version_of(checkpoint);
        if checkpoint.version.is_none() {
            VERSIONS.with_borrow_mut(|versions| versions.insert(checkpoint.model.clone(), version));
        }
        checkpoint.version = Some(version);
        checkpoint.state = CheckpointState::Official;
    })
}

/// Checks that a rejected vote may close the checkpoint; Some when it is closed already.
pub fn closable(id: &str) -> Result<Option<Checkpoint>, Error> {
    let checkpoint = existing(id)?;
    match checkpoint.state {
        CheckpointState::Rejected => Ok(Some(checkpoint)),
        CheckpointState::Official => Err(Error::Invalid(why(id, "it is official", "propose rollback_channel instead"))),
        CheckpointState::Submitted | CheckpointState::Evaluated => Ok(None),
    }
}

pub fn reject(caller: Principal, id: &str, proposal: u64) -> Result<Checkpoint, Error> {
    if let Some(closed) = closable(id)? {
        return Ok(closed);
    }
    audit::append_as(caller, json!({"type": "checkpointRejected", "checkpoint": id, "proposal": proposal}));
    Ok(change(id, |checkpoint| checkpoint.state = CheckpointState::Rejected))
}

/// Checks that the principal can be appointed.
pub fn appointable(evaluator: &Principal) -> Result<(), Error> {
    if *evaluator == Principal::anonymous() {
        return Err(Error::Invalid(why(evaluator, "it is the anonymous principal", "appoint an identity")));
    }
    if EVALUATORS.with_borrow(|evaluators| evaluators.contains_key(evaluator)) {
        return Err(Error::AlreadyExists(why(evaluator, "it is an evaluator already", "nothing is left to do")));
    }
    Ok(())
}

pub fn appoint(evaluator: Principal) -> Result<(), Error> {
    appointable(&evaluator)?;
    EVALUATORS.with_borrow_mut(|evaluators| evaluators.insert(evaluator, ()));
    audit::append(json!({"type": "evaluatorAppointed", "evaluator": evaluator.to_text()}));
    Ok(())
}

/// Whether a vote can take an evaluator's appointment back.
pub fn dismissible(revoke: &crate::api::RevokeEvaluator) -> Result<(), Error> {
    if !(1..=500).contains(&revoke.reason.chars().count()) {
        return Err(Error::Invalid(why("reason", "1 to 500 characters are expected", "say in a sentence why")));
    }
    if EVALUATORS.with_borrow(|evaluators| evaluators.contains_key(&revoke.evaluator)) {
        return Ok(());
    }
    Err(Error::NotFound(why(revoke.evaluator, "it is no evaluator", "nothing is left to do")))
}

pub fn dismiss(revoke: &crate::api::RevokeEvaluator) -> Result<(), Error> {
    dismissible(revoke)?;
    EVALUATORS.with_borrow_mut(|evaluators| evaluators.remove(&revoke.evaluator));
    let evaluator = revoke.evaluator.to_text();
    audit::append(json!({"type": "evaluatorRevoked", "evaluator": evaluator, "reason": revoke.reason}));
    Ok(())
}

pub fn evaluators() -> Vec<Principal> {
    EVALUATORS.with_borrow(|evaluators| evaluators.keys().take(governed::PAGE_LIMIT).collect())
}
