use super::*;
use crate::buckets::ChunkSpec;
use crate::listing::{self, DatasetsAbout, FindDatasets};
use crate::memory;
use crate::registry::{Folders, Storage, S3};
use crate::rooms::CollectExpired;
use ed25519_dalek::{Signer, SigningKey};
use governed::{Parties, Peers};
use protocol::limits::PLAIN_CHUNK_BYTES;
use protocol::{canonical, document, hex, identity, merkle};
use serde_json::Value;
use std::future::Future;
use std::task::{Context, Poll, Waker};

const WEEK: u64 = 7 * 24 * 3_600 * 1_000_000_000;

fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 10])
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn der(key: &SigningKey) -> String {
    hex::encode(&identity::der_of(key.verifying_key().as_bytes()))
}

fn contributor(n: u8) -> Principal {
    identity::principal_of(&der(&key(n))).unwrap()
}

fn bucket() -> Principal {
    principal(50)
}

fn canister() {
    let peers = Peers {
        governance: principal(1),
        datasets: principal(2),
        access: principal(3),
        models: principal(4),
        fleet: principal(5),
        treasury: principal(6),
        ledger: principal(7),
    };
    let init = settings::Init {
        governor: principal(1),
        peers: peers.clone(),
        min_contributor_bond: 100,
        bucket_capacity_bytes: 10_000_000,
        bucket_cycles: 0,
        reservation_seconds: Some(WEEK / 1_000_000_000),
    };
    settings::set(&init);
    governed::parties::open(memory::get(memory::PARTIES), Some(Parties { governor: principal(1), peers }));
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

/// Hash and size of the stored chunks of two files: two chunks and one.
fn chunks() -> Vec<([u8; 32], u32)> {
    vec![([1; 32], PLAIN_CHUNK_BYTES as u32 + 16), ([2; 32], 10 + 16), ([3; 32], 16)]
}

fn root(hashes: &[[u8; 32]]) -> String {
    hex::encode(&merkle::root(hashes))
}

fn manifest(n: u8) -> Value {
    let chunk = |(sha256, bytes): ([u8; 32], u32)| json!({"sha256": hex::encode(&sha256), "bytes": bytes});
    let all = chunks();
    json!({
        "type": "livepod.dataset/v1",
        "title": "Walking and sitting",
        "modality": "motion",
        "schema": {
                "channels": [{"name": "ax", "unit": "g"}], "rateMilliHz": 50_000,
                "labels": ["walking"], "device": "watch"
            },
        "salt": "00112233445566778899aabbccddeeff",
        "contributor": contributor(n).to_text(),
        "publicKey": der(&key(n)),
        "keyEpoch": 0,
        "files": [
            {
                    "name": "s1.csv", "bytes": PLAIN_CHUNK_BYTES + 10, "chunks": [chunk(all[0]), chunk(all[1])],
                    "merkleRoot": root(&[[1; 32], [2; 32]])
                },
            {"name": "empty.csv", "bytes": 0, "chunks": [chunk(all[2])], "merkleRoot": root(&[[3; 32]])},
        ],
        "merkleRoot": root(&[[1; 32], [2; 32], [3; 32]]),
        "storage": {"kind": "bucket", "bucket": bucket().to_text()},
        "wrappedKey": "00ff",
        "licence": {
            "fee": "100000000",
            "access": "fee",
            "purposes": ["motion-recognition"],
            "providerClasses": ["bonded"],
            "termDays": 365,
            "splits": [{"account": contributor(n).to_text(), "basisPoints": 10_000}],
        },
        "statistics": {"records": 1, "milliseconds": 20, "labels": {"walking": 1}},
    })
}

fn signed(value: &Value, n: u8) -> Register {
    let bytes = canonical::bytes(value).unwrap();
    let signature = key(n).sign(&document::signing_bytes(&bytes).unwrap()).to_bytes();
    Register { manifest: ByteBuf::from(bytes), signature: ByteBuf::from(signature) }
}

fn reserved(n: u8) -> [u8; 32] {
    let uid = protocol::dataset::uid(&contributor(n), &hex::decode_exact("00112233445566778899aabbccddeeff").unwrap());
    let hashes: Vec<[u8; 32]> = chunks().iter().map(|(sha256, _)| *sha256).collect();
    buckets::remember(
        uid,
        Room {
            bucket: bucket(),
            digest: buckets::digest(&chunks()),
            merkle_root: merkle::root(&hashes),
            bytes: 960_058,
            reserved_at: system::now(),
        },
    );
    uid
}

/// Runs a call up to its first question to another canister: what it refuses before that, it refuses by itself.
fn alone<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it asks another canister"),
    }
}

