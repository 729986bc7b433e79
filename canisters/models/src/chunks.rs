//! The chunks of checkpoints, named by their SHA-256. They lie one after the other in one memory and are never moved; an index
//! says where. Each job has a quota, since nobody else pays for what a provider uploads.

use crate::api::Error;
use crate::memory;
use governed::why;
use ic_stable_structures::{Memory as _, StableBTreeMap, StableCell};
use std::cell::RefCell;
use stored::Memory;

/// The largest chunk, in bytes.
pub const CHUNK_LIMIT: usize = 1_000_000;
/// What one job may upload, in bytes: 64 MiB.
pub const JOB_LIMIT: u64 = 64 * 1024 * 1024;
const PAGE: u64 = 65_536;

thread_local! {
    /// SHA-256 → (offset, length).
    static INDEX: RefCell<StableBTreeMap<[u8; 32], (u64, u32), Memory>> = RefCell::new(StableBTreeMap::init(memory::of(memory::CHUNK_INDEX)));
    static END: RefCell<StableCell<u64, Memory>> = RefCell::new(StableCell::init(memory::of(memory::CHUNK_END), 0));
    static JOB_BYTES: RefCell<StableBTreeMap<u64, u64, Memory>> = RefCell::new(StableBTreeMap::init(memory::of(memory::JOB_BYTES)));
}

/// Checks a chunk's size before anybody is asked about its job.
pub fn check_size(bytes: &[u8]) -> Result<(), Error> {
    match bytes.len() {
        0 => Err(Error::Invalid(why("chunk", "it is empty", "send at least one byte"))),
        1..=CHUNK_LIMIT => Ok(()),
        length => Err(Error::LimitExceeded(why("chunk", format!("it has {length} bytes"), format!("cut files into chunks of at most {CHUNK_LIMIT} bytes")))),
    }
}

/// Stores a chunk for a job and returns its hash. A chunk that is there already costs nothing.
pub fn put(job: u64, bytes: &[u8]) -> Result<[u8; 32], Error> {
    check_size(bytes)?;
    let hash = protocol::sha256(&[bytes]);
    if size(&hash).is_some() {
        return Ok(hash);
    }
    let used = JOB_BYTES.with_borrow(|used| used.get(&job)).unwrap_or(0) + bytes.len() as u64;
    if used > JOB_LIMIT {
        return Err(Error::LimitExceeded(why(format!("job {job}"), format!("{used} bytes would be more than {JOB_LIMIT}"), "submit a smaller model")));
    }
    let offset = END.with_borrow(|end| *end.get());
    let end = offset + bytes.len() as u64;
    let data = memory::of(memory::CHUNK_DATA);
    let missing = end.div_ceil(PAGE).saturating_sub(data.size());
    if missing > 0 && data.grow(missing) < 0 {
        return Err(Error::LimitExceeded(why("models", "its stable memory is full", "install another models canister")));
    }
    data.write(offset, bytes);
    END.with_borrow_mut(|cell| cell.set(end));
    INDEX.with_borrow_mut(|index| index.insert(hash, (offset, bytes.len() as u32)));
    JOB_BYTES.with_borrow_mut(|jobs| jobs.insert(job, used));
    Ok(hash)
}

/// The length of a stored chunk.
pub fn size(hash: &[u8; 32]) -> Option<u32> {
    INDEX.with_borrow(|index| index.get(hash)).map(|(_, length)| length)
}

pub fn get(hash: &[u8; 32]) -> Option<Vec<u8>> {
    let (offset, length) = INDEX.with_borrow(|index| index.get(hash))?;
    let mut bytes = vec![0; length as usize];
    memory::of(memory::CHUNK_DATA).read(offset, &mut bytes);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_comes_back_by_its_hash() {
        let (a, b) = (vec![1; 100_000], vec![2; CHUNK_LIMIT]);
        let (hash_a, hash_b) = (put(1, &a).unwrap(), put(1, &b).unwrap());
        assert_eq!((get(&hash_a), get(&hash_b)), (Some(a), Some(b)));
        assert_eq!(get(&[0; 32]), None);
    }

    #[test]
    fn a_repeat_costs_nothing_and_a_chunk_has_limits() {
        put(1, &[7; 10]).unwrap();
        put(2, &[7; 10]).unwrap();
        assert_eq!(JOB_BYTES.with_borrow(|jobs| (jobs.get(&1), jobs.get(&2))), (Some(10), None));
        assert_eq!(put(1, &[]).unwrap_err().arm(), "Invalid");
        assert_eq!(put(1, &vec![0; CHUNK_LIMIT + 1]).unwrap_err().arm(), "LimitExceeded");
    }

    #[test]
    fn a_job_cannot_store_more_than_its_quota() {
        JOB_BYTES.with_borrow_mut(|jobs| jobs.insert(1, JOB_LIMIT - 5));
        assert_eq!(put(1, &[7; 6]).unwrap_err().arm(), "LimitExceeded");
        assert_eq!(size(&protocol::sha256(&[&[7; 6]])), None);
        assert!(put(1, &[7; 5]).is_ok());
    }
}
