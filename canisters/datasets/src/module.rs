//! The Wasm of buckets, once nobody is a controller any more: a vote names it by its hash and the hashes of its parts;
//! then anybody brings those parts, and nothing else is kept. Another vote brings one bucket after the other to it.

use crate::buckets;
use crate::errors::{busy, Error};
use crate::memory;
use candid::{CandidType, Deserialize, Principal};
use governed::{why, Lock};
use ic_cdk::management_canister as management;
use ic_stable_structures::StableCell;
use protocol::hex;
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// The most parts of a module; a message carries less than 2 MiB.
const PARTS_LIMIT: usize = 16;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AdoptBucketWasm {
    pub wasm_hash: ByteBuf,
    /// SHA-256 of each part, in order.
    pub part_hashes: Vec<ByteBuf>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct UpgradeBucket {
    pub bucket: Principal,
    /// Of the Wasm that new buckets get now.
    pub wasm_hash: ByteBuf,
}

/// A module that was voted for, and how many of its parts are here.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub wasm_hash: ByteBuf,
    pub part_hashes: Vec<ByteBuf>,
    pub delivered: u32,
}

thread_local! {
    static EXPECTED: RefCell<StableCell<Cbor<Option<Expected>>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::EXPECTED_WASM), Cbor(None)));
}

pub fn expected() -> Option<Expected> {
    EXPECTED.with_borrow(|cell| cell.get().0.clone())
}

fn expect(module: Option<Expected>) {
    EXPECTED.with_borrow_mut(|cell| cell.set(Cbor(module)));
}

pub fn checked(adopt: &AdoptBucketWasm) -> Result<(), Error> {
    if !(1..=PARTS_LIMIT).contains(&adopt.part_hashes.len()) {
        let message = format!("there are {}, and 1 to {PARTS_LIMIT} are allowed", adopt.part_hashes.len());
        return Err(Error::LimitExceeded(why("part_hashes", message, "cut the module into larger parts")));
    }
    match adopt.part_hashes.iter().chain([&adopt.wasm_hash]).all(|hash| hash.len() == 32) {
        true => Ok(()),
        false => Err(Error::Invalid(why("hash", "a SHA-256 has 32 bytes", "hash the module and its parts"))),
    }
}

pub fn in_words(adopt: &AdoptBucketWasm) -> String {
    format!(
        "New buckets get the Wasm module {}, which anybody then brings in {} parts. Buckets that are there keep theirs \
         until upgrade_bucket is voted for each.",
        hex::encode(&adopt.wasm_hash),
        adopt.part_hashes.len()
    )
}

/// Waits for a module that was voted for. Called by the governor; another one that was waited for is given up.
pub fn adopt(caller: Principal, adopt: AdoptBucketWasm) -> Result<(), Error> {
    checked(&adopt)?;
    buckets::drop_staged();
    audit::append_as(caller, json!({"type": "bucketWasmAdopted", "sha256": hex::encode(&adopt.wasm_hash)}));
    expect(Some(Expected { wasm_hash: adopt.wasm_hash, part_hashes: adopt.part_hashes, delivered: 0 }));
    Ok(())
}

/// Takes the next part of what was voted for, whoever brings it; the last one makes it the Wasm of new buckets. A part
/// that came before is taken as said. Returns how many are here.
pub fn deliver(part: &[u8]) -> Result<u32, Error> {
    let nothing = "have a vote adopt it first: adopt_bucket_wasm";
    let module = expected().ok_or_else(|| Error::NotYet(why("wasm", "no module is waited for", nothing)))?;
    let hash = protocol::sha256(&[part]);
    let done = module.delivered as usize;
    if module.part_hashes[..done].iter().any(|before| before[..] == hash) {
        return Ok(module.delivered);
    }
    if module.part_hashes.get(done).is_none_or(|wanted| wanted[..] != hash) {
        let message = format!("part {done} of the module that was voted for has another hash");
        return Err(Error::WrongHash(why("wasm", message, "bring its parts in order, as the proposal names them")));
    }
    if done + 1 < module.part_hashes.len() {
        buckets::append_wasm(part)?;
        expect(Some(Expected { delivered: module.delivered + 1, ..module.clone() }));
        return Ok(module.delivered + 1);
    }
    let wanted: [u8; 32] = module.wasm_hash[..].try_into().expect("it was checked before the vote");
    expect(None);
    buckets::set_wasm_of(part, &wanted)?;
    Ok(module.delivered + 1)
}

/// The bucket that a vote would upgrade, and how many bytes of chunks it holds.
pub fn upgradable(upgrade: &UpgradeBucket) -> Result<u64, Error> {
    let held = buckets::held(&upgrade.bucket)
        .ok_or_else(|| Error::NotFound(why(upgrade.bucket, "it is no bucket of this canister", "see list_buckets")))?;
    match buckets::wasm_hash() {
        Some(hash) if hash[..] == upgrade.wasm_hash[..] => Ok(held),
        hash => {
            let message = format!("new buckets get {}", hash.map_or("none".into(), |hash| hex::encode(&hash)));
            Err(Error::WrongHash(why("wasm_hash", message, "adopt and bring the module first: adopt_bucket_wasm")))
        }
    }
}