fn state() -> (Vec<Dataset>, u64) {
    (registry::list(registry::ListDatasets { after: None, limit: 100, status: None }), audit::tip().length)
}

fn refused<T: std::fmt::Debug>(arm: &str, subject: &str, call: impl Future<Output = Result<T, Error>>) {
    let before = state();
    let error = alone(call).expect_err(arm);
    assert_eq!((error.arm(), error.why().subject.as_str()), (arm, subject), "{error}");
    assert!(!error.why().remedy.is_empty());
    assert_eq!(state(), before, "nothing changes");
}

/// Registers without other canisters: the part after their answers.
fn taken_in(n: u8) -> Dataset {
    let register = signed(&manifest(n), n);
    let checked = manifest::check(&register.manifest, &register.signature, contributor(n)).unwrap();
    let dataset = checked.dataset(7);
    registry::add(
        &dataset,
        &checked.manifest,
        SignedManifest { manifest: register.manifest, signature: register.signature },
    );
    dataset
}

#[test]
fn a_right_manifest_becomes_a_submitted_dataset_once() {
    canister();
    let uid = reserved(1);
    let register_it = signed(&manifest(1), 1);
    let checked = manifest::check(&register_it.manifest, &register_it.signature, contributor(1)).unwrap();
    assert!(room_of(&checked, &checked.dataset(7)).unwrap().is_some());
    let dataset = taken_in(1);
    assert_eq!(dataset.uid.as_slice(), uid);
    assert_eq!((dataset.chunks, dataset.bytes, dataset.fee), (3, 960_058, 100_000_000));

    let before = state();
    assert_eq!(alone(register(contributor(1), register_it)).unwrap(), dataset, "a repeat returns the first outcome");
    assert_eq!(state(), before);
    let mut other = manifest(1);
    other["title"] = json!("Another");
    refused("AlreadyExists", "salt", register(contributor(1), signed(&other, 1)));
}

#[test]
fn refuses_a_wrong_signature() {
    canister();
    let mut forged = signed(&manifest(1), 1);
    forged.signature[5] ^= 1;
    refused("WrongSignature", "signature", register(contributor(1), forged));
    let by_another = Register { signature: signed(&manifest(1), 2).signature, ..signed(&manifest(1), 1) };
    refused("WrongSignature", "signature", register(contributor(1), by_another));
    let cut = Register { signature: ByteBuf::from([0; 63]), ..signed(&manifest(1), 1) };
    refused("WrongSignature", "signature", register(contributor(1), cut));
}

#[test]
fn refuses_a_contributor_who_is_not_the_key_or_not_the_caller() {
    canister();
    refused("WrongPrincipal", "contributor", register(contributor(2), signed(&manifest(1), 1)));
    let mut other = manifest(1);
    other["contributor"] = json!(contributor(2).to_text());
    refused("WrongPrincipal", "contributor", register(contributor(2), signed(&other, 1)));
}

#[test]
fn refuses_reordered_truncated_or_swapped_chunks() {
    canister();
    let wrong = |change: fn(&mut Value)| {
        let mut value = manifest(1);
        change(&mut value);
        signed(&value, 1)
    };
    refused(
        "WrongHash",
        "files[0].merkleRoot",
        register(contributor(1), wrong(|m| m["files"][0]["chunks"][0]["sha256"] = json!("04".repeat(32)))),
    );
    refused(
        "WrongHash",
        "merkleRoot",
        register(contributor(1), wrong(|m| m["files"].as_array_mut().unwrap().swap(0, 1))),
    );
    refused(
        "WrongHash",
        "merkleRoot",
        register(contributor(1), wrong(|m| drop(m["files"].as_array_mut().unwrap().pop()))),
    );
    refused(
        "Invalid",
        "files[0].chunks",
        register(contributor(1), wrong(|m| drop(m["files"][0]["chunks"].as_array_mut().unwrap().pop()))),
    );
    refused(
        "Invalid",
        "files[0].chunks[1].bytes",
        register(contributor(1), wrong(|m| m["files"][0]["chunks"][1]["bytes"] = json!(27))),
    );
}

