use super::stage::*;
use crate::api::Error;
use crate::repository::{self, Draft, Due};
use crate::{roles, root};
use ed25519_dalek::{Signer, SigningKey};
use protocol::hex;
use serde_json::{json, Value};

const HOUR: u64 = 3_600_000_000_000;

fn online() -> SigningKey {
    SigningKey::from_bytes(&[50; 32])
}
fn public(key: &SigningKey) -> [u8; 32] {
    key.verifying_key().to_bytes()
}
fn root_keys(from: u8) -> Vec<SigningKey> {
    (from..from + 3).map(|n| SigningKey::from_bytes(&[n; 32])).collect()
}

/// A root of three keys, threshold 2, signed by `signers`.
fn root_json(version: u64, keys: &[SigningKey], signers: &[&SigningKey]) -> Vec<u8> {
    let online = public(&online());
    let mut all = serde_json::Map::new();
    keys.iter().map(public).chain([online]).for_each(|key| _ = all.insert(roles::key_id(&key), roles::key(&key)));
    let own = json!({"keyids": [roles::key_id(&online)], "threshold": 1});
    let ids: Vec<String> = keys.iter().map(|key| roles::key_id(&public(key))).collect();
    let signed = json!({
        "_type": "root", "spec_version": roles::SPEC_VERSION, "version": version, "consistent_snapshot": true,
        "expires": roles::rfc3339(system::now() + 365 * 24 * HOUR), "keys": all,
        "roles": {"root": {"keyids": ids, "threshold": 2}, "targets": own, "snapshot": own, "timestamp": own},
    });
    signed_root(&signed, signers)
}

fn signed_root(signed: &Value, signers: &[&SigningKey]) -> Vec<u8> {
    let message = roles::bytes(signed);
    let signatures: Vec<Value> = signers
        .iter()
        .map(|key| json!({"keyid": roles::key_id(&public(key)), "sig": hex::encode(&key.sign(&message).to_bytes())}))
        .collect();
    serde_json::to_vec(&json!({"signatures": signatures, "signed": signed})).unwrap()
}

fn first_root() -> Vec<u8> {
    let keys = root_keys(60);
    root_json(1, &keys, &[&keys[0], &keys[1]])
}

fn install_root() {
    system::set_caller(governor());
    repository::install_first_root(&first_root(), Some(&public(&online()))).unwrap();
}

fn sign(role: &Value) -> [u8; 64] {
    online().sign(&roles::bytes(role)).to_bytes()
}

fn half_publish() -> Draft {
    let mut draft = Draft::of_everything(&public(&online()));
    let targets = draft.targets();
    draft.set_targets(&targets, &sign(&targets));
    let snapshot = draft.snapshot();
    draft.set_snapshot(&snapshot, &sign(&snapshot));
    draft
}

fn finish(draft: Draft) {
    let timestamp = draft.timestamp();
    draft.commit(&timestamp, &sign(&timestamp));
}

fn publish() {
    match repository::due() {
        Due::Everything => finish(half_publish()),
        Due::Timestamp => finish(Draft::of_timestamp(&public(&online()))),
        Due::Nothing => {}
    }
}

fn served(path: &str) -> Value {
    serde_json::from_slice(&repository::file(path).unwrap_or_else(|| panic!("{path} is served"))).unwrap()
}

/// Follows the chain as a client does (TUF specification §5.4–5.7), and returns the target files it finds.
fn follow() -> Vec<(String, Vec<u8>)> {
    let check = |path: &str, listing: Option<&Value>| {
        let bytes = repository::file(path).unwrap_or_else(|| panic!("{path} is served"));
        if let Some(listing) = listing {
            assert_eq!(listing["length"], bytes.len());
            assert_eq!(listing["hashes"]["sha256"], hex::encode(&protocol::sha256(&[&bytes])));
        }
        let role: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(role["signatures"][0]["keyid"], roles::key_id(&public(&online())));
        let signature = hex::decode_exact::<64>(role["signatures"][0]["sig"].as_str().unwrap()).unwrap();
        assert!(root::verifies(&public(&online()), &roles::bytes(&role["signed"]), &signature), "{path} is signed");
        role["signed"].clone()
    };
    let timestamp = check("tuf/timestamp.json", None);
    let named = &timestamp["meta"]["snapshot.json"];
    let snapshot = check(&format!("tuf/{}.snapshot.json", named["version"]), Some(named));
    let named = &snapshot["meta"]["targets.json"];
    let targets = check(&format!("tuf/{}.targets.json", named["version"]), Some(named));
    let files = targets["targets"].as_object().unwrap().iter();
    files
        .map(|(name, listing)| {
            let hash = hex::decode_exact(listing["hashes"]["sha256"].as_str().unwrap()).unwrap();
            let bytes = repository::file(&format!("targets/{}", roles::hashed_path(name, &hash))).unwrap();
            assert_eq!((listing["length"].as_u64(), protocol::sha256(&[&bytes])), (Some(bytes.len() as u64), hash));
            (name.clone(), bytes)
        })
        .collect()
}