pub fn upgrade_in_words(upgrade: &UpgradeBucket, held: u64) -> String {
    format!(
        "Upgrade bucket {}, which holds {held} bytes of chunks, to the Wasm module {}. It answers nobody meanwhile.",
        upgrade.bucket,
        hex::encode(&upgrade.wasm_hash)
    )
}

/// Brings one bucket to the Wasm of new buckets; its chunks stay. It is started again whatever happens.
pub async fn upgrade(caller: Principal, upgrade: &UpgradeBucket) -> Result<(), Error> {
    upgradable(upgrade)?;
    let thing = format!("bucket {}", upgrade.bucket);
    let _lock = Lock::take(&thing).ok_or_else(|| busy(&thing))?;
    let canister_id = upgrade.bucket;
    let failed = |what: &str, why_not: String| Error::Unavailable(why(&thing, format!("{what}: {why_not}"), "repeat"));
    management::stop_canister(&management::StopCanisterArgs { canister_id })
        .await
        .map_err(|error| failed("it could not be stopped", error.to_string()))?;
    let install = management::InstallCodeArgs {
        mode: management::CanisterInstallMode::Upgrade(None),
        canister_id,
        wasm_module: buckets::wasm(),
        arg: vec![],
    };
    let installed = management::install_code(&install).await;
    let started = management::start_canister(&management::StartCanisterArgs { canister_id }).await;
    installed.map_err(|error| failed("it keeps its module", error.to_string()))?;
    started.map_err(|error| failed("it could not be started again", error.to_string()))?;
    audit::append_as(
        caller,
        json!({
            "type": "bucketUpgraded",
            "bucket": canister_id.to_text(),
            "sha256": hex::encode(&upgrade.wasm_hash)
        }),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bytes: &[u8]) -> ByteBuf {
        ByteBuf::from(protocol::sha256(&[bytes]))
    }

    fn canister() {
        audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    }

    fn vote(parts: &[&[u8]]) -> AdoptBucketWasm {
        AdoptBucketWasm { wasm_hash: hash(&parts.concat()), part_hashes: parts.iter().map(|part| hash(part)).collect() }
    }

    const PARTS: [&[u8]; 2] = [b"\0asm\x01\0\0\0", b"the rest of it"];

    #[test]
    fn nobody_sets_the_wasm_of_buckets_without_a_vote() {
        canister();
        assert_eq!(deliver(b"\0asm evil").unwrap_err().arm(), "NotYet");
        assert_eq!(buckets::wasm_hash(), None);
    }

    #[test]
    fn what_was_voted_for_is_brought_by_anybody_and_nothing_else_is_kept() {
        canister();
        adopt(Principal::anonymous(), vote(&PARTS)).unwrap();
        assert_eq!(deliver(PARTS[1]).unwrap_err().arm(), "WrongHash", "the parts come in order");
        assert_eq!(deliver(b"\0asm evil").unwrap_err().arm(), "WrongHash");
        assert_eq!(deliver(PARTS[0]), Ok(1));
        assert_eq!(deliver(PARTS[0]), Ok(1), "a repeat changes nothing");
        assert_eq!(deliver(PARTS[1]), Ok(2));
        assert_eq!(buckets::wasm_hash().map(ByteBuf::from), Some(hash(&PARTS.concat())));
        assert_eq!(expected(), None);
    }

    #[test]
    fn parts_that_make_another_module_than_was_voted_for_leave_the_old_one() {
        canister();
        let lie = AdoptBucketWasm { wasm_hash: hash(b"something honest"), ..vote(&PARTS) };
        adopt(Principal::anonymous(), lie).unwrap();
        assert_eq!(deliver(PARTS[0]), Ok(1));
        assert_eq!(deliver(PARTS[1]).unwrap_err().arm(), "WrongHash");
        assert_eq!((buckets::wasm_hash(), expected()), (None, None));
    }

    #[test]
    fn a_bucket_is_upgraded_to_the_voted_wasm_only() {
        canister();
        let bucket = Principal::from_slice(&[9; 10]);
        let upgrade = |bucket| UpgradeBucket { bucket, wasm_hash: hash(&PARTS.concat()) };
        assert_eq!(upgradable(&upgrade(bucket)).unwrap_err().arm(), "NotFound");
        buckets::remember(
            [1; 32],
            crate::rooms::Room { bucket, digest: [0; 32], merkle_root: [0; 32], bytes: 5, reserved_at: 1 },
        );
        assert_eq!(upgradable(&upgrade(bucket)).unwrap_err().arm(), "WrongHash");
        adopt(Principal::anonymous(), vote(&PARTS)).unwrap();
        PARTS.iter().for_each(|part| _ = deliver(part).unwrap());
        assert_eq!(upgradable(&upgrade(bucket)), Ok(5));
    }
}
