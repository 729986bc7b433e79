use super::*;
use crate::grants::{Grant, USES};
use crate::keys::ReleaseKey;
use crate::memory;
use crate::providers::{ProviderClass, RegisterProvider};
use crate::recipes::SubmitRecipe;
use governed::{Parties, Peers};
use protocol::canonical;
use serde_json::Value;
use std::future::Future;
use std::task::{Context, Poll, Waker};

mod attacks;

const DAY: u64 = 86_400 * 1_000_000_000;

fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 10])
}

const GOVERNOR: u8 = 1;
const MODELS: u8 = 4;
const TREASURY: u8 = 6;
const PROVIDER: u8 = 20;

fn dataset_id(n: u8) -> String {
    format!("sha256:{}", protocol::hex::encode(&[n; 32]))
}

fn recipe_document() -> Value {
    json!({
        "type": "livepod.recipe/v1",
        "name": "motion-cnn",
        "version": "1.0.0",
        "bundle": dataset_id(99),
        "hyperparameters": {
            "epochs": {"kind": "integer", "min": 1, "max": 50, "default": 12},
            "learningRate": {"kind": "decimal", "min": "0.0001", "max": "0.1", "default": "0.001"},
        },
        "resources": {"memoryMiB": 2048, "seconds": 3600},
        "outputs": ["model.onnx"],
        "purposes": ["motion-recognition"],
    })
}

fn bytes(document: &Value) -> ByteBuf {
    ByteBuf::from(canonical::bytes(document).unwrap())
}

/// A canister with an approved recipe and an approved provider; returns the recipe's id.
fn canister() -> String {
    let peers = Peers {
        governance: principal(GOVERNOR),
        datasets: principal(2),
        access: principal(3),
        models: principal(MODELS),
        fleet: principal(5),
        treasury: principal(TREASURY),
        ledger: principal(7),
    };
    settings::set(&settings::Init {
        governor: principal(GOVERNOR),
        peers: peers.clone(),
        vetkd_key_name: "test_key_1".into(),
        min_provider_bond: 100,
    });
    governed::parties::open(memory::get(memory::PARTIES), Some(Parties { governor: principal(GOVERNOR), peers }));
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    let recipe = recipes::submit(principal(8), SubmitRecipe { document: bytes(&recipe_document()) }).unwrap();
    recipes::approve(principal(GOVERNOR), &recipe.id).unwrap();
    providers::register(
        principal(PROVIDER),
        RegisterProvider { name: "provider-1".into(), class: ProviderClass::Bonded },
    )
    .unwrap();
    providers::approve(principal(GOVERNOR), &principal(PROVIDER)).unwrap();
    recipe.id
}

fn approval(recipe: &str) -> Value {
    json!({
        "type": "livepod.approval/v1",
        "recipe": recipe,
        "arguments": {"epochs": 12, "learningRate": "0.001"},
        "seed": 1,
        "datasets": [{"id": dataset_id(1), "epoch": 0}, {"id": dataset_id(2), "epoch": 0}],
        "base": null,
        "resources": {"memoryMiB": 1024, "seconds": 600},
        "egress": "none",
        "privacy": null,
        "provider": principal(PROVIDER).to_text(),
        "reward": "500000000",
        "deadline": (system::now() + DAY).to_string(),
    })
}

fn ask(document: &Value) -> RequestAccess {
    RequestAccess { client_ref: "round-1".into(), approval: bytes(document) }
}

fn dataset(n: u8) -> Dataset {
    Dataset {
        id: dataset_id(n),
        uid: ByteBuf::from([n; 32]),
        contributor: principal(30 + n),
        status: DatasetStatus::accepted,
        key_epoch: 0,
        fee: 100,
        access: Access::Fee,
        provider_classes: vec!["bonded".into()],
        purposes: vec!["motion-recognition".into()],
        splits: vec![Split { account: principal(30 + n), basis_points: 10_000 }],
    }
}