#[test]
fn nothing_is_due_before_the_first_root() {
    install();
    assert_eq!(repository::due(), Due::Nothing);
    install_root();
    assert_eq!(repository::due(), Due::Everything);
    publish();
    assert_eq!(follow(), vec![]);
    assert_eq!(repository::due(), Due::Nothing);
}

#[test]
fn a_client_finds_the_channel_and_every_adopted_checkpoint() {
    install();
    install_root();
    let (first, second) = (released(1), released(2));
    publish();
    let files = follow();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = vec!["channels/stable.json".to_owned()];
    expected.extend([&first, &second].map(|c| format!("checkpoints/{}.json", c.id.trim_start_matches("sha256:"))));
    expected.sort();
    assert_eq!(names, expected);
    let checkpoint: Value =
        serde_json::from_slice(&files.iter().find(|(name, _)| name.contains(&first.id[7..])).unwrap().1).unwrap();
    assert_eq!(checkpoint["manifest"]["job"], 1);
    assert_eq!(checkpoint["evaluation"]["figures"][0]["value"], "0.95");
    assert_eq!(checkpoint["signature"].as_str().unwrap().len(), 128);
}

#[test]
fn a_publication_is_seen_whole_or_not_at_all() {
    install();
    install_root();
    publish();
    let before = repository::file("tuf/timestamp.json");
    released(1);
    let draft = half_publish();
    assert_eq!(repository::file("tuf/timestamp.json"), before);
    assert!(repository::file("tuf/2.targets.json").is_none() && repository::file("tuf/2.snapshot.json").is_none());
    assert_eq!(follow().len(), 0);
    finish(draft);
    assert_eq!(follow().len(), 2);
}

#[test]
fn a_failed_attempt_costs_a_number_and_versions_only_grow() {
    install();
    install_root();
    publish();
    released(1);
    drop(half_publish());
    assert_eq!(repository::due(), Due::Everything);
    publish();
    assert_eq!((repository::publication().version, repository::publication().timestamp_version), (3, 3));
}

#[test]
fn a_change_while_signing_is_published_next() {
    install();
    install_root();
    let draft = half_publish();
    released(1);
    finish(draft);
    assert!(repository::publication().pending);
    assert_eq!(repository::due(), Due::Everything);
    publish();
    assert!(!repository::publication().pending);
    assert_eq!(follow().len(), 2);
}

#[test]
fn the_timestamp_is_renewed_after_six_hours_and_targets_after_fifteen_days() {
    install();
    install_root();
    publish();
    system::set_now(system::now() + 6 * HOUR);
    assert_eq!(repository::due(), Due::Timestamp);
    publish();
    assert_eq!((repository::publication().version, repository::publication().timestamp_version), (1, 2));
    assert_eq!(served("tuf/timestamp.json")["signed"]["expires"], roles::rfc3339(system::now() + 24 * HOUR));
    follow();
    system::set_now(system::now() + 15 * 24 * HOUR);
    assert_eq!(repository::due(), Due::Everything);
}

#[test]
fn the_last_sixteen_publications_stay_readable() {
    install();
    install_root();
    released(1);
    publish();
    let old = follow();
    let old_channel = &old.iter().find(|(name, _)| name.starts_with("channels")).unwrap().1;
    let old_path = format!("targets/{}", roles::hashed_path("channels/stable.json", &protocol::sha256(&[old_channel])));
    released(2);
    for n in 0..15 {
        repository::want();
        publish();
        assert!(repository::file("tuf/1.targets.json").is_some(), "{n} publications later");
        assert!(repository::file(&old_path).is_some());
    }
    repository::want();
    publish();
    assert!(repository::file("tuf/1.targets.json").is_none() && repository::file("tuf/1.snapshot.json").is_none());
    assert!(repository::file(&old_path).is_none());
    assert_eq!(follow().len(), 3);
    assert!(repository::file("tuf/1.root.json").is_some(), "roots are kept for ever");
}

fn refused_root(bytes: &[u8]) -> &'static str {
    refused(|| repository::publish_root(bytes, &public(&online())))
}

#[test]
fn the_first_root_is_installed_once() {
    install();
    install_root();
    assert_eq!(repository::install_first_root(&first_root(), Some(&public(&online()))), Ok(()));
    let other = root_keys(70);
    let another = root_json(1, &other, &[&other[0], &other[1]]);
    assert_eq!(refused(|| repository::install_first_root(&another, None)), "AlreadyExists");
}

#[test]
fn a_first_root_with_too_few_signatures_or_another_key_is_refused() {
    install();
    let keys = root_keys(60);
    let install =
        |bytes: &[u8]| -> Result<(), Error> { repository::install_first_root(bytes, Some(&public(&online()))) };
    assert_eq!(refused(|| install(&root_json(1, &keys, &[&keys[0]]))), "WrongSignature");
    assert_eq!(
        refused(|| install(&root_json(1, &keys, &[&keys[0], &keys[0]]))),
        "WrongSignature",
        "one key counts once"
    );
    assert_eq!(refused(|| install(&root_json(2, &keys, &[&keys[0], &keys[1]]))), "Invalid");
    assert_eq!(
        refused(|| repository::install_first_root(&first_root(), Some(&[9; 32]))),
        "Invalid",
        "it does not name this canister"
    );
    assert_eq!(refused(|| install(b"{}")), "Invalid");
}

