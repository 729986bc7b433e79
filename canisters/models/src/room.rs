//! Room in the memory of chunks: what was freed is used again, the first gap that is large enough first.

use crate::api::Error;
use crate::memory;
use governed::why;
use ic_stable_structures::{Memory as _, StableBTreeMap, StableCell};
use std::cell::RefCell;
use stored::Memory;

const PAGE: u64 = 65_536;

thread_local! {
    /// Where what was never used begins.
    static END: RefCell<StableCell<u64, Memory>> = RefCell::new(StableCell::init(memory::of(memory::CHUNK_END), 0));
    /// Offset → length of the gaps before it; no two touch each other, and none touches the end.
    static GAPS: RefCell<StableBTreeMap<u64, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::GAPS)));
}

/// Where `length` bytes may be written. What it takes is the caller's, whatever was there before.
pub fn take(length: u64) -> Result<u64, Error> {
    let gap = GAPS.with_borrow(|gaps| gaps.iter().map(|entry| entry.into_pair()).find(|(_, free)| *free >= length));
    if let Some((offset, free)) = gap {
        GAPS.with_borrow_mut(|gaps| {
            gaps.remove(&offset);
            if free > length {
                gaps.insert(offset + length, free - length);
            }
        });
        return Ok(offset);
    }
    let offset = end();
    let data = memory::of(memory::CHUNK_DATA);
    let missing = (offset + length).div_ceil(PAGE).saturating_sub(data.size());
    if missing > 0 && data.grow(missing) < 0 {
        return Err(Error::LimitExceeded(why(
            "models",
            "its stable memory is full",
            "install another models canister",
        )));
    }
    set_end(offset + length);
    Ok(offset)
}

/// Frees what was taken.
pub fn give_back(offset: u64, length: u64) {
    GAPS.with_borrow_mut(|gaps| {
        let (mut from, mut to) = (offset, offset + length);
        if let Some((before, free)) = gaps
            .range(..offset)
            .next_back()
            .map(|entry| entry.into_pair())
            .filter(|(before, free)| before + free == from)
        {
            gaps.remove(&before);
            from = to - length - free;
        }
        if let Some(free) = gaps.remove(&to) {
            to += free;
        }
        if to == end() {
            set_end(from);
        } else {
            gaps.insert(from, to - from);
        }
    });
}

pub fn end() -> u64 {
    END.with_borrow(|end| *end.get())
}

fn set_end(end: u64) {
    END.with_borrow_mut(|cell| cell.set(end));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps() -> Vec<(u64, u64)> {
        GAPS.with_borrow(|gaps| gaps.iter().map(|entry| entry.into_pair()).collect())
    }

    #[test]
    fn neighbouring_gaps_become_one_and_the_last_moves_the_end() {
        for (at, length) in [10, 20, 30, 40].into_iter().enumerate() {
            assert_eq!(take(length).unwrap(), [0, 10, 30, 60][at]);
        }
        give_back(0, 10);
        give_back(30, 30);
        assert_eq!(gaps(), [(0, 10), (30, 30)]);
        give_back(10, 20);
        assert_eq!((gaps(), end()), (vec![(0, 60)], 100));
        assert_eq!(take(50).unwrap(), 0);
        assert_eq!(take(11).unwrap(), 100);
        assert_eq!(gaps(), [(50, 10)]);
        give_back(60, 40);
        give_back(100, 11);
        assert_eq!((gaps(), end()), (vec![], 50));
    }
}
