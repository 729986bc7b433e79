//! Stretches of raw stable memory. A dataset's chunks lie one after the other, so that a chunk is written and read in
//! one piece.

use crate::memory;
use ic_stable_structures::{Memory as _, StableBTreeMap};
use std::cell::RefCell;
use stored::Memory;

const PAGE: u64 = 65_536;

thread_local! {
    static GAPS: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::GAPS)));
}

fn bytes() -> Memory {
    memory::get(memory::BYTES)
}

/// Takes a stretch of `length` bytes: the first gap it fits in, else new memory. None when the network gives no more
/// memory.
pub fn take(length: u64) -> Option<u64> {
    if length == 0 {
        return Some(0);
    }
    let gap = GAPS.with_borrow(|gaps| gaps.iter().map(|entry| entry.into_pair()).find(|(_, size)| *size >= length));
    if let Some((offset, size)) = gap {
        remove(offset);
        give(offset + length, size - length);
        return Some(offset);
    }
    let memory = bytes();
    let pages = length.div_ceil(PAGE);
    let before = memory.grow(pages);
    if before < 0 {
        return None;
    }
    let offset = before as u64 * PAGE;
    give(offset + length, pages * PAGE - length);
    Some(offset)
}

/// Gives a stretch back and joins it with the gaps beside it.
pub fn give(offset: u64, length: u64) {
    if length == 0 {
        return;
    }
    let (mut start, mut size) = (offset, length);
    if let Some((before, len)) =
        GAPS.with_borrow(|gaps| gaps.range(..offset).next_back().map(|entry| entry.into_pair()))
    {
        if before + len == offset {
            remove(before);
            (start, size) = (before, size + len);
        }
    }
    if let Some(len) = GAPS.with_borrow(|gaps| gaps.get(&(offset + length))) {
        remove(offset + length);
        size += len;
    }
    GAPS.with_borrow_mut(|gaps| gaps.insert(start, size));
}

/// Overwrites a stretch with zeros.
pub fn wipe(offset: u64, length: u64) {
    let (memory, zeros) = (bytes(), vec![0; PAGE as usize]);
    let mut done = 0;
    while done < length {
        let step = PAGE.min(length - done);
        memory.write(offset + done, &zeros[..step as usize]);
        done += step;
    }
}

pub fn write(offset: u64, chunk: &[u8]) {
    if !chunk.is_empty() {
        bytes().write(offset, chunk);
    }
}

pub fn read(offset: u64, length: u32) -> Vec<u8> {
    let mut chunk = vec![0; length as usize];
    if length > 0 {
        bytes().read(offset, &mut chunk);
    }
    chunk
}

fn remove(offset: u64) {
    GAPS.with_borrow_mut(|gaps| gaps.remove(&offset));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_do_not_overlap_and_come_back() {
        let a = take(100_000).unwrap();
        let b = take(50).unwrap();
        assert!(b >= a + 100_000);
        write(a, &[1; 100]);
        write(b, &[2; 50]);
        assert_eq!((read(a, 100), read(b, 50)), (vec![1; 100], vec![2; 50]));

        wipe(a, 100_000);
        give(a, 100_000);
        give(b, 50);
        assert_eq!(read(a, 100), vec![0; 100]);
        assert_eq!(take(100_050), Some(a), "joined gaps are one stretch again");
    }
}
