//! The chunks of checkpoints, named by their SHA-256, one after the other in one memory; an index says where. A chunk
//! stays while somebody holds it: the job that put it, as long as it may still submit a checkpoint, and every
//! checkpoint that names it. What nobody holds any more is freed, and its room is used again. Each job has a quota,
//! since nobody else pays for what a provider uploads.

use crate::api::Error;
use crate::memory;
use crate::room;
use governed::why;
use ic_stable_structures::{Memory as _, StableBTreeMap};
use protocol::limits::{MAX_CHECKPOINT_BYTES, MAX_CHUNK_BYTES};
use std::cell::RefCell;
use std::collections::BTreeSet;
use stored::Memory;

/// What one job may upload, in bytes.
pub const JOB_LIMIT: u64 = MAX_CHECKPOINT_BYTES as u64;

type Hash = [u8; 32];

thread_local! {
    /// SHA-256 → (offset, length).
    static INDEX: RefCell<StableBTreeMap<Hash, (u64, u32), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::CHUNK_INDEX)));
    static JOB_BYTES: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::JOB_BYTES)));
    /// (job, chunk): the job has put it, and has not ended yet.
    static JOB_CHUNKS: RefCell<StableBTreeMap<(u64, Hash), (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::JOB_CHUNKS)));
    /// How many jobs and checkpoints hold a chunk. A chunk that is not in here is of a time when nothing was freed, and
    /// stays.
    static HOLDERS: RefCell<StableBTreeMap<Hash, u32, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::HOLDERS)));
}

/// Checks a chunk's size before anybody is asked about its job.
pub fn check_size(bytes: &[u8]) -> Result<(), Error> {
    match bytes.len() {
        0 => Err(Error::Invalid(why("chunk", "it is empty", "send at least one byte"))),
        1..=MAX_CHUNK_BYTES => Ok(()),
        length => Err(Error::LimitExceeded(why(
            "chunk",
            format!("it has {length} bytes"),
            format!("cut files into chunks of at most {MAX_CHUNK_BYTES} bytes"),
        ))),
    }
}

/// Stores a chunk for a job and returns its hash. A chunk that is there already costs nothing.
pub fn put(job: u64, bytes: &[u8]) -> Result<Hash, Error> {
    check_size(bytes)?;
    let hash = protocol::sha256(&[bytes]);
    if size(&hash).is_none() {
        let used = JOB_BYTES.with_borrow(|used| used.get(&job)).unwrap_or(0) + bytes.len() as u64;
        if used > JOB_LIMIT {
            return Err(Error::LimitExceeded(why(
                format!("job {job}"),
                format!("{used} bytes would be more than {JOB_LIMIT}"),
                "submit a smaller model",
            )));
        }
        let offset = room::take(bytes.len() as u64)?;
        memory::of(memory::CHUNK_DATA).write(offset, bytes);
        INDEX.with_borrow_mut(|index| index.insert(hash, (offset, bytes.len() as u32)));
        HOLDERS.with_borrow_mut(|holders| holders.insert(hash, 0));
        JOB_BYTES.with_borrow_mut(|jobs| jobs.insert(job, used));
    }
    if JOB_CHUNKS.with_borrow_mut(|held| held.insert((job, hash), ())).is_none() {
        hold(&hash);
    }
    Ok(hash)
}

/// The length of a stored chunk.
pub fn size(hash: &Hash) -> Option<u32> {
    INDEX.with_borrow(|index| index.get(hash)).map(|(_, length)| length)
}

pub fn get(hash: &Hash) -> Option<Vec<u8>> {
    let (offset, length) = INDEX.with_borrow(|index| index.get(hash))?;
    let mut bytes = vec![0; length as usize];
    memory::of(memory::CHUNK_DATA).read(offset, &mut bytes);
    Some(bytes)
}

/// A checkpoint of the job holds these chunks from now on; what else the job has put is freed.
pub fn submitted(job: u64, chunks: impl Iterator<Item = Hash>) {
    chunks.collect::<BTreeSet<_>>().iter().for_each(hold);
    release(job);
}

/// Jobs that hold chunks, above `after`, at most `limit`.
pub fn jobs(after: Option<u64>, limit: usize) -> Vec<u64> {
    let mut found = Vec::new();
    let mut from = after.map_or(Some(0), |after| after.checked_add(1));
    while let Some(next) = from.filter(|_| found.len() < limit) {
        let Some(job) = JOB_CHUNKS.with_borrow(|held| held.range((next, [0; 32])..).next().map(|entry| entry.key().0))
        else {
            break;
        };
        found.push(job);
        from = job.checked_add(1);
    }
    found
}