#[test]
fn refuses_a_chunk_over_the_limit_and_names_the_field() {
    canister();
    let wrong = |pointer: &str, value: Value| {
        let mut changed = manifest(1);
        *changed.pointer_mut(pointer).unwrap() = value;
        signed(&changed, 1)
    };
    for (pointer, value, subject) in [
        ("/files/0/chunks/0/bytes", json!(1_000_001), "files[0].chunks[0].bytes"),
        ("/title", json!("x".repeat(201)), "title"),
        ("/title", json!(7), "title"),
        ("/salt", json!("00"), "salt"),
        ("/keyEpoch", json!(1), "keyEpoch"),
        ("/licence/fee", json!("1.5"), "licence.fee"),
        ("/licence/fee", json!("-1"), "licence.fee"),
        ("/licence/access", json!("free"), "licence.access"),
        ("/licence/splits/0/basisPoints", json!(9_999), "licence.splits"),
        ("/licence/splits/0/account", json!("2vxsx-fae"), "licence.splits[0].account"),
        ("/licence/splits/0/account", json!("aaaaa-aa"), "licence.splits[0].account"),
        ("/files", json!([]), "files"),
        ("/files/1/name", json!("s1.csv"), "files[1].name"),
        ("/files/1/name", json!("../s1.csv"), "files[1].name"),
        ("/type", json!("livepod.dataset/v3"), "type"),
        ("/schema/labels", json!([]), "schema.labels"),
    ] {
        refused("Invalid", subject, register(contributor(1), wrong(pointer, value)));
    }
    let mut extra = manifest(1);
    extra["note"] = json!("x");
    refused("Invalid", "note", register(contributor(1), signed(&extra, 1)));
}

#[test]
fn a_manifest_of_version_2_may_have_no_labels() {
    canister();
    let mut changed = manifest(1);
    changed["type"] = json!("livepod.dataset/v2");
    changed["schema"]["labels"] = json!([]);
    let request = signed(&changed, 1);
    let checked = crate::manifest::check(&request.manifest, &request.signature, contributor(1)).unwrap();
    assert_eq!(checked.id, document::id(&request.manifest).unwrap());
}

#[test]
fn refuses_bytes_that_are_not_canonical_or_too_many() {
    canister();
    let mut spaced = signed(&manifest(1), 1);
    spaced.manifest.push(b' ');
    refused("NotCanonical", "document", register(contributor(1), spaced));
    let large = Register { manifest: ByteBuf::from(vec![b' '; 512 * 1024 + 1]), signature: ByteBuf::from([0; 64]) };
    refused("LimitExceeded", "manifest", register(contributor(1), large));
}

#[test]
fn refuses_a_manifest_that_names_chunks_nobody_reserved() {
    canister();
    refused("MissingChunks", "storage.bucket", register(contributor(1), signed(&manifest(1), 1)));
    reserved(1);
    let mut elsewhere = manifest(1);
    elsewhere["storage"]["bucket"] = json!(principal(51).to_text());
    refused("Invalid", "storage.bucket", register(contributor(1), signed(&elsewhere, 1)));
    let mut fewer = manifest(1);
    drop(fewer["files"].as_array_mut().unwrap().pop());
    fewer["merkleRoot"] = json!(root(&[[1; 32], [2; 32]]));
    refused("WrongHash", "files", register(contributor(1), signed(&fewer, 1)));
}

#[test]
fn refuses_a_bond_below_the_least() {
    assert_eq!(enough(principal(1), 100, 100), Ok(()));
    assert_eq!(enough(principal(1), 99, 100).unwrap_err().arm(), "BondMissing");
}

#[test]
fn refuses_a_reservation_out_of_bounds() {
    canister();
    let spec = |bytes| ChunkSpec { sha256: ByteBuf::from([1; 32]), bytes };
    let ask = |salt: usize, chunks: Vec<ChunkSpec>| {
        super::reserve(contributor(1), Reserve { salt: ByteBuf::from(vec![0; salt]), chunks })
    };
    refused("Invalid", "salt", ask(15, vec![spec(1)]));
    refused("LimitExceeded", "chunks", ask(16, vec![]));
    refused("LimitExceeded", "chunks", ask(16, vec![spec(1); 4_097]));
    refused("LimitExceeded", "chunks[1]", ask(16, vec![spec(1), spec(1_000_001)]));
    refused("LimitExceeded", "chunks", ask(16, vec![spec(1_000_000); 11]));
}

