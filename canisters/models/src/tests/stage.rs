//! A provider, an evaluator, a job and signed documents for the tests.

use crate::api::{AdoptCheckpoint, Checkpoint, Error, ExposureState, SetExposure, SubmitCheckpoint, SubmitEvaluation};
use crate::jobs::{Job, JobDataset, JobState};
use crate::{channels, checkpoints, chunks, manifest, memory};
use candid::Principal;
use ed25519_dalek::{Signer, SigningKey};
use governed::{parties, Parties, Peers};
use protocol::{canonical, document, hex, identity};
use rollout::{Gate, Plan};
use serde_bytes::ByteBuf;
use serde_json::{json, Value};

pub fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}
pub fn governor() -> Principal {
    principal(200)
}
pub fn fleet() -> Principal {
    principal(201)
}

pub fn install() {
    let peers = Peers {
        governance: governor(),
        datasets: principal(202),
        access: principal(203),
        models: principal(204),
        fleet: fleet(),
        treasury: principal(205),
        ledger: principal(206),
    };
    parties::open(memory::of(memory::PARTIES), Some(Parties { governor: governor(), peers }));
    audit::open(memory::of(memory::AUDIT_INDEX), memory::of(memory::AUDIT_DATA));
}

pub struct Identity(pub SigningKey);

impl Identity {
    pub fn new(n: u8) -> Self {
        Identity(SigningKey::from_bytes(&[n; 32]))
    }
    pub fn public_key(&self) -> String {
        hex::encode(&identity::der_of(self.0.verifying_key().as_bytes()))
    }
    pub fn principal(&self) -> Principal {
        identity::principal_of(&self.public_key()).unwrap()
    }
    pub fn sign(&self, bytes: &[u8]) -> ByteBuf {
        ByteBuf::from(self.0.sign(&document::signing_bytes(bytes).unwrap()).to_bytes())
    }
}

pub fn provider() -> Identity {
    Identity::new(1)
}
pub fn evaluator() -> Identity {
    Identity::new(2)
}

pub fn some_id(n: u8) -> String {
    format!("sha256:{}", hex::encode(&[n; 32]))
}

pub fn job(id: u64) -> Job {
    let approval =
        canonical::bytes(&json!({"arguments": {"epochs": 3}, "seed": 7, "type": "livepod.approval/v1"})).unwrap();
    Job {
        id,
        provider: provider().principal(),
        recipe: some_id(3),
        approval_digest: some_id(4),
        approval: ByteBuf::from(approval),
        datasets: vec![JobDataset { dataset: some_id(5) }, JobDataset { dataset: some_id(6) }],
        base: None,
        state: JobState::Granted,
    }
}

/// The manifest of a job's checkpoint with one file in two chunks, which are stored.
pub fn manifest(job: u64) -> Value {
    let parts = [format!("model of job {job}").into_bytes(), vec![job as u8; 1_000]];
    for part in &parts {
        chunks::put(job, part).unwrap();
    }
    let chunk = |bytes: &[u8]| json!({"sha256": hex::encode(&protocol::sha256(&[bytes])), "bytes": bytes.len()});
    json!({
        "type": "livepod.checkpoint/v1",
        "model": "motion-cnn",
        "parent": null,
        "recipe": some_id(3),
        "job": job,
        "approvalDigest": some_id(4),
        "datasets": [some_id(5), some_id(6)],
        "arguments": {"epochs": 3},
        "seed": 7,
        "metrics": {"accuracy": "0.967"},
        "files": [{
            "name": "model.onnx",
            "bytes": parts[0].len() + parts[1].len(),
            "sha256": hex::encode(&protocol::sha256(&[&parts[0], &parts[1]])),
            "chunks": [chunk(&parts[0]), chunk(&parts[1])],
        }],
        "runtime": {"format": "onnx", "opset": 17, "input": [100, 6], "labels": ["WALKING"]},
        "provider": provider().principal().to_text(),
        "publicKey": provider().public_key(),
    })
}

pub fn submission(manifest: &Value) -> SubmitCheckpoint {
    let bytes = canonical::bytes(manifest).unwrap();
    SubmitCheckpoint { signature: provider().sign(&bytes), manifest: ByteBuf::from(bytes) }
}

pub fn submit(request: &SubmitCheckpoint, job: &Job) -> Result<Checkpoint, Error> {
    let caller = provider().principal();
    system::set_caller(caller);
    let read = checkpoints::read_submission(&caller, request)?;
    checkpoints::submit(caller, request, read, job)
}

