//! Documents of both versions, held to the vectors that TypeScript writes; and records of the version before tasks.

use super::stage::*;
use crate::api::{Checkpoint, CheckpointState, Figure};
use crate::{checkpoints, evaluation, manifest};
use serde::Serialize;
use serde_json::{json, Value};

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/../../protocol/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect("a list of vectors")
}

#[test]
fn evaluations_read_as_in_typescript() {
    for vector in vectors("evaluation") {
        let read = evaluation::read(vector["document"].as_str().unwrap().as_bytes()).ok();
        assert_eq!(read.is_some(), !vector["reads"].is_null(), "{vector}");
        let Some(read) = read else { continue };
        let words: Vec<String> = read.figures.iter().map(Figure::in_words).collect();
        assert_eq!(words.join(", "), vector["inWords"]);
        assert_eq!(read.task, vector["reads"]["task"]);
        assert_eq!(read.ran.as_deref(), vector["reads"]["ran"].as_str());
    }
}

#[test]
fn mutated_documents_are_read_as_in_typescript() {
    vectors::hold_to_mutants("evaluation", |document| evaluation::read(document).map(|_| ()));
    vectors::hold_to_mutants("checkpoint", |document| manifest::read(document).map(|_| ()));
}

#[test]
fn checkpoints_read_as_in_typescript() {
    for vector in vectors("checkpoint") {
        let read = manifest::read(vector["document"].as_str().unwrap().as_bytes()).ok();
        assert_eq!(read.is_some(), !vector["reads"].is_null(), "{vector}");
        if let Some(read) = read {
            assert_eq!(read.task(), vector["reads"]["task"]["kind"]);
            let document = vector["document"].as_str().unwrap().as_bytes();
            assert_eq!(manifest::ran_by(document).unwrap(), vector["ran"]);
        }
    }
}

fn of_heart_rates() -> Value {
    let mut manifest = manifest(1);
    manifest["type"] = json!("livepod.checkpoint/v2");
    manifest["task"] =
        json!({"kind": "regression", "target": {"name": "heart_rate", "unit": "bpm", "tolerance": "15"}});
    manifest["input"] = json!({
        "modality": "activity",
        "rateMilliHz": 1000,
        "window": {"before": 20, "judged": 10, "after": 0, "step": 10},
        "tensors": [{
            "name": "activity", "type": "float32", "shape": [30, 1], "channels": [{"name": "speed", "unit": "m/s"}],
        }],
    });
    manifest["runtime"] = json!({
        "format": "onnx", "opset": 17, "outputs": [{"name": "value", "type": "float32", "shape": [1]}],
    });
    manifest
}

#[test]
fn voters_read_the_figures_of_whatever_the_task_is() {
    install();
    let checkpoint = submit(&submission(&of_heart_rates()), &job(1)).unwrap();
    assert_eq!(checkpoint.task, "regression");
    appoint_evaluator();
    let mut report = evaluation(&checkpoint.id, &evaluator());
    report["task"] = json!("regression");
    report["figures"] = json!([
        {"name": "meanError", "value": "7.2", "unit": "bpm", "parent": null},
        {"name": "worstPerson", "value": "9.1", "unit": "bpm", "parent": null},
    ]);
    report["deciding"] = json!({"figure": "meanError", "better": "lower"});
    let mut other = report.clone();
    other["task"] = json!("classification");
    assert_eq!(refused(|| evaluate(&other, &evaluator())), "Invalid", "the report is about the checkpoint's task");
    evaluate(&report, &evaluator()).unwrap();
    let words = crate::validate_adopt_checkpoint(adoption(&checkpoint.id)).unwrap();
    assert!(words.contains("Hold-out people: mean error 7.2 bpm, worst person 9.1 bpm. Trained by"), "{words}");
}

#[test]
fn an_evaluator_that_ran_something_else_is_refused() {
    install();
    let manifest = manifest(1);
    let checkpoint = submit(&submission(&manifest), &job(1)).unwrap();
    appoint_evaluator();
    let mut permuted = manifest.clone();
    permuted["runtime"]["labels"] = json!(["STILL"]);
    let other = manifest::ran_by(&protocol::canonical::bytes(&permuted).unwrap()).unwrap();
    let report = evaluation(&checkpoint.id, &evaluator());
    let mut of_other = report.clone();
    of_other["ran"] = json!(other);
    assert_eq!(refused(|| evaluate(&of_other, &evaluator())), "Invalid", "other labels were run");
    evaluate(&report, &evaluator()).unwrap();
}

/// What refuses a checkpoint whose model begins with these bytes.
fn refusal_of_model(start: &[u8], opset: u32) -> &'static str {
    let mut manifest = manifest(1);
    crate::chunks::put(1, start).unwrap();
    let hash = protocol::hex::encode(&protocol::sha256(&[start]));
    manifest["files"][0]["chunks"] = json!([{"sha256": hash, "bytes": start.len()}]);
    manifest["files"][0]["bytes"] = json!(start.len());
    manifest["files"][0]["sha256"] = json!(hash);
    manifest["runtime"]["opset"] = json!(opset);
    refused(|| submit(&submission(&manifest), &job(1)))
}

#[test]
fn a_model_of_another_format_or_of_unknown_operators_is_refused() {
    install();
    assert_eq!(refusal_of_model(b"\x12\x82\x01\x20ORTMpolyglot", 17), "Invalid");
    assert_eq!(refusal_of_model(b"\x08\x08\x12\x07livepod", 30), "Invalid");
    let mut nameless = manifest(1);
    nameless["files"][0]["name"] = json!("weights.bin");
    assert_eq!(refused(|| submit(&submission(&nameless), &job(1))), "Invalid");
}

/// A checkpoint as records of the version before tasks hold it.
#[derive(Serialize)]
struct Before {
    order: u64,
    checkpoint: CheckpointBefore,
}

#[derive(Serialize)]
struct CheckpointBefore {
    id: String,
    model: String,
    version: Option<u32>,
    parent: Option<String>,
    recipe: String,
    job: u64,
    provider: candid::Principal,
    datasets: Vec<String>,
    state: CheckpointState,
    accuracy: Option<String>,
    macro_f1: Option<String>,
    worst_person: Option<String>,
    submitted_at: u64,
    bytes: u64,
}

#[test]
fn a_record_of_the_version_before_is_read_with_its_figures() {
    install();
    let today = evaluated(1);
    let Checkpoint { id, model, version, parent, recipe, job, provider, datasets, state, submitted_at, bytes, .. } =
        today.clone();
    let checkpoint = CheckpointBefore {
        id,
        model,
        version,
        parent,
        recipe,
        job,
        provider,
        datasets,
        state,
        accuracy: Some("0.95".into()),
        macro_f1: Some("0.93".into()),
        worst_person: Some("0.88".into()),
        submitted_at,
        bytes,
    };
    let mut record = vec![1];
    ciborium::into_writer(&Before { order: 1, checkpoint }, &mut record).unwrap();
    checkpoints::put_record(&today.id, record);
    assert_eq!(checkpoints::get(&today.id), Some(today.clone()));
    let official = adopt(&today.id).unwrap();
    assert_eq!(official.figures, today.figures);
}