#[test]
fn a_repeated_reservation_returns_the_bucket_and_other_chunks_are_refused() {
    canister();
    reserved(1);
    let salt: [u8; 16] = hex::decode_exact("00112233445566778899aabbccddeeff").unwrap();
    let ask = |chunks: Vec<([u8; 32], u32)>| {
        let chunks =
            chunks.into_iter().map(|(sha256, bytes)| ChunkSpec { sha256: ByteBuf::from(sha256), bytes }).collect();
        super::reserve(contributor(1), Reserve { salt: ByteBuf::from(salt), chunks })
    };
    assert_eq!(alone(ask(chunks())).unwrap().bucket, bucket());
    assert_eq!(alone(ask(vec![([9; 32], 20)])).unwrap_err().arm(), "AlreadyExists");
}

#[test]
fn only_the_governor_accepts_and_only_once() {
    canister();
    let dataset = taken_in(1);
    let payload = AcceptDataset { dataset: dataset.id.clone() };
    system::set_caller(principal(9));
    assert!(governed::caller_is_governor().is_err());
    system::set_caller(principal(1));
    assert!(governed::caller_is_governor().is_ok());
    assert!(crate::validate_accept_dataset(payload.clone()).unwrap().contains(&dataset.title));
    crate::accept_dataset(payload.clone());
    assert_eq!(registry::find(&dataset.id).unwrap().status, Status::Accepted);
    assert!(crate::validate_accept_dataset(payload.clone()).unwrap_err().contains("accepted already"));
    let before = state();
    assert!(
        std::panic::catch_unwind(|| crate::accept_dataset(payload)).is_err(),
        "it traps, so that the vote shows as failed"
    );
    assert_eq!(state(), before);
    assert!(crate::validate_accept_dataset(AcceptDataset { dataset: "sha256:0".into() })
        .unwrap_err()
        .contains("NotFound"));
}

#[test]
fn a_dataset_is_closed_by_its_own_lost_vote_only() {
    canister();
    let dataset = taken_in(1);
    let payload = |id: &str| candid::encode_one(AcceptDataset { dataset: id.into() }).unwrap();
    let vote = |outcome, function_id, id: &str| Vote { function_id, payload: payload(id), outcome };
    let close = CloseDataset { dataset: dataset.id.clone(), proposal: 3 };
    assert_eq!(rejected(&close, &vote(Outcome::Rejected, 1001, &dataset.id)), Ok(()));
    let arm = |vote| rejected(&close, &vote).unwrap_err().arm();
    assert_eq!(arm(vote(Outcome::Open, 1001, &dataset.id)), "NotYet");
    assert_eq!(arm(vote(Outcome::Adopted, 1001, &dataset.id)), "NotYet");
    assert_eq!(arm(vote(Outcome::Failed, 1001, &dataset.id)), "NotYet");
    assert_eq!(arm(vote(Outcome::Rejected, 1002, &dataset.id)), "Invalid");
    assert_eq!(arm(vote(Outcome::Rejected, 1001, "sha256:other")), "Invalid");

    registry::decide(principal(9), &dataset.id, Status::Rejected, Some(3)).unwrap();
    assert_eq!(alone(super::close(principal(9), close)).unwrap().status, Status::Rejected, "a repeat returns it");
}

#[test]
fn only_the_contributor_withdraws_and_only_while_submitted() {
    canister();
    let dataset = taken_in(1);
    refused("NotAuthorized", &dataset.id, withdraw(contributor(2), dataset.id.clone()));
    registry::decide(principal(1), &dataset.id, Status::Accepted, None).unwrap();
    refused("NotYet", &dataset.id, withdraw(contributor(1), dataset.id.clone()));
    refused("NotFound", "sha256:0", withdraw(contributor(1), "sha256:0".into()));
}

#[test]
fn only_access_opens_reads_and_only_of_accepted_datasets() {
    canister();
    let dataset = taken_in(1);
    let open = OpenReads { dataset: dataset.id.clone(), reader: principal(9), until: 5 };
    refused("NotAuthorized", &dataset.id, open_reads(principal(9), open.clone()));
    refused("NotAuthorized", &dataset.id, end_reads(principal(9), open.clone()));
    refused("NotYet", &dataset.id, open_reads(principal(3), open));
}

fn wait(nanoseconds: u64) {
    system::set_now(system::now() + nanoseconds);
}

/// What a call answers by itself; None: it asks another canister first, which ends it here.
fn answered<T>(call: impl Future<Output = T>) -> Option<T> {
    let poll = std::panic::AssertUnwindSafe(|| std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())));
    match std::panic::catch_unwind(poll) {
        Ok(Poll::Ready(answer)) => Some(answer),
        Ok(Poll::Pending) | Err(_) => None,
    }
}

