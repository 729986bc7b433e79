//! What is promised and what is stored: a dataset's chunks are named by hash and size before the first one arrives.

use crate::errors::{no_dataset, uid_of, Error};
use crate::settings::{self, DatasetUid};
use crate::{leases, memory, space};
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::limits::{MAX_CHUNK_BYTES, MAX_DATASET_CHUNKS};
use serde::Serialize;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ChunkSpec {
    pub sha256: ByteBuf,
    pub bytes: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Reserve {
    pub uid: ByteBuf,
    pub uploader: Principal,
    pub chunks: Vec<ChunkSpec>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct PutChunk {
    pub uid: ByteBuf,
    pub index: u32,
    pub bytes: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct GetChunk {
    pub uid: ByteBuf,
    pub index: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Seal {
    pub uid: ByteBuf,
    pub merkle_root: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub capacity: u64,
    pub used: u64,
    pub reserved: u64,
    pub datasets: u64,
}

/// A dataset's room.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub uploader: Principal,
    pub offset: u64,
    pub bytes: u64,
    pub written: u64,
    pub chunks: u32,
    pub merkle_root: [u8; 32],
    pub sealed: bool,
}

/// Where a chunk lies and what it must be.
#[derive(Serialize, Deserialize, Clone, Debug)]
struct Place {
    sha256: [u8; 32],
    offset: u64,
    bytes: u32,
    stored: bool,
}

thread_local! {
    static RESERVATIONS: RefCell<StableBTreeMap<DatasetUid, Cbor<Reservation>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::RESERVATIONS)));
    static CHUNKS: RefCell<StableBTreeMap<Vec<u8>, Cbor<Place>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::CHUNKS)));
}

pub fn find(uid: &DatasetUid) -> Option<Reservation> {
    RESERVATIONS.with_borrow(|reservations| reservations.get(uid)).map(|record| record.0)
}

fn keep(uid: &DatasetUid, reservation: Reservation) {
    RESERVATIONS.with_borrow_mut(|reservations| reservations.insert(*uid, Cbor(reservation)));
}

fn key(uid: &DatasetUid, index: u32) -> Vec<u8> {
    [&uid[..], &index.to_be_bytes()].concat()
}

fn place(uid: &DatasetUid, index: u32) -> Option<Place> {
    CHUNKS.with_borrow(|chunks| chunks.get(&key(uid, index))).map(|record| record.0)
}