/// A report of what the checkpoint's manifest says.
pub fn evaluation(checkpoint: &str, by: &Identity) -> Value {
    let signed = checkpoints::signed(checkpoint).unwrap();
    let figure = |name: &str, value: &str| json!({"name": name, "value": value, "unit": null, "parent": null});
    json!({
        "type": "livepod.evaluation/v3",
        "checkpoint": checkpoint,
        "evaluator": by.principal().to_text(),
        "publicKey": by.public_key(),
        "people": 5,
        "windows": 700,
        "task": "classification",
        "figures": [figure("accuracy", "0.95"), figure("macroF1", "0.93"), figure("worstPerson", "0.88")],
        "deciding": {"figure": "macroF1", "better": "higher"},
        "worstPerson": "worstPerson",
        "ran": manifest::ran_by(&signed.manifest).unwrap(),
        "vectors": {"seed": "07".repeat(32), "outputs": [["1"]]},
        "at": "1700000000000000000",
    })
}

/// A report as evaluators signed them before they said what they ran.
pub fn evaluation_before(checkpoint: &str, by: &Identity) -> Value {
    json!({
        "type": "livepod.evaluation/v1",
        "checkpoint": checkpoint,
        "evaluator": by.principal().to_text(),
        "publicKey": by.public_key(),
        "people": 5,
        "windows": 700,
        "accuracy": "0.95",
        "macroF1": "0.93",
        "worstPerson": "0.88",
        "parentAccuracy": null,
        "at": "1700000000000000000",
    })
}

pub fn evaluate(report: &Value, by: &Identity) -> Result<Checkpoint, Error> {
    let bytes = canonical::bytes(report).unwrap();
    system::set_caller(by.principal());
    checkpoints::evaluate(&SubmitEvaluation { signature: by.sign(&bytes), report: ByteBuf::from(bytes) })
}

pub fn appoint_evaluator() {
    system::set_caller(governor());
    _ = checkpoints::appoint(evaluator().principal());
}

/// A checkpoint of its own job, submitted and evaluated.
pub fn evaluated(id: u64) -> Checkpoint {
    let checkpoint = submit(&submission(&manifest(id)), &job(id)).unwrap();
    appoint_evaluator();
    evaluate(&evaluation(&checkpoint.id, &evaluator()), &evaluator()).unwrap()
}

pub fn adoption(checkpoint: &str) -> AdoptCheckpoint {
    let plan = Plan {
        waves: vec![1, 3, 6],
        soak_seconds: 8,
        gate: Gate {
            min_windows: 40,
            max_correction_permille: 250,
            max_errors: 0,
            min_pods: None,
            min_pod_windows: None,
            max_bad_permille: None,
            test: None,
        },
        skippable_soak: None,
        shares: None,
    };
    AdoptCheckpoint { checkpoint: checkpoint.into(), channel: "stable".into(), plan }
}

pub fn adopt(checkpoint: &str) -> Result<Checkpoint, Error> {
    system::set_caller(governor());
    channels::adopt(&adoption(checkpoint))
}

pub fn expose(release: u64, threshold: u64, state: ExposureState) -> Result<bool, Error> {
    system::set_caller(fleet());
    channels::set_exposure(&SetExposure { channel: "stable".into(), release, threshold, seed: None, state })
}

/// Evaluates, adopts and completes the checkpoint of job and adoption `n` under release `n`.
pub fn released(n: u64) -> Checkpoint {
    let checkpoint = adopt(&evaluated(n).id).unwrap();
    channels::opened("stable", n, n, &checkpoint.id, checkpoint.version.unwrap());
    expose(n, u64::MAX, ExposureState::Rolling).unwrap();
    expose(n, u64::MAX, ExposureState::Completed).unwrap();
    checkpoint
}

/// The arm of an error, and that nothing was changed or recorded by what made it.
pub fn refused<T: std::fmt::Debug>(act: impl FnOnce() -> Result<T, Error>) -> &'static str {
    let world =
        || (audit::tip().hash, channels::documents(), checkpoints::list(&everything()), crate::outbox::waiting());
    let before = world();
    let arm = act().expect_err("an error").arm();
    assert_eq!(world(), before, "an error leaves everything as it was");
    arm
}

fn everything() -> crate::api::ListCheckpoints {
    crate::api::ListCheckpoints { after: None, limit: 100, state: None }
}