/// A collection; None: there is something to erase, and its bucket is asked to.
fn collected() -> Option<rooms::Collected> {
    answered(rooms::collect(principal(9), CollectExpired { after: None, limit: 100 }))
}

fn collects_nothing() {
    let before = audit::tip().length;
    assert_eq!(
        collected().expect("nothing is over"),
        rooms::Collected { rooms: vec![], bytes: 0, buckets: vec![], next: None }
    );
    assert_eq!(audit::tip().length, before);
}

fn again(n: u8) -> impl Future<Output = Result<Reserved, Error>> {
    let salt: [u8; 16] = hex::decode_exact("00112233445566778899aabbccddeeff").unwrap();
    let chunks =
        chunks().into_iter().map(|(sha256, bytes)| ChunkSpec { sha256: ByteBuf::from(sha256), bytes }).collect();
    super::reserve(contributor(n), Reserve { salt: ByteBuf::from(salt), chunks })
}

#[test]
fn nobody_collects_a_live_reservation_early() {
    canister();
    let uid = reserved(1);
    wait(WEEK - 1);
    collects_nothing();
    assert!(rooms::find(&uid).is_some());
    assert_eq!(alone(again(1)).unwrap().bucket, bucket(), "its uploader still has it");
    wait(1);
    assert!(collected().is_none(), "now its bucket is asked to erase it");
}

#[test]
fn registering_after_the_time_is_over_is_refused_with_the_way_out() {
    canister();
    let uid = reserved(1);
    wait(WEEK);
    let name = format!("dataset {}", hex::encode(&uid));
    refused("Expired", &name, register(contributor(1), signed(&manifest(1), 1)));
    rooms::forget(&uid);
    refused("MissingChunks", "storage.bucket", register(contributor(1), signed(&manifest(1), 1)));
}

#[test]
fn a_room_that_is_over_is_not_promised_again_without_a_bond() {
    canister();
    reserved(1);
    wait(WEEK);
    assert!(answered(again(1)).is_none(), "the treasury is asked for the bond");
}

#[test]
fn a_registered_dataset_is_never_collected() {
    canister();
    let uid = reserved(1);
    taken_in(1);
    rooms::stays(&uid);
    wait(1_000 * WEEK);
    collects_nothing();
    assert!(rooms::find(&uid).is_some());
    assert_eq!(alone(again(1)).unwrap().bucket, bucket(), "nor does its room end");
}

#[test]
fn what_an_unfinished_withdrawal_left_is_collected() {
    canister();
    let uid = reserved(1);
    taken_in(1);
    rooms::stays(&uid);
    rooms::left(&uid);
    wait(WEEK);
    assert!(collected().is_none());
}

#[test]
fn a_room_that_somebody_works_on_is_left_to_the_next_collection() {
    canister();
    let uid = reserved(1);
    wait(WEEK);
    let held = rooms::lock(&uid).unwrap();
    collects_nothing();
    drop(held);
    assert!(collected().is_none());
}

#[test]
fn rooms_from_before_they_had_an_end_get_a_whole_week() {
    canister();
    let uid = reserved(1);
    let room = rooms::find(&uid).unwrap();
    rooms::keep(&uid, Room { reserved_at: 0, ..room });
    rooms::date(|_| false);
    wait(WEEK - 1);
    collects_nothing();
    wait(1);
    assert!(collected().is_none());
}

#[test]
fn datasets_are_found_by_status_and_contributor_with_what_their_manifests_say() {
    canister();
    let (first, second) = (taken_in(1), taken_in(2));
    let find = |about: Option<DatasetsAbout>, before: Option<u64>| -> Vec<String> {
        let found = listing::newest(&FindDatasets { about, before, limit: 10 });
        found.into_iter().map(|line| line.dataset.id).collect()
    };
    assert_eq!(find(None, None), [second.id.clone(), first.id.clone()]);
    assert_eq!(find(None, Some(2)), std::slice::from_ref(&first.id));
    assert_eq!(find(Some(DatasetsAbout::Contributor(contributor(1))), None), std::slice::from_ref(&first.id));
    registry::decide(contributor(1), &first.id, Status::Accepted, None).unwrap();
    assert_eq!(find(Some(DatasetsAbout::Status(Status::Submitted)), None), std::slice::from_ref(&second.id));
    assert_eq!(find(Some(DatasetsAbout::Status(Status::Accepted)), None), std::slice::from_ref(&first.id));
    let facts = listing::describe(&first.id).unwrap().facts;
    let manifest = manifest(1);
    assert_eq!(facts.number, 1);
    assert_eq!(json!(facts.rate_milli_hz), manifest["schema"]["rateMilliHz"]);
    assert_eq!(json!(facts.milliseconds), manifest["statistics"]["milliseconds"]);
    let names: Vec<&str> = facts.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(json!(names), manifest["schema"]["labels"]);
    assert_eq!(json!(facts.labels[0].count), manifest["statistics"]["labels"][names[0]]);
}

