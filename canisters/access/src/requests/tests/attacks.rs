//! Who takes a key, a job or a reader's right that is not his.

use super::*;
use crate::leases;

#[test]
fn attack_a_payer_kills_a_job_after_its_grant() {
    let recipe = canister();
    let granted = granted_job(&recipe);
    let fail = |caller| jobs::fail(caller, jobs::FailJob { job: granted.id, reason: "no more".into() });
    drop(grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").unwrap());
    refused_now("NotYet", "job 1", || fail(principal(40)));
    grants::nothing_released(1);
    assert_eq!(fail(principal(40)).unwrap().state.word(), "failed", "before its provider has a key it may");
}

#[test]
fn attack_a_stranger_pays_for_a_job_and_becomes_its_payer() {
    let recipe = canister();
    let job = Job { named_payer: Some(principal(40)), ..job(&recipe) };
    jobs::keep(&job);
    let paid = |payer| PaymentReceived { job: job.id, escrow: 5, payer };
    refused("WrongPrincipal", "job 1", payment_received(principal(TREASURY), paid(Some(principal(41)))));
    refused("WrongPrincipal", "job 1", payment_received(principal(TREASURY), paid(None)));
    // Whom it names gives it up before it has paid; a stranger does not.
    let fail = |caller| jobs::fail(caller, jobs::FailJob { job: job.id, reason: "no more".into() });
    refused_now("NotAuthorized", "job 1", || fail(principal(41)));
    assert_eq!(fail(principal(40)).unwrap().state.word(), "failed");
}

#[test]
fn attack_a_mixed_jobs_keys_are_out_before_the_vote() {
    let recipe = canister();
    let mut job = job(&recipe);
    job.datasets[1].access = Access::Vote;
    jobs::keep(&job);
    let paid = PaymentReceived { job: job.id, escrow: 5, payer: Some(principal(40)) };
    let waiting = alone(payment_received(principal(TREASURY), paid)).unwrap();
    assert_eq!((waiting.state, waiting.grants), (JobState::Requested, vec![]), "until the vote nothing is granted");
    assert!(awaiting_vote(job.id).is_ok());
}

#[test]
fn a_licence_is_consumed_when_its_key_is_asked_for_unless_none_comes_out() {
    let recipe = canister();
    let job = granted_job(&recipe);
    let consumed = || {
        let job = jobs::with_consumed(jobs::get(job.id).unwrap());
        job.datasets.iter().map(|dataset| dataset.consumed_at.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(consumed(), [false, false]);
    drop(grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").unwrap());
    assert_eq!(consumed(), [true, false]);
    grants::nothing_released(1);
    assert_eq!(consumed(), [false, false], "the derivation failed");
    drop(grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").unwrap());
    grants::keep_released(1, ByteBuf::from([1]), ByteBuf::from([2]));
    drop(grants::count_use(principal(PROVIDER), system::now(), 1, b"another").unwrap());
    grants::nothing_released(1);
    assert_eq!(consumed(), [true, false], "a key is out already");
}

#[test]
fn attack_reads_stay_open_after_the_job_failed() {
    let recipe = canister();
    let first = granted_job(&recipe);
    let second = jobs::add(Job { client_ref: "round-2".into(), deadline: first.deadline + 5, ..first.clone() });
    assert!(!leases::waiting());
    jobs::fail(principal(PROVIDER), jobs::FailJob { job: first.id, reason: "no more".into() }).unwrap();
    assert!(leases::waiting(), "the datasets canister is told");
    assert_eq!(jobs::reads_elsewhere(&first, &dataset_id(1)), 0, "the grants are revoked with the first job");
    let mut second = Job { grants: vec![], ..second };
    for dataset in second.datasets.clone() {
        grants::add(&mut second, &dataset, "payment of escrow 6");
    }
    jobs::keep(&second);
    assert_eq!(jobs::reads_elsewhere(&first, &dataset_id(1)), second.deadline, "another job of its goes on");
    assert_eq!(jobs::reads_elsewhere(&first, &dataset_id(9)), 0);
}

#[test]
fn an_approval_of_the_second_version_names_its_payer_and_a_ceiling() {
    let recipe = canister();
    let mut document = approval(&recipe);
    document["type"] = json!("livepod.approval/v2");
    refused("Invalid", "payer", request(principal(PROVIDER), ask(&document)));
    document["payer"] = json!(principal(40).to_text());
    refused("Invalid", "ceiling", request(principal(PROVIDER), ask(&document)));
    document["ceiling"] = json!("500000200");
    let read = approval::read(&ask(&document).approval, system::now()).unwrap();
    assert_eq!(read.payer.as_ref().map(|payer| payer.0), Some(principal(40)));
    assert_eq!(below_ceiling(200, &read), Ok(()));
    assert_eq!(below_ceiling(201, &read).unwrap_err().arm(), "LimitExceeded");
    assert_eq!(below_ceiling(u128::MAX, &read).unwrap_err().arm(), "LimitExceeded");
    document["type"] = json!("livepod.approval/v1");
    refused("Invalid", "payer", request(principal(PROVIDER), ask(&document)));
}