/// Promises room; a repeat with the same uploader and chunks changes nothing.
pub fn reserve(reserve: Reserve) -> Result<(), Error> {
    let uid = uid_of(&reserve.uid)?;
    let subject = format!("dataset {}", protocol::hex::encode(&uid));
    if reserve.chunks.is_empty() || reserve.chunks.len() > MAX_DATASET_CHUNKS {
        let message = format!("it has {} chunks, and 1 to {MAX_DATASET_CHUNKS} are allowed", reserve.chunks.len());
        return Err(Error::LimitExceeded(why(&subject, message, "split the recordings into several datasets")));
    }
    let mut specs = Vec::with_capacity(reserve.chunks.len());
    for (index, chunk) in reserve.chunks.iter().enumerate() {
        if chunk.bytes as usize > MAX_CHUNK_BYTES {
            let message = format!("it has {} bytes, and at most {MAX_CHUNK_BYTES} are allowed", chunk.bytes);
            return Err(Error::LimitExceeded(why(
                format!("chunk {index}"),
                message,
                "cut the file into smaller chunks",
            )));
        }
        let sha256: [u8; 32] = chunk.sha256.as_slice().try_into().map_err(|_| {
            Error::Invalid(why(
                format!("chunk {index}"),
                format!("its hash has {} bytes", chunk.sha256.len()),
                "send its SHA-256 of 32 bytes",
            ))
        })?;
        specs.push((sha256, chunk.bytes));
    }
    let bytes: u64 = specs.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
    let hashes: Vec<[u8; 32]> = specs.iter().map(|(sha256, _)| *sha256).collect();
    let merkle_root = protocol::merkle::root(&hashes);

    if let Some(first) = find(&uid) {
        let same = first.uploader == reserve.uploader && first.merkle_root == merkle_root && first.bytes == bytes;
        return if same {
            Ok(())
        } else {
            Err(Error::AlreadyExists(why(&subject, "it was reserved with other chunks", "choose a new salt")))
        };
    }
    let status = status();
    if status.reserved + bytes > status.capacity {
        let message = format!(
            "{bytes} bytes are asked for, and {} of {} are left",
            status.capacity - status.reserved,
            status.capacity
        );
        return Err(Error::LimitExceeded(why(&subject, message, "use another bucket")));
    }
    let Some(offset) = space::take(bytes) else {
        return Err(Error::LimitExceeded(why(
            &subject,
            "the network gives this bucket no more memory",
            "use another bucket",
        )));
    };

    let mut next = offset;
    CHUNKS.with_borrow_mut(|chunks| {
        for (index, (sha256, bytes)) in specs.into_iter().enumerate() {
            chunks.insert(key(&uid, index as u32), Cbor(Place { sha256, offset: next, bytes, stored: false }));
            next += u64::from(bytes);
        }
    });
    let chunks = hashes.len() as u32;
    keep(
        &uid,
        Reservation { uploader: reserve.uploader, offset, bytes, written: 0, chunks, merkle_root, sealed: false },
    );
    audit::append(json!({
        "type": "reserved",
        "uid": protocol::hex::encode(&uid),
        "uploader": reserve.uploader.to_text(),
        "chunks": chunks,
        "bytes": bytes
    }));
    Ok(())
}

/// Stores a chunk that hashes to what was reserved; a repeat changes nothing.
pub fn put_chunk(caller: Principal, put: PutChunk) -> Result<(), Error> {
    let uid = uid_of(&put.uid)?;
    let mut reservation = find(&uid).ok_or_else(|| no_dataset(&uid))?;
    let subject = format!("chunk {} of dataset {}", put.index, protocol::hex::encode(&uid));
    if caller != reservation.uploader {
        let message = format!("{caller} is not its uploader {}", reservation.uploader);
        return Err(Error::NotAuthorized(why(&subject, message, "upload with the identity that reserved the room")));
    }
    if put.bytes.len() > MAX_CHUNK_BYTES {
        let message = format!("it has {} bytes, and at most {MAX_CHUNK_BYTES} are allowed", put.bytes.len());
        return Err(Error::LimitExceeded(why(&subject, message, "cut the file into smaller chunks")));
    }
    let mut place = place(&uid, put.index).ok_or_else(|| {
        let message = format!("the reservation has {} chunks", reservation.chunks);
        Error::NotFound(why(&subject, message, "number the chunks from 0 in the order of the reservation"))
    })?;
    if put.bytes.len() != place.bytes as usize || protocol::sha256(&[&put.bytes]) != place.sha256 {
        let message = format!(
            "its {} bytes are not the {} bytes reserved with SHA-256 {}",
            put.bytes.len(),
            place.bytes,
            protocol::hex::encode(&place.sha256)
        );
        return Err(Error::WrongHash(why(&subject, message, "send the chunk as it was when the room was reserved")));
    }
    if place.stored {
        return Ok(());
    }
    if reservation.sealed {
        return Err(Error::Sealed(why(&subject, "the dataset is sealed", "nothing needs to be uploaded any more")));
    }

    space::write(place.offset, &put.bytes);
    place.stored = true;
    reservation.written += u64::from(place.bytes);
    CHUNKS.with_borrow_mut(|chunks| chunks.insert(key(&uid, put.index), Cbor(place)));
    keep(&uid, reservation);
    Ok(())
}

/// Indices of the reserved chunks that are not there yet.
pub fn missing(uid: &[u8]) -> Vec<u32> {
    let Some((uid, reservation)) = uid_of(uid).ok().and_then(|uid| Some((uid, find(&uid)?))) else { return vec![] };
    if reservation.sealed {
        return vec![];
    }
    (0..reservation.chunks).filter(|index| !place(&uid, *index).is_some_and(|place| place.stored)).collect()
}