#[test]
fn voters_read_what_a_manifest_says_and_what_was_checked() {
    canister();
    let dataset = taken_in(1);
    let facts = listing::describe(&dataset.id).unwrap().facts;
    let label = format!("{} {}", facts.labels[0].count, facts.labels[0].name);
    let words = registry::in_words(&dataset);
    for part in [&label, "Hz", "recordings", "signature", "bond"] {
        assert!(words.contains(part), "{part} is not in: {words}");
    }
    registry::decide(contributor(1), &dataset.id, Status::Rejected, Some(4)).unwrap();
    let page = listing::one_page(&dataset.id).unwrap();
    assert_eq!(page.value["validation"], json!(registry::checked(&dataset)));
    let entries = page.value["evidence"]["entriesOfTheAuditLog"].as_array().unwrap().clone();
    let kinds: Vec<String> = entries
        .iter()
        .map(|entry| audit::page(audit::AuditPage { start: entry.as_u64().unwrap(), length: 1 })[0].event.clone())
        .collect();
    assert!(kinds[0].contains("\"registered\"") && kinds[1].contains("\"rejected\""), "{kinds:?}");
    assert!(page.links.iter().any(|link| link.kind == "proposals"));
}

#[test]
fn another_datasets_folder_cannot_be_named_as_the_place_of_ones_own() {
    canister();
    let own = hex::encode(&protocol::dataset::uid(&contributor(1), &[0x11; 16]));
    let other = hex::encode(&protocol::dataset::uid(&contributor(2), &[0x11; 16]));
    let subject = |bucket: &str, prefix: String| {
        let mut value = manifest(1);
        value["salt"] = json!("11".repeat(16));
        value["storage"] = json!({"kind": "s3", "bucket": bucket, "prefix": prefix});
        let register = signed(&value, 1);
        manifest::check(&register.manifest, &register.signature, contributor(1)).err().map(|e| e.why().subject.clone())
    };
    assert_eq!(subject("livepod", format!("datasets/{own}/")), None);
    for prefix in
        [format!("datasets/{other}/"), format!("datasets/{own}"), "datasets/".into(), format!("/datasets/{own}/")]
    {
        assert_eq!(subject("livepod", prefix.clone()).as_deref(), Some("storage.prefix"), "{prefix}");
    }
    assert_eq!(subject("../livepod", format!("datasets/{own}/")).as_deref(), Some("storage.bucket"));
}

#[test]
fn folders_of_registered_datasets_are_claimed_whatever_they_are_called() {
    canister();
    let in_s3 = |n: u8, prefix: &str| {
        let register = signed(&manifest(n), n);
        let checked = manifest::check(&register.manifest, &register.signature, contributor(n)).unwrap();
        // As one that was registered while a folder could have any name.
        let dataset = Dataset {
            storage: Storage::S3(S3 { bucket: "livepod".into(), prefix: prefix.into() }),
            ..checked.dataset(7)
        };
        registry::add(
            &dataset,
            &checked.manifest,
            SignedManifest { manifest: register.manifest, signature: register.signature },
        );
        dataset.id
    };
    let first = in_s3(1, "datasets/aa/");
    in_s3(2, "datasets/bb/deeper");
    in_s3(3, "datasets/c");
    let ask = |bucket: &str, folders: &[&str]| {
        registry::unclaimed(Folders {
            bucket: bucket.into(),
            folders: folders.iter().map(|folder| folder.to_string()).collect(),
        })
    };
    assert_eq!(
        ask("livepod", &["datasets/aa/", "datasets/ab/", "datasets/bb/", "datasets/cc/", "datasets/dd/"]),
        ["datasets/ab/", "datasets/dd/"]
    );
    assert_eq!(ask("another", &["datasets/aa/"]), ["datasets/aa/"]);
    registry::decide(contributor(1), &first, Status::Withdrawn, None).unwrap();
    assert_eq!(ask("livepod", &["datasets/aa/"]), ["datasets/aa/"]);
}