/// A job as it stands after the other canisters have answered.
fn job(recipe: &str) -> Job {
    let request = ask(&approval(recipe));
    let (approval, digest) =
        (approval::read(&request.approval, system::now()).unwrap(), approval::digest(&request.approval).unwrap());
    let (provider, recipe) = checked(principal(PROVIDER), &approval).unwrap();
    let datasets: Vec<JobDataset> =
        [1, 2].map(|n| licensed(&dataset_id(n), 0, Some(dataset(n)), &provider, &recipe).unwrap()).to_vec();
    jobs::add(Job {
        id: 0,
        client_ref: request.client_ref,
        provider: principal(PROVIDER),
        recipe: recipe.id,
        approval_digest: digest,
        approval: request.approval,
        fees: total_fees(&datasets).unwrap(),
        datasets,
        base: None,
        reward: *approval.reward,
        deadline: *approval.deadline,
        state: JobState::Requested,
        payer: None,
        escrow: None,
        grants: vec![],
        created_at: system::now(),
        named_payer: None,
    })
}

/// The same job, paid and granted.
fn granted_job(recipe: &str) -> Job {
    let mut job = job(recipe);
    (job.escrow, job.payer) = (Some(5), Some(principal(40)));
    for dataset in job.datasets.clone() {
        grants::add(&mut job, &dataset, "payment of escrow 5");
    }
    job.state = JobState::Granted;
    jobs::keep(&job);
    job
}

fn alone<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it asks another canister"),
    }
}

fn state() -> (Vec<Job>, Vec<Grant>, Vec<Recipe>, Option<Provider>, u64) {
    let jobs = jobs::list(jobs::ListJobs { after: None, limit: 100 });
    let grants = jobs.iter().flat_map(grants::of_job).collect();
    let recipes = recipes::list(recipes::ListRecipes { after: None, limit: 100 });
    (jobs, grants, recipes, providers::find(&principal(PROVIDER)), audit::tip().length)
}

fn refused_now<T: std::fmt::Debug>(arm: &str, subject: &str, call: impl FnOnce() -> Result<T, Error>) {
    let before = state();
    let error = call().expect_err(arm);
    assert_eq!((error.arm(), error.why().subject.as_str()), (arm, subject), "{error}");
    assert!(!error.why().remedy.is_empty());
    assert_eq!(state(), before, "nothing changes");
}

fn refused<T: std::fmt::Debug>(arm: &str, subject: &str, call: impl Future<Output = Result<T, Error>>) {
    refused_now(arm, subject, || alone(call));
}

fn refused_with(arm: &str, subject: &str, recipe: &str, pointer: &str, value: Value) {
    let mut document = approval(recipe);
    *document.pointer_mut(pointer).unwrap() = value;
    refused(arm, subject, request(principal(PROVIDER), ask(&document)));
}

#[test]
fn a_repeated_request_returns_the_first_job_even_after_its_deadline() {
    let recipe = canister();
    let first_ask = ask(&approval(&recipe));
    let first = job(&recipe);
    assert_eq!(alone(request(principal(PROVIDER), first_ask.clone())).unwrap(), first);
    system::set_now(system::now() + 2 * DAY);
    assert_eq!(alone(request(principal(PROVIDER), first_ask)).unwrap(), first);
    refused("AlreadyExists", "client_ref", request(principal(PROVIDER), ask(&approval(&recipe))));
}

#[test]
fn refuses_an_unknown_recipe_and_one_that_was_not_approved() {
    let recipe = canister();
    refused_with("UnknownRecipe", &dataset_id(77), &recipe, "/recipe", json!(dataset_id(77)));
    let mut other = recipe_document();
    other["version"] = json!("2.0.0");
    let waiting = recipes::submit(principal(8), SubmitRecipe { document: bytes(&other) }).unwrap();
    refused_with("NotApproved", &waiting.id.clone(), &recipe, "/recipe", json!(waiting.id));
}