/// Closes the dataset for writing; a repeat changes nothing.
pub fn seal(seal: Seal) -> Result<(), Error> {
    let uid = uid_of(&seal.uid)?;
    let mut reservation = find(&uid).ok_or_else(|| no_dataset(&uid))?;
    let subject = format!("dataset {}", protocol::hex::encode(&uid));
    if seal.merkle_root.as_slice() != reservation.merkle_root {
        let message = format!("its chunks have the Merkle root {}", protocol::hex::encode(&reservation.merkle_root));
        return Err(Error::WrongHash(why(
            &subject,
            message,
            "name the reserved chunks, in their order, in the manifest",
        )));
    }
    let missing = missing(&uid);
    if !missing.is_empty() {
        let named: Vec<String> = missing.iter().take(10).map(u32::to_string).collect();
        let message = format!("{} of {} chunks are not there: {}", missing.len(), reservation.chunks, named.join(", "));
        return Err(Error::MissingChunks(why(&subject, message, "upload what `missing` lists, then register again")));
    }
    if !reservation.sealed {
        reservation.sealed = true;
        keep(&uid, reservation);
        audit::append(json!({
            "type": "sealed",
            "uid": protocol::hex::encode(&uid),
            "merkleRoot": protocol::hex::encode(&seal.merkle_root)
        }));
    }
    Ok(())
}

/// A stored chunk, for its uploader or a reader whose lease lasts.
pub fn get_chunk(caller: Principal, now: u64, get: GetChunk) -> Result<ByteBuf, Error> {
    let uid = uid_of(&get.uid)?;
    let reservation = find(&uid).ok_or_else(|| no_dataset(&uid))?;
    let subject = format!("chunk {} of dataset {}", get.index, protocol::hex::encode(&uid));
    if caller != reservation.uploader {
        match leases::until(&uid, &caller) {
            None => {
                let message = format!("{caller} has no lease on it");
                return Err(Error::NotAuthorized(why(&subject, message, "ask the access canister for a grant")));
            }
            Some(until) if until <= now => {
                let message = format!("the lease of {caller} ended at {until} ns");
                return Err(Error::LeaseExpired(why(
                    &subject,
                    message,
                    "ask the access canister for a new job and grant",
                )));
            }
            Some(_) => {}
        }
    }
    match place(&uid, get.index) {
        Some(place) if place.stored => Ok(ByteBuf::from(space::read(place.offset, place.bytes))),
        _ => Err(Error::NotFound(why(&subject, "it is not stored here", "upload it first"))),
    }
}

/// Forgets a dataset, ends its leases and overwrites its bytes; a repeat changes nothing.
pub fn erase(uid: &[u8]) -> Result<(), Error> {
    let uid = uid_of(uid)?;
    let Some(reservation) = find(&uid) else { return Ok(()) };
    space::wipe(reservation.offset, reservation.bytes);
    space::give(reservation.offset, reservation.bytes);
    leases::end_all(&uid);
    CHUNKS.with_borrow_mut(|chunks| {
        for index in 0..reservation.chunks {
            chunks.remove(&key(&uid, index));
        }
    });
    RESERVATIONS.with_borrow_mut(|reservations| reservations.remove(&uid));
    audit::append(json!({"type": "erased", "uid": protocol::hex::encode(&uid)}));
    Ok(())
}

/// Sums over all reservations.
pub fn status() -> Status {
    RESERVATIONS.with_borrow(|reservations| {
        let start = Status { capacity: settings::get().capacity_bytes, used: 0, reserved: 0, datasets: 0 };
        reservations.values().fold(start, |sum, record| Status {
            used: sum.used + record.written,
            reserved: sum.reserved + record.bytes,
            datasets: sum.datasets + 1,
            ..sum
        })
    })
}

#[cfg(test)]
mod tests;
