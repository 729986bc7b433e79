//! Rooms in buckets: which bucket holds which dataset's chunks, and new buckets when none has room.

use crate::errors::{bucket_api, busy, of_bucket, Error};
use crate::rooms::{self, Room};
use crate::{memory, settings};
use candid::{CandidType, Deserialize, Encode, Principal};
use governed::{why, Lock};
use ic_cdk::management_canister as management;
use ic_stable_structures::{StableBTreeMap, StableCell};
use protocol::limits::{MAX_CHUNK_BYTES, MAX_DATASET_CHUNKS};
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use stored::{Cbor, Memory};

/// The largest Wasm of a bucket, in bytes.
const WASM_LIMIT: usize = 8 << 20;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ChunkSpec {
    pub sha256: ByteBuf,
    pub bytes: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Reserve {
    pub salt: ByteBuf,
    pub chunks: Vec<ChunkSpec>,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    pub bucket: Principal,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct BucketView {
    pub bucket: Principal,
    pub reserved_bytes: u64,
}

thread_local! {
    static BUCKETS: RefCell<StableBTreeMap<Principal, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::BUCKETS)));
    static WASM: RefCell<StableCell<Vec<u8>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::BUCKET_WASM), vec![]));
    static STAGED: RefCell<StableCell<Vec<u8>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::STAGED_WASM), vec![]));
    static SPARE: RefCell<StableBTreeMap<Principal, bool, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::SPARE_CANISTERS)));
    static EMPTY: RefCell<StableCell<Cbor<Option<Principal>>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::EMPTY_CANISTER), Cbor(None)));
}

/// A digest over hashes and sizes of chunks.
pub fn digest(chunks: &[([u8; 32], u32)]) -> [u8; 32] {
    let bytes: Vec<u8> =
        chunks.iter().flat_map(|(sha256, bytes)| sha256.iter().copied().chain(bytes.to_be_bytes())).collect();
    protocol::sha256(&[&bytes])
}

/// A reservation whose shape is right.
#[derive(Debug)]
pub struct Wanted {
    pub uid: [u8; 32],
    pub chunks: Vec<([u8; 32], u32)>,
    pub bytes: u64,
}

/// Checks a reservation by itself.
pub fn wanted(caller: &Principal, reserve: &Reserve) -> Result<Wanted, Error> {
    let salt: [u8; 16] = reserve.salt.as_slice().try_into().map_err(|_| {
        Error::Invalid(why("salt", format!("it has {} bytes", reserve.salt.len()), "choose 16 random bytes"))
    })?;
    if reserve.chunks.is_empty() || reserve.chunks.len() > MAX_DATASET_CHUNKS {
        let message = format!("{} are named, and 1 to {} are allowed", reserve.chunks.len(), MAX_DATASET_CHUNKS);
        return Err(Error::LimitExceeded(why("chunks", message, "split the recordings into several datasets")));
    }
    let mut chunks = vec![];
    for (index, chunk) in reserve.chunks.iter().enumerate() {
        if chunk.bytes as usize > MAX_CHUNK_BYTES {
            let message = format!("it has {} bytes, and at most {MAX_CHUNK_BYTES} are allowed", chunk.bytes);
            return Err(Error::LimitExceeded(why(
                format!("chunks[{index}]"),
                message,
                "cut the file into smaller chunks",
            )));
        }
        let sha256: [u8; 32] = chunk.sha256.as_slice().try_into().map_err(|_| {
            Error::Invalid(why(
                format!("chunks[{index}].sha256"),
                format!("it has {} bytes", chunk.sha256.len()),
                "send the SHA-256 of 32 bytes",
            ))
        })?;
        chunks.push((sha256, chunk.bytes));
    }
    let bytes = chunks.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
    let capacity = settings::get().bucket_capacity_bytes;
    if bytes > capacity {
        let message = format!("they have {bytes} bytes, and a bucket holds {capacity}");
        return Err(Error::LimitExceeded(why("chunks", message, "split the recordings into several datasets")));
    }
    Ok(Wanted { uid: protocol::dataset::uid(caller, &salt), chunks, bytes })
}

/// The room a repeat gets: the same for the same chunks.
pub fn first_room(wanted: &Wanted) -> Result<Option<Room>, Error> {
    match rooms::find(&wanted.uid) {
        None => Ok(None),
        Some(room) if room.digest == digest(&wanted.chunks) => Ok(Some(room)),
        Some(_) => {
            let subject = format!("dataset {}", protocol::hex::encode(&wanted.uid));
            Err(Error::AlreadyExists(why(
                subject,
                "room was reserved under this salt for other chunks",
                "choose a new salt",
            )))
        }
    }
}