#[test]
fn refuses_hyperparameters_out_of_range() {
    let recipe = canister();
    for (arguments, subject) in [
        (json!({"epochs": 51, "learningRate": "0.001"}), "arguments.epochs"),
        (json!({"epochs": 0, "learningRate": "0.001"}), "arguments.epochs"),
        (json!({"epochs": "12", "learningRate": "0.001"}), "arguments.epochs"),
        (json!({"epochs": 12, "learningRate": "0.11"}), "arguments.learningRate"),
        (json!({"epochs": 12, "learningRate": "0.00009"}), "arguments.learningRate"),
        (json!({"epochs": 12, "learningRate": 1}), "arguments.learningRate"),
        (json!({"epochs": 12}), "arguments.learningRate"),
        (json!({"epochs": 12, "learningRate": "0.001", "momentum": 1}), "arguments.momentum"),
    ] {
        refused_with("OutOfRange", subject, &recipe, "/arguments", arguments);
    }
    refused_with("OutOfRange", "resources.memoryMiB", &recipe, "/resources/memoryMiB", json!(4096));
    refused_with("OutOfRange", "resources.seconds", &recipe, "/resources/seconds", json!(3601));
}

#[test]
fn refuses_an_approval_that_names_somebody_else_or_an_unapproved_provider() {
    let recipe = canister();
    refused("WrongPrincipal", "provider", request(principal(21), ask(&approval(&recipe))));
    let mut document = approval(&recipe);
    document["provider"] = json!(principal(21).to_text());
    let subject = principal(21).to_text();
    refused("NotApproved", &subject, request(principal(21), ask(&document)));
    providers::register(principal(21), RegisterProvider { name: "provider-2".into(), class: ProviderClass::Open })
        .unwrap();
    refused("NotApproved", &subject, request(principal(21), ask(&document)));
}

#[test]
fn refuses_malformed_approvals_and_names_the_field() {
    let recipe = canister();
    refused_with("Invalid", "egress", &recipe, "/egress", json!("all"));
    refused_with("Invalid", "privacy", &recipe, "/privacy", json!("dp"));
    refused_with("Invalid", "reward", &recipe, "/reward", json!(5));
    refused_with("Invalid", "datasets", &recipe, "/datasets", json!([]));
    refused_with("Invalid", "datasets[1]", &recipe, "/datasets/1/id", json!(dataset_id(1)));
    refused_with("Invalid", "datasets[0].id", &recipe, "/datasets/0/id", json!("sha256:1"));
    refused_with("DeadlinePassed", "deadline", &recipe, "/deadline", json!(system::now().to_string()));
    refused_with("LimitExceeded", "deadline", &recipe, "/deadline", json!((system::now() + 31 * DAY).to_string()));
    let mut spaced = ask(&approval(&recipe));
    spaced.approval.push(b'\n');
    refused("NotCanonical", "document", request(principal(PROVIDER), spaced));
    refused(
        "Invalid",
        "client_ref",
        request(principal(PROVIDER), RequestAccess { client_ref: "".into(), ..ask(&approval(&recipe)) }),
    );
}

#[test]
fn refuses_datasets_whose_licence_forbids_it() {
    let recipe = canister();
    let (recipe, _) = recipes::approved(&recipe).unwrap();
    let provider = providers::approved(&principal(PROVIDER)).unwrap();
    let arm =
        |found: Option<Dataset>, epoch| licensed(&dataset_id(1), epoch, found, &provider, &recipe).unwrap_err().arm();
    assert_eq!(arm(None, 0), "UnknownDataset");
    assert_eq!(arm(Some(dataset(1)), 1), "StaleEpoch");
    assert_eq!(arm(Some(Dataset { status: DatasetStatus::submitted, ..dataset(1) }), 0), "NotApproved");
    assert_eq!(arm(Some(Dataset { provider_classes: vec!["enclave".into()], ..dataset(1) }), 0), "LicenceForbids");
    assert_eq!(arm(Some(Dataset { purposes: vec!["sleep".into()], ..dataset(1) }), 0), "LicenceForbids");
    assert_eq!(enough(principal(PROVIDER), 99, 100).unwrap_err().arm(), "BondMissing");
    let dear =
        JobDataset { fee: u128::MAX, ..licensed(&dataset_id(1), 0, Some(dataset(1)), &provider, &recipe).unwrap() };
    assert_eq!(total_fees(&[dear.clone(), dear]).unwrap_err().arm(), "LimitExceeded");
}

