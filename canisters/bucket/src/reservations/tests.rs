use super::*;
use crate::leases::{AllowReads, EndReads};
use crate::settings::Init;

const UID: [u8; 32] = [5; 32];

fn principal(n: u8) -> Principal {
    Principal::from_slice(&[n; 29])
}

fn spec(chunk: &[u8]) -> ChunkSpec {
    ChunkSpec { sha256: ByteBuf::from(protocol::sha256(&[chunk])), bytes: chunk.len() as u32 }
}

fn chunks() -> [Vec<u8>; 3] {
    [vec![1; 900], vec![2; 10], vec![3; 70_000]]
}

fn root() -> ByteBuf {
    ByteBuf::from(protocol::merkle::root(&chunks().map(|chunk| protocol::sha256(&[&chunk]))))
}

fn promise(uid: [u8; 32]) -> Reserve {
    Reserve {
        uid: ByteBuf::from(uid),
        uploader: principal(1),
        chunks: chunks().iter().map(|chunk| spec(chunk)).collect(),
    }
}

fn put(index: u32, bytes: Vec<u8>) -> PutChunk {
    PutChunk { uid: ByteBuf::from(UID), index, bytes: ByteBuf::from(bytes) }
}

fn get(index: u32) -> GetChunk {
    GetChunk { uid: ByteBuf::from(UID), index }
}

fn sealing() -> Seal {
    Seal { uid: ByteBuf::from(UID), merkle_root: root() }
}

fn bucket(capacity_bytes: u64) {
    settings::set(&Init { datasets: principal(9), capacity_bytes });
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
    reserve(promise(UID)).unwrap();
}

/// Everything a refused call must leave alone.
fn state() -> (Status, Vec<u32>, Option<Reservation>, u64) {
    (status(), missing(&UID), find(&UID), audit::tip().length)
}

fn refused<T: std::fmt::Debug>(arm: &str, call: impl FnOnce() -> Result<T, Error>) {
    let before = state();
    let error = call().expect_err(arm);
    assert_eq!(error.arm(), arm, "{error}");
    assert!(!error.why().remedy.is_empty());
    assert_eq!(state(), before);
}

#[test]
fn chunks_come_back_as_they_were_and_repeats_change_nothing() {
    bucket(1_000_000);
    for round in 0..2 {
        for (index, chunk) in chunks().into_iter().enumerate() {
            put_chunk(principal(1), put(index as u32, chunk)).unwrap();
        }
        assert_eq!(missing(&UID), Vec::<u32>::new(), "round {round}");
    }
    seal(sealing()).unwrap();
    seal(sealing()).unwrap();
    reserve(promise(UID)).unwrap();
    for (index, chunk) in chunks().into_iter().enumerate() {
        assert_eq!(get_chunk(principal(1), 0, get(index as u32)).unwrap().into_vec(), chunk);
    }
    let bytes = 70_910;
    assert_eq!(status(), Status { capacity: 1_000_000, used: bytes, reserved: bytes, datasets: 1 });
}

#[test]
fn refuses_a_chunk_over_the_limit() {
    bucket(10_000_000);
    refused("LimitExceeded", || put_chunk(principal(1), put(0, vec![0; 1_000_001])));
    let mut large = promise([6; 32]);
    large.chunks[1].bytes = 1_000_001;
    refused("LimitExceeded", || reserve(large));
}

#[test]
fn refuses_a_chunk_with_another_hash_or_size() {
    bucket(1_000_000);
    refused("WrongHash", || put_chunk(principal(1), put(0, vec![9; 900])));
    refused("WrongHash", || put_chunk(principal(1), put(0, vec![1; 899])));
    refused("WrongHash", || put_chunk(principal(1), put(0, chunks()[1].clone())));
    refused("NotFound", || put_chunk(principal(1), put(3, vec![1; 900])));
}

#[test]
fn refuses_an_upload_by_somebody_else() {
    bucket(1_000_000);
    refused("NotAuthorized", || put_chunk(principal(2), put(0, chunks()[0].clone())));
}

#[test]
fn refuses_to_seal_while_chunks_are_missing_or_with_another_order() {
    bucket(1_000_000);
    put_chunk(principal(1), put(0, chunks()[0].clone())).unwrap();
    refused("MissingChunks", || seal(sealing()));
    assert_eq!(missing(&UID), vec![1, 2]);
    refused("WrongHash", || seal(Seal { uid: ByteBuf::from(UID), merkle_root: ByteBuf::from([0; 32]) }));
}

#[test]
fn refuses_more_than_it_holds_and_another_dataset_under_the_same_uid() {
    bucket(100_000);
    refused("LimitExceeded", || reserve(promise([6; 32])));
    let mut other = promise(UID);
    other.chunks.pop();
    refused("AlreadyExists", || reserve(other));
    refused("Invalid", || reserve(Reserve { uid: ByteBuf::from([1; 31]), ..promise(UID) }));
    refused("LimitExceeded", || reserve(Reserve { chunks: vec![], ..promise([6; 32]) }));
}

#[test]
fn a_reader_needs_a_live_lease_on_a_sealed_dataset() {
    bucket(1_000_000);
    let lease = AllowReads { uid: ByteBuf::from(UID), reader: principal(2), until: 1_000 };
    refused("Invalid", || leases::allow(lease.clone()));
    for (index, chunk) in chunks().into_iter().enumerate() {
        put_chunk(principal(1), put(index as u32, chunk)).unwrap();
    }
    seal(sealing()).unwrap();
    refused("NotAuthorized", || get_chunk(principal(2), 500, get(0)));
    leases::allow(lease).unwrap();
    assert_eq!(get_chunk(principal(2), 999, get(1)).unwrap().into_vec(), chunks()[1]);
    refused("LeaseExpired", || get_chunk(principal(2), 1_000, get(0)));
    refused("NotAuthorized", || get_chunk(Principal::anonymous(), 500, get(0)));
    // A lease ends with its job, and one that ends earlier stays as it is.
    let end = |n, until| leases::end(EndReads { uid: ByteBuf::from(UID), reader: principal(n), until }).unwrap();
    end(2, 2_000);
    assert!(get_chunk(principal(2), 999, get(1)).is_ok());
    end(2, 600);
    assert!(get_chunk(principal(2), 599, get(1)).is_ok());
    refused("LeaseExpired", || get_chunk(principal(2), 600, get(0)));
    end(3, 600);
    refused("NotAuthorized", || get_chunk(principal(3), 500, get(0)));
}

#[test]
fn an_erased_dataset_leaves_nothing_behind() {
    bucket(1_000_000);
    for (index, chunk) in chunks().into_iter().enumerate() {
        put_chunk(principal(1), put(index as u32, chunk)).unwrap();
    }
    let offset = find(&UID).unwrap().offset;
    erase(&UID).unwrap();
    erase(&UID).unwrap();
    assert_eq!(space::read(offset, 900), vec![0; 900]);
    assert_eq!(status().reserved, 0);
    refused("NotFound", || get_chunk(principal(1), 0, get(0)));
}
