//! Contributors, their signed manifests and a canister for the tests.

pub use super::super::*;
pub use crate::buckets::ChunkSpec;
pub use crate::listing::{self, DatasetsAbout, FindDatasets};
pub use crate::memory;
pub use crate::registry::{Folders, Storage, S3};
pub use crate::rooms::CollectExpired;
pub use ed25519_dalek::{Signer, SigningKey};
pub use governed::{Parties, Peers};
pub use protocol::limits::PLAIN_CHUNK_BYTES;
pub use protocol::{canonical, document, hex, identity, merkle};
pub use serde_json::Value;
pub use std::future::Future;
pub use std::task::{Context, Poll, Waker};

pub const DAY: u64 = 24 * 3_600 * 1_000_000_000;
pub const WEEK: u64 = 7 * DAY;

pub fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 10])
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub fn der(key: &SigningKey) -> String {
    hex::encode(&identity::der_of(key.verifying_key().as_bytes()))
}

pub fn contributor(n: u8) -> Principal {
    identity::principal_of(&der(&key(n))).unwrap()
}

pub fn bucket() -> Principal {
    principal(50)
}

pub fn canister() {
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
        submission_seconds: None,
        deposit_e8s_per_mib: None,
    };
    settings::set(&init);
    governed::parties::open(memory::get(memory::PARTIES), Some(Parties { governor: principal(1), peers }));
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

/// Hash and size of the stored chunks of two files: two chunks and one.
pub fn chunks() -> Vec<([u8; 32], u32)> {
    vec![([1; 32], PLAIN_CHUNK_BYTES as u32 + 16), ([2; 32], 10 + 16), ([3; 32], 16)]
}

pub fn root(hashes: &[[u8; 32]]) -> String {
    hex::encode(&merkle::root(hashes))
}

pub fn manifest(n: u8) -> Value {
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

pub fn signed(value: &Value, n: u8) -> Register {
    let bytes = canonical::bytes(value).unwrap();
    let signature = key(n).sign(&document::signing_bytes(&bytes).unwrap()).to_bytes();
    Register { manifest: ByteBuf::from(bytes), signature: ByteBuf::from(signature) }
}

pub fn reserved(n: u8) -> [u8; 32] {
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
pub fn alone<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("it asks another canister"),
    }
}

pub fn state() -> (Vec<Dataset>, u64) {
    (registry::list(registry::ListDatasets { after: None, limit: 100, status: None }), audit::tip().length)
}

pub fn refused<T: std::fmt::Debug>(arm: &str, subject: &str, call: impl Future<Output = Result<T, Error>>) {
    let before = state();
    let error = alone(call).expect_err(arm);
    assert_eq!((error.arm(), error.why().subject.as_str()), (arm, subject), "{error}");
    assert!(!error.why().remedy.is_empty());
    assert_eq!(state(), before, "nothing changes");
}

/// Registers without other canisters: the part after their answers.
pub fn taken_in(n: u8) -> Dataset {
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
pub fn wait(nanoseconds: u64) {
    system::set_now(system::now() + nanoseconds);
}

/// What a call answers by itself; None: it asks another canister first, which ends it here.
pub fn answered<T>(call: impl Future<Output = T>) -> Option<T> {
    let poll = std::panic::AssertUnwindSafe(|| std::pin::pin!(call).poll(&mut Context::from_waker(Waker::noop())));
    match std::panic::catch_unwind(poll) {
        Ok(Poll::Ready(answer)) => Some(answer),
        Ok(Poll::Pending) | Err(_) => None,
    }
}

/// A collection; None: there is something to erase, and its bucket is asked to.
pub fn collected() -> Option<rooms::Collected> {
    answered(rooms::collect(principal(9), CollectExpired { after: None, limit: 100 }))
}