#[test]
fn refuses_unsound_recipes() {
    canister();
    let refuse = |pointer: &str, value: Value, arm: &str, subject: &str| {
        let mut document = recipe_document();
        *document.pointer_mut(pointer).unwrap() = value;
        refused_now(arm, subject, || recipes::submit(principal(8), SubmitRecipe { document: bytes(&document) }));
    };
    refuse("/hyperparameters/epochs/default", json!(51), "Invalid", "hyperparameters.epochs");
    refuse("/hyperparameters/learningRate/min", json!("1"), "Invalid", "hyperparameters.learningRate");
    refuse("/bundle", json!("motion"), "Invalid", "bundle");
    refuse("/resources/seconds", json!(0), "Invalid", "resources.seconds");
    refuse("/name", json!("x".repeat(61)), "Invalid", "name");
    refused_now("LimitExceeded", "recipe", || {
        recipes::submit(principal(8), SubmitRecipe { document: ByteBuf::from(vec![b' '; 65_537]) })
    });
}

#[test]
fn a_key_goes_to_the_grants_provider_only() {
    let recipe = canister();
    let job = granted_job(&recipe);
    let release = |grant| ReleaseKey { grant, transport_public_key: ByteBuf::from([0; 48]) };
    refused("WrongPrincipal", "grant 1", crate::keys::release(principal(21), release(1)));
    refused("WrongPrincipal", "grant 1", crate::keys::release(job.payer.unwrap(), release(1)));
    refused("NotFound", "grant 9", crate::keys::release(principal(PROVIDER), release(9)));
    let short = ReleaseKey { grant: 1, transport_public_key: ByteBuf::from([0; 47]) };
    refused("Invalid", "transport_public_key", crate::keys::release(principal(PROVIDER), short));
}

#[test]
fn a_use_is_counted_before_the_key_is_derived_and_the_uses_end() {
    let recipe = canister();
    granted_job(&recipe);
    let release = |grant| ReleaseKey { grant, transport_public_key: ByteBuf::from([0; 48]) };
    for left in (0..USES).rev() {
        let lock = grants::lock(1).unwrap();
        let grant = grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").unwrap();
        assert_eq!((grant.uses_left, grants::find(1).unwrap().uses_left), (left, left));
        if left > 0 {
            refused("Busy", "grant 1", crate::keys::release(principal(PROVIDER), release(1)));
        }
        drop(lock);
    }
    refused_now("GrantSpent", "grant 1", || {
        grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").map(drop)
    });
    refused("GrantSpent", "grant 1", crate::keys::release(principal(PROVIDER), release(1)));
    assert_eq!(grants::find(2).unwrap().uses_left, USES, "another dataset's grant keeps its own");
    let log = audit::page(audit::AuditPage { start: 0, length: 100 });
    let events: Vec<Value> = log.iter().map(|entry| serde_json::from_str(&entry.event).unwrap()).collect();
    let requested: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "keyRequested")
        .map(|event| (&event["usesLeft"], &event["transportKey"]))
        .collect();
    let key = Value::from(protocol::content_id(b"transport key"));
    assert_eq!(
        requested,
        [(&2.into(), &key), (&1.into(), &key), (&0.into(), &key)],
        "the log tells which key each use was encrypted to"
    );
}

