use super::stage::*;
use crate::api::{Checkpoint, CheckpointState, ListCheckpoints};
use crate::jobs::JobState;
use crate::{checkpoints, outbox};
use protocol::canonical;
use serde_bytes::ByteBuf;
use serde_json::{json, Value};

fn with(field: &str, value: Value) -> Value {
    let mut manifest = manifest(1);
    manifest[field] = value;
    manifest
}

fn values(checkpoint: &Checkpoint) -> Vec<&str> {
    checkpoint.figures.iter().map(|figure| figure.value.as_str()).collect()
}

fn refused_with(manifest: &Value) -> &'static str {
    refused(|| submit(&submission(manifest), &job(1)))
}

#[test]
fn a_checkpoint_is_taken_once_and_access_is_told() {
    install();
    let request = submission(&manifest(1));
    let checkpoint = submit(&request, &job(1)).unwrap();
    assert_eq!(checkpoint.state, CheckpointState::Submitted);
    assert_eq!(checkpoint.bytes, 1_014);
    assert_eq!(
        outbox::waiting(),
        vec![outbox::Message::CheckpointSubmitted { job: 1, checkpoint: checkpoint.id.clone() }]
    );
    let mut submitted = job(1);
    submitted.state = JobState::Submitted(checkpoint.id.clone());
    assert_eq!(submit(&request, &submitted).unwrap(), checkpoint, "a repeat returns it");
    assert_eq!(outbox::waiting().len(), 1);
    assert_eq!(refused_with(&with("metrics", json!({"accuracy": "0.1"}))), "AlreadyExists", "one checkpoint per job");
}

#[test]
fn a_checkpoint_signed_by_someone_else_is_refused() {
    install();
    let mut request = submission(&manifest(1));
    request.signature = evaluator().sign(&request.manifest);
    assert_eq!(refused(|| submit(&request, &job(1))), "WrongSignature");
    assert_eq!(refused_with(&with("publicKey", json!(evaluator().public_key()))), "WrongSigner");
    assert_eq!(refused_with(&with("provider", json!(evaluator().principal().to_text()))), "WrongSigner");
    let mut others = job(1);
    others.provider = evaluator().principal();
    assert_eq!(refused(|| submit(&submission(&manifest(1)), &others)), "WrongSigner");
}

#[test]
fn a_changed_byte_breaks_the_signature() {
    install();
    let mut request = submission(&manifest(1));
    request.manifest = ByteBuf::from(canonical::bytes(&with("seed", json!(8))).unwrap());
    assert_eq!(refused(|| submit(&request, &job(1))), "WrongSignature");
    let mut spaced = submission(&manifest(1));
    spaced.manifest.push(b' ');
    assert_eq!(refused(|| submit(&spaced, &job(1))), "NotCanonical");
}

#[test]
fn a_wrong_hash_is_refused() {
    install();
    let mut wrong = manifest(1);
    wrong["files"][0]["sha256"] = json!("00".repeat(32));
    assert_eq!(refused_with(&wrong), "WrongHash");
    let mut reordered = manifest(1);
    reordered["files"][0]["chunks"].as_array_mut().unwrap().reverse();
    assert_eq!(refused_with(&reordered), "WrongHash");
}

#[test]
fn a_missing_chunk_is_named() {
    install();
    let mut missing = manifest(1);
    missing["files"][0]["chunks"][1]["sha256"] = json!("ab".repeat(32));
    assert_eq!(refused_with(&missing), "MissingChunks");
    let error = submit(&submission(&missing), &job(1)).unwrap_err();
    assert!(error.why().message.contains(&"ab".repeat(32)));
}

#[test]
fn a_truncated_file_is_refused() {
    install();
    let mut shorter = manifest(1);
    shorter["files"][0]["chunks"].as_array_mut().unwrap().pop();
    assert_eq!(refused_with(&shorter), "Invalid", "the sizes do not add up");
    shorter["files"][0]["bytes"] = json!(14);
    assert_eq!(refused_with(&shorter), "WrongHash");
}

#[test]
fn what_was_not_approved_is_refused() {
    install();
    for (field, value) in [
        ("approvalDigest", json!(some_id(9))),
        ("recipe", json!(some_id(9))),
        ("datasets", json!([some_id(5)])),
        ("parent", json!(some_id(9))),
        ("arguments", json!({"epochs": 4})),
        ("seed", json!(8)),
        ("job", json!(2)),
    ] {
        assert_eq!(refused_with(&with(field, value)), "JobMismatch", "{field}");
    }
}

#[test]
fn a_job_that_is_not_granted_gets_no_checkpoint() {
    install();
    for state in [JobState::Requested, JobState::Completed, JobState::Refunded, JobState::Failed("gone".into())] {
        let mut job = job(1);
        job.state = state;
        assert_eq!(refused(|| submit(&submission(&manifest(1)), &job)), "NotGranted");
    }
}

