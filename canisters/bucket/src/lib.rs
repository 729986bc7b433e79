//! The bucket: encrypted chunks in stable memory, written once by their uploader, sealed at registration, read under a
//! lease.

pub mod errors;
pub mod leases;
pub mod memory;
pub mod reservations;
pub mod settings;
pub mod space;

use errors::Error;
use governed::not_anonymous;
use ic_cdk::{init, post_upgrade, query, update};
use leases::{AllowReads, EndReads};
use reservations::{GetChunk, PutChunk, Reserve, Seal, Status};
use serde_bytes::ByteBuf;
use settings::{caller_is_datasets, Init};

#[init]
fn init(init: Init) {
    settings::set(&init);
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

#[post_upgrade]
fn post_upgrade() {
    audit::open(memory::get(memory::AUDIT_INDEX), memory::get(memory::AUDIT_DATA));
}

/// Promises room for a dataset's chunks to its uploader.
#[update(guard = "caller_is_datasets")]
fn reserve(reserve: Reserve) -> Result<(), Error> {
    reservations::reserve(reserve)
}

/// Stores one reserved chunk.
#[update(guard = "not_anonymous")]
fn put_chunk(put: PutChunk) -> Result<(), Error> {
    reservations::put_chunk(system::caller(), put)
}

/// Closes a dataset for writing once every chunk is there.
#[update(guard = "caller_is_datasets")]
fn seal(seal: Seal) -> Result<(), Error> {
    reservations::seal(seal)
}

/// Lets a reader in until a time.
#[update(guard = "caller_is_datasets")]
fn allow_reads(allow: AllowReads) -> Result<(), Error> {
    leases::allow(allow)
}

/// Ends a reader's lease.
#[update(guard = "caller_is_datasets")]
fn end_reads(end: EndReads) -> Result<(), Error> {
    leases::end(end)
}

/// Forgets a dataset and overwrites its chunks.
#[update(guard = "caller_is_datasets")]
fn erase(uid: ByteBuf) -> Result<(), Error> {
    reservations::erase(&uid)
}

/// Indices of the reserved chunks that are not there yet.
#[query]
fn missing(uid: ByteBuf) -> Vec<u32> {
    reservations::missing(&uid)
}

/// A chunk's bytes, for the uploader or a reader with a live lease.
#[query]
fn get_chunk(get: GetChunk) -> Result<ByteBuf, Error> {
    reservations::get_chunk(system::caller(), system::now(), get)
}

/// How much fits, how much is written, how much is promised.
#[query]
fn status() -> Status {
    reservations::status()
}

audit::queries!();
system::queries!();
governed::candid_service!("../bucket.did");
ic_cdk::export_candid!();

#[cfg(test)]
mod tests {
    use candid_parser::utils::{service_equal, CandidSource};

    #[test]
    fn candid_matches_the_code() {
        service_equal(
            CandidSource::Text(&super::__export_service()),
            CandidSource::Text(include_str!("../bucket.did")),
        )
        .unwrap();
    }
}