#[test]
fn refuses_an_expired_grant() {
    let recipe = canister();
    let job = granted_job(&recipe);
    system::set_now(job.deadline);
    let release = ReleaseKey { grant: 1, transport_public_key: ByteBuf::from([0; 48]) };
    refused("GrantExpired", "grant 1", crate::keys::release(principal(PROVIDER), release));
}

#[test]
fn a_job_that_was_given_up_releases_no_key() {
    let recipe = canister();
    let job = granted_job(&recipe);
    let fail = |caller, reason: &str| jobs::fail(caller, jobs::FailJob { job: job.id, reason: reason.into() });
    refused_now("NotAuthorized", "job 1", || fail(principal(21), "no"));
    refused_now("Invalid", "reason", || fail(principal(PROVIDER), ""));
    let failed = fail(principal(PROVIDER), "the disk is full").unwrap();
    assert_eq!(failed.state, JobState::Failed("the disk is full".into()));
    assert_eq!(fail(job.payer.unwrap(), "again").unwrap(), failed, "a repeat returns the first outcome");
    refused_now("GrantRevoked", "grant 1", || {
        grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").map(drop)
    });
}

#[test]
fn a_stranger_ends_a_job_only_after_its_deadline() {
    let recipe = canister();
    let job = granted_job(&recipe);
    let fail = || jobs::fail(principal(21), jobs::FailJob { job: job.id, reason: "nobody finished it".into() });
    let open = || jobs::list_open(jobs::ListJobs { after: None, limit: 100 }).len();
    system::set_now(job.deadline - 1);
    refused_now("NotAuthorized", "job 1", fail);
    assert_eq!(open(), 1);
    system::set_now(job.deadline);
    assert_eq!(fail().unwrap().state.word(), "failed");
    refused_now("GrantRevoked", "grant 1", || {
        grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").map(drop)
    });
    assert_eq!(open(), 0);
}

#[test]
fn a_job_is_found_by_its_providers_reference_only() {
    let recipe = canister();
    let job = job(&recipe);
    assert_eq!(jobs::of_client_ref(&principal(PROVIDER), &job.client_ref).unwrap().id, job.id);
    assert_eq!(jobs::of_client_ref(&principal(21), &job.client_ref), None);
}

#[test]
fn only_the_treasury_pays_and_closes_and_only_models_brings_the_checkpoint() {
    let recipe = canister();
    let job = granted_job(&recipe);
    let paid = PaymentReceived { job: job.id, escrow: 5, payer: None };
    refused("NotAuthorized", "job 1", payment_received(principal(PROVIDER), paid.clone()));
    assert_eq!(alone(payment_received(principal(TREASURY), paid)).unwrap(), job, "a repeat changes nothing");
    refused(
        "AlreadyExists",
        "job 1",
        payment_received(principal(TREASURY), PaymentReceived { job: 1, escrow: 6, payer: None }),
    );
    refused(
        "NotFound",
        "job 7",
        payment_received(principal(TREASURY), PaymentReceived { job: 7, escrow: 6, payer: None }),
    );

    let submit = |caller, checkpoint: &str| {
        jobs::checkpoint_submitted(caller, jobs::CheckpointSubmitted { job: 1, checkpoint: checkpoint.into() })
    };
    let close = |caller, outcome: &str| jobs::close(caller, jobs::JobClosed { job: 1, outcome: outcome.into() });
    refused_now("NotAuthorized", "job 1", || submit(principal(PROVIDER), "sha256:a"));
    refused_now("NotYet", "job 1", || close(principal(TREASURY), "completed"));
    let submitted = submit(principal(MODELS), "sha256:a").unwrap();
    assert_eq!(submit(principal(MODELS), "sha256:a").unwrap(), submitted);
    refused_now("AlreadyExists", "job 1", || submit(principal(MODELS), "sha256:b"));
    refused_now("NotYet", "job 1", || jobs::fail(principal(PROVIDER), jobs::FailJob { job: 1, reason: "late".into() }));

    refused_now("NotAuthorized", "job 1", || close(principal(PROVIDER), "completed"));
    refused_now("Invalid", "outcome", || close(principal(TREASURY), "done"));
    assert_eq!(close(principal(TREASURY), "completed").unwrap().state, JobState::Completed);
    assert_eq!(close(principal(TREASURY), "completed").unwrap().state, JobState::Completed);
    refused_now("NotYet", "job 1", || close(principal(TREASURY), "refunded"));
    refused_now("GrantRevoked", "grant 1", || {
        grants::count_use(principal(PROVIDER), system::now(), 1, b"transport key").map(drop)
    });
}