/// Finds or creates a bucket, promises room there, and remembers it. The caller holds the dataset's lock.
pub async fn take_room(uploader: Principal, wanted: &Wanted) -> Result<Reserved, Error> {
    let bucket = match with_room(wanted.bytes) {
        Some(bucket) => bucket,
        None => create(uploader).await?,
    };
    // Promised before the call, so that reservations made meanwhile do not count on the same bytes.
    promise(bucket, wanted.bytes as i64);
    let answer = ask_reserve(bucket, uploader, wanted).await;
    if let Err(error) = answer {
        promise(bucket, -(wanted.bytes as i64));
        return Err(error);
    }
    let hashes: Vec<[u8; 32]> = wanted.chunks.iter().map(|(sha256, _)| *sha256).collect();
    let room = Room {
        bucket,
        digest: digest(&wanted.chunks),
        merkle_root: protocol::merkle::root(&hashes),
        bytes: wanted.bytes,
        reserved_at: system::now(),
    };
    rooms::keep(&wanted.uid, room);
    audit::append_as(
        uploader,
        json!({
            "type": "reserved",
            "uid": protocol::hex::encode(&wanted.uid),
            "bucket": bucket.to_text(),
            "bytes": wanted.bytes
        }),
    );
    Ok(Reserved { bucket })
}

async fn ask_reserve(bucket: Principal, uploader: Principal, wanted: &Wanted) -> Result<(), Error> {
    #[derive(CandidType)]
    struct AskReserve {
        uid: ByteBuf,
        uploader: Principal,
        chunks: Vec<ChunkSpec>,
    }
    let chunks = wanted
        .chunks
        .iter()
        .map(|(sha256, bytes)| ChunkSpec { sha256: ByteBuf::from(*sha256), bytes: *bytes })
        .collect();
    let arg = AskReserve { uid: ByteBuf::from(wanted.uid), uploader, chunks };
    let answer: Result<(), bucket_api::Error> = system::ask(bucket, "reserve", (arg,)).await?;
    answer.map_err(of_bucket)
}

fn with_room(bytes: u64) -> Option<Principal> {
    let capacity = settings::get().bucket_capacity_bytes;
    BUCKETS
        .with_borrow(|buckets| {
            buckets.iter().map(|entry| entry.into_pair()).find(|(_, used)| used.saturating_add(bytes) <= capacity)
        })
        .map(|(bucket, _)| bucket)
}

fn promise(bucket: Principal, bytes: i64) {
    BUCKETS.with_borrow_mut(|buckets| {
        let reserved = buckets.get(&bucket).unwrap_or(0).saturating_add_signed(bytes);
        buckets.insert(bucket, reserved);
    });
}

/// Creates and installs a bucket; one at a time.
async fn create(caller: Principal) -> Result<Principal, Error> {
    let _lock = Lock::take("a new bucket").ok_or_else(|| busy("a new bucket"))?;
    let wasm = WASM.with_borrow(|wasm| wasm.get().clone());
    if wasm.is_empty() {
        return Err(Error::NotYet(why(
            "bucket",
            "no bucket has room, and there is no Wasm for a new one",
            "ask the operator to set the bucket's Wasm",
        )));
    }
    let settings = settings::get();
    let unavailable =
        |message: String| Error::Unavailable(why("bucket", message, "repeat the call; the canister may need cycles"));
    let bucket = match EMPTY.with_borrow(|empty| empty.get().0) {
        Some(bucket) => bucket,
        None if spare().is_some() => {
            let bucket = spare().expect("it was there");
            top_up(bucket, settings.bucket_cycles)
                .await
                .map_err(|e| unavailable(format!("{bucket} could not be made a bucket again: {e}")))?;
            SPARE.with_borrow_mut(|spare| spare.remove(&bucket));
            EMPTY.with_borrow_mut(|empty| empty.set(Cbor(Some(bucket))));
            bucket
        }
        None => {
            let created = management::create_canister_with_extra_cycles(
                &management::CreateCanisterArgs::default(),
                settings.bucket_cycles,
            )
            .await
            .map_err(|e| unavailable(format!("no new bucket could be created: {e}")))?;
            EMPTY.with_borrow_mut(|empty| empty.set(Cbor(Some(created.canister_id))));
            created.canister_id
        }
    };

    #[derive(CandidType)]
    struct BucketInit {
        datasets: Principal,
        capacity_bytes: u64,
    }
    let init = BucketInit { datasets: system::this_canister(), capacity_bytes: settings.bucket_capacity_bytes };
    let install = management::InstallCodeArgs {
        mode: management::CanisterInstallMode::Install,
        canister_id: bucket,
        wasm_module: wasm,
        arg: Encode!(&init).expect("the bucket's arguments encode"),
    };
    management::install_code(&install)
        .await
        .map_err(|e| unavailable(format!("the new bucket {bucket} could not be installed: {e}")))?;
    EMPTY.with_borrow_mut(|empty| empty.set(Cbor(None)));
    promise(bucket, 0);
    audit::append_as(caller, json!({"type": "bucketCreated", "bucket": bucket.to_text()}));
    Ok(bucket)
}

