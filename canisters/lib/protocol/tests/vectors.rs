//! The vectors that TypeScript and Rust share.

use candid::Principal;
use protocol::{canonical, cohort, dataset, document, functions, hex, limits, merkle, operator, votes};
use serde_json::Value;

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/../../../protocol/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}.json: {e}; the protocol package makes it"));
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("a list of vectors");
    assert!(!vectors.is_empty());
    vectors
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{field} is text in {vector}"))
}

fn bytes<const N: usize>(vector: &Value, field: &str) -> [u8; N] {
    hex::decode_exact(text(vector, field)).unwrap_or_else(|| panic!("{field} is {N} bytes of hex in {vector}"))
}

fn principal(vector: &Value) -> Principal {
    let written = text(vector, "principal");
    Principal::from_text(written).unwrap_or_else(|_| Principal::from_slice(&hex::decode(written).expect("text or hex")))
}

#[test]
fn merkle_roots() {
    for vector in vectors("merkle") {
        let leaves: Vec<[u8; 32]> = vector["leaves"]
            .as_array()
            .expect("leaves")
            .iter()
            .map(|leaf| hex::decode_exact(leaf.as_str().unwrap()).expect("32 bytes"))
            .collect();
        assert_eq!(merkle::root(&leaves), bytes::<32>(&vector, "root"), "{vector}");
    }
}

#[test]
fn documents() {
    for vector in vectors("documents") {
        let bytes = text(&vector, "document").as_bytes();
        assert_eq!(document::id(bytes).unwrap(), text(&vector, "id"));
        document::verify(bytes, &hex::decode(text(&vector, "signature")).unwrap(), text(&vector, "publicKey")).unwrap();
    }
}

#[test]
fn uids() {
    for vector in vectors("uid") {
        assert_eq!(dataset::uid(&principal(&vector), &bytes(&vector, "salt")), bytes::<32>(&vector, "uid"));
    }
}

#[test]
fn cohorts() {
    for vector in vectors("cohort") {
        let seed = vector["seed"].as_str().map(|seed| hex::decode(seed).unwrap());
        let position =
            cohort::position(seed.as_deref(), text(&vector, "release").parse().unwrap(), &principal(&vector));
        assert_eq!(position.to_string(), text(&vector, "position"));
    }
}

#[test]
fn canonical_forms() {
    for vector in vectors("canonical") {
        let read =
            serde_json::from_str::<Value>(text(&vector, "input")).ok().and_then(|value| canonical::bytes(&value).ok());
        assert_eq!(
            read.map(|bytes| String::from_utf8(bytes).unwrap()).as_deref(),
            vector["canonical"].as_str(),
            "{vector}"
        );
    }
}

#[test]
fn mutated_documents_are_canonical_or_not_as_in_typescript() {
    vectors::hold_to_mutants("canonical", |document| canonical::parse(document).map(|_| ()));
}

#[test]
fn operator_tokens() {
    use protocol::operator::{job_state, read, release_state, Ask, Token};
    let now = 1_800_000_000_000_000_001;
    for vector in vectors("operator") {
        let token = Token {
            document: text(&vector, "document").as_bytes().to_vec(),
            signature: hex::decode(text(&vector, "signature")).unwrap(),
        };
        let audience = Principal::from_text(text(&vector, "audience")).unwrap();
        let action = serde_json::from_value(vector["action"].clone()).expect("an action");
        let Some(object) = vector["object"].as_str() else {
            let refused = read(&token, &Ask { action, object: "workflow", audience, now }).unwrap_err();
            assert_eq!(refused.subject(), "type", "the first version is read, and allows nothing");
            assert!(refused.message().contains("first version"), "{}", refused.message());
            continue;
        };
        let said = read(&token, &Ask { action, object, audience, now }).unwrap();
        assert_eq!(said.operator.to_text(), text(&vector, "operator"));
        assert_eq!(said.state, text(&vector, "state"));
    }
    assert_eq!(release_state("rolling", 1, 2), "rolling/1/2");
    assert_eq!(job_state("granted", 1_800_000_000_000_000_000), "granted/1800000000000000000");
}

#[test]
fn operations() {
    let of = |vector: &Value| serde_json::from_value::<operator::Action>(vector["action"].clone()).expect("an action");
    let mut known: Vec<_> = vectors("operations").iter().map(of).collect();
    known.sort();
    known.dedup();
    assert_eq!(known.len(), operator::ACTIONS);
}

#[test]
fn outcomes_of_votes() {
    use votes::Outcome::{Adopted, Executed, Failed, Open, Rejected, Withdrawn};
    for vector in vectors("votes") {
        let number = |field: &str| text(&vector, field).parse::<u64>().expect("a number");
        let flag = |field: &str| vector[field].as_bool().expect("true or false");
        let count = votes::Count {
            yes: number("yes"),
            no: number("no"),
            total: number("total"),
            quorum_basis_points: number("quorum"),
        };
        assert_eq!(count.is_carried(), flag("carried"), "{vector}");
        assert_eq!(count.is_settled(), flag("settled"), "{vector}");
        let standing = votes::Standing {
            count,
            decided: flag("decided"),
            executed: flag("executed"),
            failed: flag("failed"),
            withdrawn: flag("withdrawn"),
        };
        let outcome = match standing.outcome() {
            Open => "open",
            Rejected => "rejected",
            Adopted => "adopted",
            Executed => "executed",
            Failed => "failed",
            Withdrawn => "withdrawn",
        };
        assert_eq!(outcome, text(&vector, "outcome"), "{vector}");
        assert_eq!(i64::from(votes::WITHDRAWN_ERROR), vector["withdrawnError"]);
    }
}