#[test]
fn refuses_a_checkpoint_and_a_payment_after_the_deadline() {
    let recipe = canister();
    let job = granted_job(&recipe);
    system::set_now(job.deadline);
    refused_now("DeadlinePassed", "job 1", || {
        jobs::checkpoint_submitted(
            principal(MODELS),
            jobs::CheckpointSubmitted { job: 1, checkpoint: "sha256:a".into() },
        )
    });
    jobs::keep(&Job { state: JobState::Requested, escrow: None, ..job });
    refused(
        "DeadlinePassed",
        "job 1",
        payment_received(principal(TREASURY), PaymentReceived { job: 1, escrow: 5, payer: None }),
    );
}

#[test]
fn a_vote_on_access_needs_a_paid_job_with_such_a_licence() {
    let recipe = canister();
    let mut job = job(&recipe);
    refused("NotYet", "job 1", grant_access(1));
    job.escrow = Some(5);
    jobs::keep(&job);
    refused("Invalid", "job 1", grant_access(1));
    job.datasets[0].access = Access::Vote;
    jobs::keep(&job);
    assert!(crate::validate_grant_access(GrantAccess { job: 1 }).unwrap().contains(&dataset_id(1)));
    assert!(crate::validate_grant_access(GrantAccess { job: 2 }).unwrap_err().contains("NotFound"));
}

#[test]
fn approvals_of_recipes_and_providers_happen_once_and_trap_otherwise() {
    let recipe = canister();
    let before = state();
    assert!(crate::validate_approve_recipe(recipes::ApproveRecipe { recipe: recipe.clone() })
        .unwrap_err()
        .contains("approved already"));
    assert!(std::panic::catch_unwind(|| crate::approve_recipe(recipes::ApproveRecipe { recipe })).is_err());
    assert!(std::panic::catch_unwind(|| crate::approve_provider(providers::ApproveProvider {
        provider: principal(PROVIDER)
    }))
    .is_err());
    assert_eq!(state(), before);
    refused_now("AlreadyExists", &principal(PROVIDER).to_text(), || {
        providers::register(
            principal(PROVIDER),
            RegisterProvider { name: "another".into(), class: ProviderClass::Bonded },
        )
    });
}

fn release(grant: u64) -> ReleaseKey {
    ReleaseKey { grant, transport_public_key: ByteBuf::from([0; 48]) }
}

#[test]
fn no_key_after_the_provider_was_revoked() {
    let recipe = canister();
    granted_job(&recipe);
    let revoke = providers::RevokeProvider { provider: principal(PROVIDER), reason: "it sold data".into() };
    assert!(crate::validate_revoke_provider(revoke.clone()).unwrap().contains("it sold data"));
    providers::revoke(principal(GOVERNOR), &revoke).unwrap();
    let id = principal(PROVIDER).to_text();
    refused("NotApproved", &id, crate::keys::release(principal(PROVIDER), release(1)));
    refused(
        "NotApproved",
        &id,
        request(principal(PROVIDER), {
            let mut again = ask(&approval(&recipe));
            again.client_ref = "round-2".into();
            again
        }),
    );
    refused_now("NotApproved", &id, || providers::revoke(principal(GOVERNOR), &revoke));
    providers::approve(principal(GOVERNOR), &principal(PROVIDER)).unwrap();
    assert!(providers::approved(&principal(PROVIDER)).is_ok(), "another vote approves it again");
}