#[test]
fn a_manifest_of_another_shape_is_refused() {
    install();
    for (field, value) in [
        ("model", json!("")),
        ("extra", json!(1)),
        ("datasets", json!([])),
        ("metrics", json!({"accuracy": "almost"})),
        ("files", json!([])),
        ("recipe", json!("motion-cnn")),
        ("runtime", json!({"format": "onnx", "opset": 11, "input": [100, 6], "labels": ["WALKING"]})),
        ("type", json!("livepod.dataset/v1")),
    ] {
        assert_eq!(refused_with(&with(field, value)), "Invalid", "{field}");
    }
    let mut lacking = manifest(1);
    lacking.as_object_mut().unwrap().remove("parent");
    assert_eq!(refused_with(&lacking), "Invalid");
    let mut climbing = manifest(1);
    climbing["files"][0]["name"] = json!("../model.onnx");
    assert_eq!(refused_with(&climbing), "Invalid");
}

#[test]
fn an_evaluation_counts_once_and_is_final() {
    install();
    let checkpoint = evaluated(1);
    assert_eq!((checkpoint.state, values(&checkpoint)), (CheckpointState::Evaluated, vec!["0.95", "0.93", "0.88"]));
    let report = evaluation(&checkpoint.id, &evaluator());
    assert_eq!(evaluate(&report, &evaluator()).unwrap(), checkpoint, "a repeat returns it");
    let mut other = report.clone();
    other["figures"][0]["value"] = json!("0.99");
    assert_eq!(refused(|| evaluate(&other, &evaluator())), "AlreadyExists");
    assert!(checkpoints::signed(&checkpoint.id).unwrap().evaluation.is_some());
}

#[test]
fn a_provider_cannot_evaluate_its_own_checkpoint() {
    install();
    let checkpoint = submit(&submission(&manifest(1)), &job(1)).unwrap();
    system::set_caller(governor());
    checkpoints::appoint(provider().principal()).unwrap();
    assert_eq!(refused(|| evaluate(&evaluation(&checkpoint.id, &provider()), &provider())), "NotAuthorized");
}

#[test]
fn a_revoked_evaluator_is_heard_no_more() {
    install();
    let checkpoint = submit(&submission(&manifest(1)), &job(1)).unwrap();
    appoint_evaluator();
    let revoke = crate::api::RevokeEvaluator { evaluator: evaluator().principal(), reason: "it guessed".into() };
    assert!(crate::validate_revoke_evaluator(revoke.clone()).unwrap().contains("it guessed"));
    checkpoints::dismiss(&revoke).unwrap();
    assert_eq!(refused(|| evaluate(&evaluation(&checkpoint.id, &evaluator()), &evaluator())), "NotAppointed");
    assert_eq!(refused(|| checkpoints::dismiss(&revoke)), "NotFound");
}

#[test]
fn only_an_appointed_evaluator_is_heard() {
    install();
    let checkpoint = submit(&submission(&manifest(1)), &job(1)).unwrap();
    let report = evaluation(&checkpoint.id, &evaluator());
    assert_eq!(refused(|| evaluate(&report, &evaluator())), "NotAppointed");
    appoint_evaluator();
    assert_eq!(refused(|| evaluate(&report, &provider())), "WrongSigner");
    for (field, value, arm) in [("checkpoint", json!(some_id(9)), "NotFound"), ("windows", json!(0), "Invalid")] {
        let mut wrong = report.clone();
        wrong[field] = value;
        assert_eq!(refused(|| evaluate(&wrong, &evaluator())), arm, "{field}");
    }
    for share in ["1.01", "95", "-0.1"] {
        let mut wrong = report.clone();
        wrong["figures"][2]["value"] = json!(share);
        assert_eq!(refused(|| evaluate(&wrong, &evaluator())), "Invalid", "{share}");
    }
}

#[test]
fn a_report_of_an_older_version_cannot_leave_out_what_was_run() {
    install();
    let checkpoint = submit(&submission(&manifest(1)), &job(1)).unwrap();
    appoint_evaluator();
    let report = evaluation_before(&checkpoint.id, &evaluator());
    assert_eq!(refused(|| evaluate(&report, &evaluator())), "Invalid");
    let mut second = evaluation(&checkpoint.id, &evaluator());
    second["type"] = json!("livepod.evaluation/v2");
    second.as_object_mut().unwrap().retain(|name, _| name != "ran" && name != "vectors");
    assert_eq!(refused(|| evaluate(&second, &evaluator())), "Invalid");
    assert_eq!(checkpoints::get(&checkpoint.id).unwrap().state, CheckpointState::Submitted);
}

#[test]
fn a_rejected_checkpoint_stays_rejected() {
    install();
    let checkpoint = evaluated(1);
    checkpoints::reject(governor(), &checkpoint.id, 12).unwrap();
    assert_eq!(checkpoints::reject(governor(), &checkpoint.id, 12).unwrap().state, CheckpointState::Rejected);
    assert_eq!(refused(|| adopt(&checkpoint.id)), "Invalid");
    let official = adopt(&evaluated(2).id).unwrap();
    assert_eq!(refused(|| checkpoints::reject(governor(), &official.id, 12)), "Invalid");
}

#[test]
fn a_page_follows_the_one_before() {
    install();
    let ids: Vec<String> = (1..=3).map(|n| evaluated(n).id).collect();
    let page = |after: Option<&String>, limit| {
        let page = ListCheckpoints { after: after.cloned(), limit, state: Some(CheckpointState::Evaluated) };
        checkpoints::list(&page).into_iter().map(|checkpoint| checkpoint.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2), ids[..2]);
    assert_eq!(page(Some(&ids[1]), 2), ids[2..]);
}
