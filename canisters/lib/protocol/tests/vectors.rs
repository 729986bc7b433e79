//! The vectors that TypeScript and Rust share.

use candid::Principal;
use protocol::{canonical, cohort, dataset, document, hex, merkle};
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
        let position = cohort::position(text(&vector, "release").parse().unwrap(), &principal(&vector));
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
fn operator_tokens() {
    use protocol::operator::{read, Action, Token};
    for (vector, action) in vectors("operator").iter().zip([Action::Pause, Action::SkipSoak, Action::ExtendDeadline]) {
        let token = Token {
            document: text(vector, "document").as_bytes().to_vec(),
            signature: hex::decode(text(vector, "signature")).unwrap(),
        };
        let statement =
            read(&token, action, Principal::from_text(text(vector, "audience")).unwrap(), 1_800_000_000_000_000_001)
                .unwrap();
        assert_eq!(statement.operator.to_text(), text(vector, "operator"));
    }
}