#[test]
fn no_key_repeated_after_the_provider_was_revoked() {
    let recipe = canister();
    granted_job(&recipe);
    grants::keep_released(1, ByteBuf::from([0; 48]), ByteBuf::from(b"a key that it did not hear of"));
    let revoke = providers::RevokeProvider { provider: principal(PROVIDER), reason: "it sold data".into() };
    providers::revoke(principal(GOVERNOR), &revoke).unwrap();
    refused("NotApproved", &principal(PROVIDER).to_text(), crate::keys::release(principal(PROVIDER), release(1)));
}

#[test]
fn no_key_after_the_recipe_was_revoked() {
    let recipe = canister();
    granted_job(&recipe);
    let revoke = recipes::RevokeRecipe { recipe: recipe.clone(), reason: "it leaks its inputs".into() };
    assert!(crate::validate_revoke_recipe(revoke.clone()).unwrap().contains("it leaks its inputs"));
    recipes::revoke(principal(GOVERNOR), &revoke).unwrap();
    refused("NotApproved", &recipe, crate::keys::release(principal(PROVIDER), release(1)));
}

#[test]
fn no_key_under_a_grant_that_was_revoked() {
    let recipe = canister();
    granted_job(&recipe);
    let revoke = grants::RevokeGrant { grant: 1, reason: "the contributor was deceived".into() };
    assert!(crate::validate_revoke_grant(revoke.clone()).unwrap().contains("the contributor was deceived"));
    grants::revoke(principal(GOVERNOR), &revoke).unwrap();
    refused("GrantRevoked", "grant 1", crate::keys::release(principal(PROVIDER), release(1)));
    refused_now("GrantRevoked", "grant 1", || grants::revoke(principal(GOVERNOR), &revoke));
    assert!(!grants::find(2).unwrap().revoked, "the job's other grant lives");
}

#[test]
fn only_the_governor_takes_approvals_back() {
    let recipe = canister();
    granted_job(&recipe);
    system::set_caller(principal(PROVIDER));
    assert!(governed::caller_is_governor().is_err());
    refused_now("Invalid", "reason", || {
        grants::revoke(principal(GOVERNOR), &grants::RevokeGrant { grant: 1, reason: String::new() })
    });
}

#[test]
fn no_live_grant_outlasts_a_slashed_bond() {
    let recipe = canister();
    let job = granted_job(&recipe);
    refused_now("BondMissing", &principal(PROVIDER).to_text(), || enough(principal(PROVIDER), 99, 100));
    crate::permits::unbonded(job.id);
    refused("GrantRevoked", "grant 1", crate::keys::release(principal(PROVIDER), release(1)));
    refused("GrantRevoked", "grant 2", crate::keys::release(principal(PROVIDER), release(2)));
}

#[test]
fn no_key_of_a_dataset_that_was_revoked_or_moved_to_another_epoch() {
    let recipe = canister();
    let job = granted_job(&recipe);
    let grant = grants::find(1).unwrap();
    let (provider, (recipe, _)) =
        (providers::approved(&grant.provider).unwrap(), recipes::approved(&job.recipe).unwrap());
    let again = |dataset| licensed(&grant.dataset, grant.epoch, Some(dataset), &provider, &recipe).map(drop);
    assert!(again(dataset(1)).is_ok());
    refused_now("NotApproved", &dataset_id(1), || again(Dataset { status: DatasetStatus::revoked, ..dataset(1) }));
    refused_now("StaleEpoch", &dataset_id(1), || again(Dataset { key_epoch: 1, ..dataset(1) }));
}

#[test]
fn no_key_while_a_vote_on_another_dataset_of_the_job_is_open() {
    let recipe = canister();
    let mut job = granted_job(&recipe);
    job.state = JobState::Requested;
    jobs::keep(&job);
    refused("NotYet", "job 1", crate::keys::release(principal(PROVIDER), release(1)));
}
