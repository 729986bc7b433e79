use super::stage::*;

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
fn refuses_a_reservation_out_of_bounds() {
    canister();
    let spec = |bytes| ChunkSpec { sha256: ByteBuf::from([1; 32]), bytes };
    let ask = |salt: usize, chunks: Vec<ChunkSpec>| {
        super::super::reserve(contributor(1), Reserve { salt: ByteBuf::from(vec![0; salt]), chunks })
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
        super::super::reserve(contributor(1), Reserve { salt: ByteBuf::from(salt), chunks })
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
    assert_eq!(
        alone(super::super::close(principal(9), close)).unwrap().status,
        Status::Rejected,
        "a repeat returns it"
    );
}

#[test]
fn only_the_contributor_withdraws() {
    canister();
    let dataset = taken_in(1);
    refused("NotAuthorized", &dataset.id, withdraw(contributor(2), dataset.id.clone()));
    refused("NotFound", "sha256:0", withdraw(contributor(1), "sha256:0".into()));
}

#[test]
fn a_revoked_dataset_is_opened_to_nobody_and_found_as_such() {
    canister();
    let dataset = taken_in(1);
    let revoke = registry::RevokeDataset { dataset: dataset.id.clone(), reason: "the person withdrew".into() };
    assert_eq!(registry::revoke(principal(1), &revoke).unwrap_err().arm(), "NotYet", "only what was accepted");
    registry::decide(principal(1), &dataset.id, Status::Accepted, None).unwrap();
    assert!(crate::validate_revoke_dataset(revoke.clone()).unwrap().contains("the person withdrew"));
    assert_eq!(registry::revoke(principal(1), &revoke).unwrap().status, Status::Revoked);
    let access = governed::peers().access;
    let open = OpenReads { dataset: dataset.id.clone(), reader: principal(9), until: system::now() + 1 };
    refused("NotYet", &dataset.id, open_reads(access, open));
    assert_eq!(registry::revoke(principal(1), &revoke).unwrap_err().arm(), "NotYet", "once");
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