#[test]
fn the_next_root_needs_the_keys_of_both() {
    install();
    install_root();
    let (old, new) = (root_keys(60), root_keys(70));
    assert_eq!(refused_root(&root_json(2, &new, &[&new[0], &new[1]])), "WrongSignature", "the old keys did not agree");
    assert_eq!(refused_root(&root_json(2, &new, &[&old[0], &old[1]])), "WrongSignature", "the new keys did not agree");
    assert_eq!(
        refused_root(&root_json(3, &new, &[&old[0], &old[1], &new[0], &new[1]])),
        "Invalid",
        "a version is left out"
    );
    system::set_caller(governor());
    let next = root_json(2, &new, &[&old[0], &old[1], &new[0], &new[1]]);
    repository::publish_root(&next, &public(&online())).unwrap();
    assert_eq!(repository::file("tuf/2.root.json"), Some(next));
    assert_eq!(repository::publication().root_version, 2);
    system::set_now(system::now() + 400 * 24 * HOUR);
    let late = root_json(3, &new, &[&new[0], &new[1]]);
    repository::publish_root(&late, &public(&online())).unwrap();
}

#[test]
fn an_expired_root_is_refused() {
    install();
    let bytes = first_root();
    system::set_now(system::now() + 366 * 24 * HOUR);
    assert_eq!(refused(|| repository::install_first_root(&bytes, None)), "Invalid");
}

/// The same root with something changed before it is signed.
fn altered(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let keys = root_keys(60);
    let mut envelope: Value = serde_json::from_slice(&root_json(2, &keys, &[])).unwrap();
    change(&mut envelope["signed"]);
    signed_root(&envelope["signed"], &[&keys[0], &keys[1]])
}

#[test]
fn a_root_hides_no_further_key_for_a_role() {
    install();
    install_root();
    let stranger = public(&SigningKey::from_bytes(&[99; 32]));
    let (own, id) = (roles::key_id(&public(&online())), roles::key_id(&stranger));
    for role in ["targets", "snapshot", "timestamp"] {
        let both = altered(|signed| {
            signed["keys"][&id] = roles::key(&stranger);
            signed["roles"][role]["keyids"] = json!([own, id]);
        });
        assert_eq!(refused_root(&both), "Invalid", "{role} may be signed by a stranger too");
        let twice = altered(|signed| signed["roles"][role]["keyids"] = json!([own, own]));
        assert_eq!(refused_root(&twice), "Invalid", "{role} names its key twice");
    }
    assert_eq!(refused_root(&altered(|signed| signed["keys"][&id] = roles::key(&stranger))), "Invalid");
    let role = altered(|signed| signed["roles"]["mirrors"] = json!({"keyids": [own], "threshold": 1}));
    assert_eq!(refused_root(&role), "Invalid", "a role that nobody expects");
}

#[test]
fn a_root_key_counts_once_and_stands_under_its_own_id() {
    install();
    install_root();
    let first = roles::key_id(&public(&root_keys(60)[0]));
    let stranger = public(&SigningKey::from_bytes(&[99; 32]));
    let twice = altered(|signed| signed["roles"]["root"]["keyids"][2] = json!(first));
    assert_eq!(refused_root(&twice), "Invalid", "one holder would count for two");
    let swapped = altered(|signed| signed["keys"][&first] = roles::key(&stranger));
    assert_eq!(refused_root(&swapped), "Invalid", "another key under a known id");
    let beyond = altered(|signed| signed["roles"]["root"]["threshold"] = json!(4));
    assert_eq!(refused_root(&beyond), "Invalid", "a threshold that nobody can meet");
    let own = altered(|signed| {
        signed["roles"]["root"]["keyids"][2] = json!(roles::key_id(&public(&online())));
    });
    assert_eq!(refused_root(&own), "Invalid", "the canister's key is no root key");
}

#[test]
fn voters_read_whose_keys_a_root_brings_and_takes_away() {
    install();
    install_root();
    let (old, new) = (root_keys(60), root_keys(61));
    let root = root_json(2, &new, &[&old[0], &old[1], &new[0], &new[1], &new[2]]);
    let next = repository::checked_root(&root, &public(&online())).unwrap();
    let words = next.in_words(repository::served_root().as_ref());
    let id = |key: &SigningKey| roles::key_id(&public(key));
    assert!(words.contains(&format!("New among them: {}.", id(&new[2]))), "{words}");
    assert!(words.contains(&format!("No longer: {}.", id(&old[0]))), "{words}");
    assert!(words.contains("the signatures of 2 of these 3 keys"), "{words}");
}