#[test]
fn function_ids() {
    let table = vectors("governed");
    let id = |method: &str| {
        let row = table.iter().find(|row| text(row, "method") == method);
        row.and_then(|row| row["id"].as_u64()).unwrap_or_else(|| panic!("{method} stands in the table"))
    };
    assert_eq!(functions::MOTION, id("motion"));
    assert_eq!(functions::ACCEPT_DATASET, id("accept_dataset"));
    assert_eq!(functions::ADOPT_CHECKPOINT, id("adopt_checkpoint"));
    let stops = table.iter().filter(|row| row["lane"] == "stop").filter_map(|row| row["id"].as_u64());
    assert_eq!(
        functions::STOPS.to_vec(),
        stops.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );
}

#[test]
fn blames() {
    for vector in vectors("blame") {
        let said = text(&vector, "text");
        assert_eq!(protocol::blame::of(said), vector["code"].as_str(), "{vector}");
        assert_eq!(protocol::blame::device_of(said).map(|(code, _)| code), vector["device"].as_str(), "{vector}");
        assert_eq!(protocol::blame::is_code(said), vector["isFailure"] == true, "{vector}");
    }
    let codes = |field: &str| {
        let mut codes: Vec<String> =
            vectors("blame").iter().filter_map(|vector| vector[field].as_str().map(String::from)).collect();
        codes.sort();
        codes.dedup();
        codes
    };
    assert_eq!(codes("code"), protocol::blame::BLAMES);
    assert_eq!(codes("device"), protocol::blame::DEVICE);
}

#[test]
fn sizes() {
    let ours = [
        ("CHUNK_TAG_BYTES", limits::CHUNK_TAG_BYTES),
        ("COLLECT_LIMIT", limits::COLLECT_LIMIT),
        ("MAX_CHANNEL_NAME_BYTES", limits::MAX_CHANNEL_NAME_BYTES),
        ("MAX_CHECKPOINT_BYTES", limits::MAX_CHECKPOINT_BYTES),
        ("MAX_CHUNK_BYTES", limits::MAX_CHUNK_BYTES),
        ("MAX_APPROVAL_BYTES", limits::MAX_APPROVAL_BYTES),
        ("MAX_JOB_DATASETS", limits::MAX_JOB_DATASETS),
        ("MAX_DATASET_CHUNKS", limits::MAX_DATASET_CHUNKS),
        ("MAX_DOCUMENT_DEPTH", limits::MAX_DOCUMENT_DEPTH),
        ("MAX_MANIFEST_BYTES", limits::MAX_MANIFEST_BYTES),
        ("MAX_OPERATOR_TOKEN_SECONDS", limits::MAX_OPERATOR_TOKEN_SECONDS as usize),
        ("MAX_PAYLOAD_BYTES", limits::MAX_PAYLOAD_BYTES),
        ("MAX_PODS", limits::MAX_PODS),
        ("MAX_POD_NAME_BYTES", limits::MAX_POD_NAME_BYTES),
        ("MAX_PROPOSAL_REFERENCE_BYTES", limits::MAX_PROPOSAL_REFERENCE_BYTES),
        ("MAX_RECIPE_BYTES", limits::MAX_RECIPE_BYTES),
        ("MAX_REFERENCE_BYTES", limits::MAX_REFERENCE_BYTES),
        ("MAX_RELEASE_REASON_BYTES", limits::MAX_RELEASE_REASON_BYTES),
        ("MAX_SOAK_SECONDS", limits::MAX_SOAK_SECONDS as usize),
        ("MAX_SUMMARY_BYTES", limits::MAX_SUMMARY_BYTES),
        ("MAX_TITLE_BYTES", limits::MAX_TITLE_BYTES),
        ("MAX_TYPE_BYTES", limits::MAX_TYPE_BYTES),
        ("MAX_VOUCHER_SECONDS", limits::MAX_VOUCHER_SECONDS as usize),
        ("MAX_WAVES", limits::MAX_WAVES),
        ("PAGE_LIMIT", limits::PAGE_LIMIT),
        ("PLAIN_CHUNK_BYTES", limits::PLAIN_CHUNK_BYTES),
    ];
    for vector in vectors("limits") {
        let name = text(&vector, "name");
        let (_, value) = ours.iter().find(|(ours, _)| *ours == name).unwrap_or_else(|| panic!("{name} is here too"));
        assert_eq!(*value as u64, vector["value"].as_u64().expect("a number"), "{name}");
    }
    assert_eq!(ours.len(), vectors("limits").len());
}