/// The job holds nothing any more. Returns the bytes that were freed.
pub fn release(job: u64) -> u64 {
    JOB_BYTES.with_borrow_mut(|jobs| jobs.remove(&job));
    let held: Vec<Hash> = JOB_CHUNKS
        .with_borrow(|held| held.range((job, [0; 32])..=(job, [255; 32])).map(|entry| entry.key().1).collect());
    held.into_iter()
        .map(|hash| {
            JOB_CHUNKS.with_borrow_mut(|held| held.remove(&(job, hash)));
            let_go(&hash)
        })
        .sum()
}

fn hold(hash: &Hash) {
    HOLDERS.with_borrow_mut(|holders| {
        if let Some(count) = holders.get(hash) {
            holders.insert(*hash, count + 1);
        }
    });
}

/// Returns the bytes that were freed.
fn let_go(hash: &Hash) -> u64 {
    let Some(left) = HOLDERS.with_borrow(|holders| holders.get(hash)).map(|count| count.saturating_sub(1)) else {
        return 0;
    };
    if left > 0 {
        HOLDERS.with_borrow_mut(|holders| holders.insert(*hash, left));
        return 0;
    }
    HOLDERS.with_borrow_mut(|holders| holders.remove(hash));
    let (offset, length) = INDEX.with_borrow_mut(|index| index.remove(hash)).expect("what is held is stored");
    room::give_back(offset, u64::from(length));
    u64::from(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_comes_back_by_its_hash() {
        let (a, b) = (vec![1; 100_000], vec![2; MAX_CHUNK_BYTES]);
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
        assert_eq!(put(1, &vec![0; MAX_CHUNK_BYTES + 1]).unwrap_err().arm(), "LimitExceeded");
    }

    #[test]
    fn a_job_cannot_store_more_than_its_quota() {
        JOB_BYTES.with_borrow_mut(|jobs| jobs.insert(1, JOB_LIMIT - 5));
        assert_eq!(put(1, &[7; 6]).unwrap_err().arm(), "LimitExceeded");
        assert_eq!(size(&protocol::sha256(&[&[7; 6]])), None);
        assert!(put(1, &[7; 5]).is_ok());
    }

    #[test]
    fn a_job_that_ends_without_a_checkpoint_leaves_nothing() {
        let (own, shared) = (put(1, &[1; 10]).unwrap(), put(1, &[2; 20]).unwrap());
        assert_eq!(put(2, &[2; 20]).unwrap(), shared);
        assert_eq!(put(1, &[1; 10]).unwrap(), own); // a repeat is no second hold
        assert_eq!(jobs(None, 10), [1, 2]);
        assert_eq!(release(1), 10);
        assert_eq!((get(&own), get(&shared)), (None, Some(vec![2; 20])));
        assert_eq!(jobs(None, 10), [2]);
        assert_eq!((release(2), release(2)), (20, 0));
        assert_eq!((get(&shared), jobs(None, 10)), (None, vec![]));
    }

    #[test]
    fn a_checkpoint_keeps_its_chunks_and_no_others() {
        let (kept, other) = (put(1, &[1; 10]).unwrap(), put(1, &[2; 20]).unwrap());
        submitted(1, [kept, kept].into_iter());
        assert_eq!((get(&kept), get(&other)), (Some(vec![1; 10]), None));
        put(2, &[1; 10]).unwrap();
        assert_eq!(release(2), 0);
        assert_eq!(get(&kept), Some(vec![1; 10]));
    }

    #[test]
    fn freed_room_is_used_again() {
        for fill in 1..=3 {
            put(u64::from(fill), &vec![fill; MAX_CHUNK_BYTES]).unwrap();
        }
        let end = room::end();
        release(2);
        let hash = put(4, &vec![9; MAX_CHUNK_BYTES / 2]).unwrap();
        put(4, &vec![8; MAX_CHUNK_BYTES / 2]).unwrap();
        assert_eq!((room::end(), get(&hash)), (end, Some(vec![9; MAX_CHUNK_BYTES / 2])));
        assert_eq!(get(&protocol::sha256(&[&vec![3; MAX_CHUNK_BYTES]])), Some(vec![3; MAX_CHUNK_BYTES]));
        for job in [1, 3, 4] {
            release(job);
        }
        assert_eq!(room::end(), 0);
    }

    #[test]
    fn jobs_are_told_page_by_page() {
        for job in [3, 5, u64::MAX] {
            put(job, &[1; 10]).unwrap();
        }
        assert_eq!(jobs(None, 2), [3, 5]);
        assert_eq!(jobs(Some(5), 2), [u64::MAX]);
        assert_eq!(jobs(Some(u64::MAX), 2), [0u64; 0]);
    }

    #[test]
    fn chunks_from_before_anything_was_freed_stay() {
        let hash = put(1, &[1; 10]).unwrap();
        HOLDERS.with_borrow_mut(|holders| holders.remove(&hash));
        put(2, &[1; 10]).unwrap();
        assert_eq!((release(1), release(2)), (0, 0));
        assert_eq!(get(&hash), Some(vec![1; 10]));
    }
}
