//! Numbers of things by what they are about, so that a page of them is read without the others.

use crate::Memory;
use ic_stable_structures::StableBTreeMap;

/// about → numbers. What something is about is any bytes of at most 65,535; a kind in the first byte keeps two apart.
pub struct Index(StableBTreeMap<Vec<u8>, (), Memory>);

impl Index {
    pub fn init(memory: Memory) -> Index {
        Index(StableBTreeMap::init(memory))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, about: &[u8], number: u64) {
        self.0.insert(key(about, number), ());
    }

    pub fn remove(&mut self, about: &[u8], number: u64) {
        self.0.remove(&key(about, number));
    }

    /// The largest numbers about something that are below `before`, largest first.
    pub fn newest(&self, about: &[u8], before: Option<u64>, limit: usize) -> Vec<u64> {
        let end = key(about, before.unwrap_or(u64::MAX));
        let numbers = self.0.range(key(about, 0)..end).rev().take(limit);
        numbers.map(|entry| number_of(entry.key())).collect()
    }
}

fn key(about: &[u8], number: u64) -> Vec<u8> {
    let length = u16::try_from(about.len()).expect("what something is about is short").to_be_bytes();
    [&length[..], about, &number.to_be_bytes()].concat()
}

fn number_of(key: &[u8]) -> u64 {
    u64::from_be_bytes(key[key.len() - 8..].try_into().expect("a key ends in a number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ic_stable_structures::memory_manager::{MemoryId, MemoryManager};
    use ic_stable_structures::DefaultMemoryImpl;

    #[test]
    fn pages_go_from_the_newest_back_and_stay_with_what_they_are_about() {
        let mut index = Index::init(MemoryManager::init(DefaultMemoryImpl::default()).get(MemoryId::new(0)));
        for number in [1, 2, 3, 300] {
            index.add(b"a", number);
        }
        index.add(b"ab", 7);
        index.add(b"b", 8);
        assert_eq!(index.newest(b"a", None, 3), [300, 3, 2]);
        assert_eq!(index.newest(b"a", Some(2), 3), [1]);
        assert!(index.newest(b"", None, 3).is_empty());
        index.remove(b"a", 300);
        assert_eq!(index.newest(b"a", None, 1), [3]);
    }
}