/// A canister that was a bucket and has neither code nor memory now.
fn spare() -> Option<Principal> {
    SPARE
        .with_borrow(|spare| spare.iter().map(|entry| entry.into_pair()).find(|(_, emptied)| *emptied))
        .map(|(bucket, _)| bucket)
}

/// Brings a canister to as many cycles as a new bucket gets.
async fn top_up(canister: Principal, cycles: u128) -> Result<(), String> {
    let status = management::canister_status(&management::CanisterStatusArgs { canister_id: canister })
        .await
        .map_err(|e| e.to_string())?;
    let held: u128 = status.cycles.0.try_into().unwrap_or(u128::MAX);
    if held < cycles {
        management::deposit_cycles(&management::DepositCyclesArgs { canister_id: canister }, cycles - held)
            .await
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Takes code and memory from buckets that hold nothing, all but one, and keeps the canisters for the next buckets:
/// without memory they cost nothing to speak of, while deleting them would burn what they cost to create and, unless
/// somebody fetched them before, their cycles.
pub async fn empty_surplus(caller: Principal) -> Vec<Principal> {
    // No bucket comes or goes meanwhile.
    let Some(_lock) = Lock::take("a new bucket") else { return vec![] };
    let idle: Vec<Principal> = BUCKETS.with_borrow(|buckets| {
        buckets.iter().filter(|entry| entry.value() == 0).map(|entry| *entry.key()).skip(1).collect()
    });
    for bucket in idle {
        // Off the list first: from here on no room is promised in it.
        BUCKETS.with_borrow_mut(|buckets| buckets.remove(&bucket));
        SPARE.with_borrow_mut(|spare| spare.insert(bucket, false));
    }
    let unfinished: Vec<Principal> =
        SPARE.with_borrow(|spare| spare.iter().filter(|entry| !entry.value()).map(|entry| *entry.key()).collect());
    let mut emptied = vec![];
    for bucket in unfinished {
        // Its audit log goes with its memory; ours keeps the log's end, against which a copy can be checked.
        let Ok(tip) = system::ask::<_, LogEnd>(bucket, "audit_tip", ()).await else { continue };
        if management::uninstall_code(&management::UninstallCodeArgs { canister_id: bucket }).await.is_err() {
            continue;
        }
        SPARE.with_borrow_mut(|spare| spare.insert(bucket, true));
        audit::append_as(
            caller,
            json!({
                "type": "bucketEmptied",
                "bucket": bucket.to_text(),
                "auditLength": tip.length,
                "auditTip": protocol::hex::encode(&tip.hash)
            }),
        );
        emptied.push(bucket);
    }
    emptied
}

#[derive(CandidType, Deserialize)]
struct LogEnd {
    length: u64,
    hash: ByteBuf,
}

/// Seals a dataset's chunks in its bucket.
pub async fn seal(uid: &[u8; 32], room: &Room) -> Result<(), Error> {
    #[derive(CandidType)]
    struct Seal {
        uid: ByteBuf,
        merkle_root: ByteBuf,
    }
    let arg = Seal { uid: ByteBuf::from(*uid), merkle_root: ByteBuf::from(room.merkle_root) };
    let answer: Result<(), bucket_api::Error> = system::ask(room.bucket, "seal", (arg,)).await?;
    answer.map_err(of_bucket)
}

/// Lets `reader` read a dataset's chunks in `bucket` until a time, in nanoseconds.
pub async fn allow_reads(bucket: Principal, uid: ByteBuf, reader: Principal, until: u64) -> Result<(), Error> {
    #[derive(CandidType)]
    struct AllowReads {
        uid: ByteBuf,
        reader: Principal,
        until: u64,
    }
    let answer: Result<(), bucket_api::Error> =
        system::ask(bucket, "allow_reads", (AllowReads { uid, reader, until },)).await?;
    answer.map_err(of_bucket)
}

/// Ends what `reader` may read of a dataset in `bucket`, at a time in nanoseconds.
pub async fn end_reads(bucket: Principal, uid: ByteBuf, reader: Principal, until: u64) -> Result<(), Error> {
    #[derive(CandidType)]
    struct EndReads {
        uid: ByteBuf,
        reader: Principal,
        until: u64,
    }
    let answer: Result<(), bucket_api::Error> =
        system::ask(bucket, "end_reads", (EndReads { uid, reader, until },)).await?;
    answer.map_err(of_bucket)
}

/// Overwrites a dataset's chunks and gives its room back. The salt can then be reserved anew.
pub async fn erase(uid: &[u8; 32]) -> Result<(), Error> {
    let Some(room) = rooms::find(uid) else { return Ok(()) };
    let answer: Result<(), bucket_api::Error> = system::ask(room.bucket, "erase", (ByteBuf::from(*uid),)).await?;
    answer.map_err(of_bucket)?;
    rooms::forget(uid);
    promise(room.bucket, -(room.bytes as i64));
    Ok(())
}

/// Appends a part of a bucket's Wasm; returns the bytes so far.
pub fn append_wasm(part: &[u8]) -> Result<u64, Error> {
    let mut staged = STAGED.with_borrow(|staged| staged.get().clone());
    if staged.len() + part.len() > WASM_LIMIT {
        STAGED.with_borrow_mut(|cell| cell.set(vec![]));
        return Err(Error::LimitExceeded(why(
            "wasm",
            format!("it would have more than {WASM_LIMIT} bytes; what was appended is dropped"),
            "start again with a smaller module",
        )));
    }
    staged.extend_from_slice(part);
    let length = staged.len() as u64;
    STAGED.with_borrow_mut(|cell| cell.set(staged));
    Ok(length)
}

/// Drops what was appended.
pub fn drop_staged() {
    STAGED.with_borrow_mut(|cell| cell.set(vec![]));
}

/// Makes what was appended, followed by `rest`, the Wasm of new buckets; returns its SHA-256.
pub fn set_wasm(rest: &[u8]) -> Result<[u8; 32], Error> {
    let wasm = staged_with(rest)?;
    let sha256 = protocol::sha256(&[&wasm]);
    keep_wasm(wasm, sha256)
}

/// The same, if that is the module of this hash.
pub fn set_wasm_of(rest: &[u8], wanted: &[u8; 32]) -> Result<[u8; 32], Error> {
    let wasm = staged_with(rest)?;
    let sha256 = protocol::sha256(&[&wasm]);
    if sha256 != *wanted {
        let message = "its parts do not make up the module that was voted for; they are dropped";
        return Err(Error::WrongHash(why("wasm", message, "propose the module anew")));
    }
    keep_wasm(wasm, sha256)
}

fn staged_with(rest: &[u8]) -> Result<Vec<u8>, Error> {
    append_wasm(rest)?;
    Ok(STAGED.with_borrow_mut(|cell| cell.set(vec![])))
}

fn keep_wasm(wasm: Vec<u8>, sha256: [u8; 32]) -> Result<[u8; 32], Error> {
    if !(wasm.starts_with(b"\0asm") || wasm.starts_with(&[0x1f, 0x8b])) {
        return Err(Error::Invalid(why(
            "wasm",
            "it is no Wasm module, raw or gzipped; what was appended is dropped",
            "upload the bucket's module",
        )));
    }
    WASM.with_borrow_mut(|cell| cell.set(wasm));
    audit::append(json!({"type": "bucketWasmSet", "sha256": protocol::hex::encode(&sha256)}));
    Ok(sha256)
}

pub fn wasm() -> Vec<u8> {
    WASM.with_borrow(|wasm| wasm.get().clone())
}

/// SHA-256 of the Wasm that new buckets get.
pub fn wasm_hash() -> Option<[u8; 32]> {
    WASM.with_borrow(|wasm| (!wasm.get().is_empty()).then(|| protocol::sha256(&[wasm.get()])))
}

/// How many bytes are promised in a bucket; None for what is none.
pub fn held(bucket: &Principal) -> Option<u64> {
    BUCKETS.with_borrow(|buckets| buckets.get(bucket))
}

/// All buckets.
pub fn list() -> Vec<BucketView> {
    BUCKETS.with_borrow(|buckets| {
        buckets
            .iter()
            .map(|entry| BucketView { bucket: *entry.key(), reserved_bytes: entry.value() })
            .take(governed::PAGE_LIMIT)
            .collect()
    })
}

#[cfg(test)]
pub fn remember(uid: [u8; 32], room: Room) {
    promise(room.bucket, room.bytes as i64);
    rooms::keep(&uid, room);
}
