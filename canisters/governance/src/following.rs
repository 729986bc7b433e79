//! Who follows whom, in both directions: what a vote moves is found from the neuron that voted, not by asking everyone.

use crate::constitution::EVERY_OTHER;
use crate::memory;
use crate::neurons::Id;
use ic_stable_structures::StableBTreeMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use stored::Memory;

type ByFollower = [u8; 40];
type ByFollowee = [u8; 72];

thread_local! {
    static FOLLOWEES: RefCell<StableBTreeMap<ByFollower, Vec<u8>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::FOLLOWEES)));
    static FOLLOWERS: RefCell<StableBTreeMap<ByFollowee, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::FOLLOWERS)));
}

fn by_follower(follower: &Id, function: u64) -> ByFollower {
    let mut key = [0; 40];
    key[..32].copy_from_slice(follower);
    key[32..].copy_from_slice(&function.to_be_bytes());
    key
}

fn by_followee(function: u64, followee: &Id, follower: &Id) -> ByFollowee {
    let mut key = [0; 72];
    key[..8].copy_from_slice(&function.to_be_bytes());
    key[8..40].copy_from_slice(followee);
    key[40..].copy_from_slice(follower);
    key
}

fn ids(bytes: &[u8]) -> Vec<Id> {
    bytes.chunks_exact(32).map(|id| id.try_into().expect("a neuron id has 32 bytes")).collect()
}

/// Sets whom a neuron follows for a function; nobody with an empty list.
pub fn set(follower: &Id, function: u64, followees: &[Id]) {
    let key = by_follower(follower, function);
    let before = FOLLOWEES.with_borrow_mut(|lists| match followees.is_empty() {
        true => lists.remove(&key),
        false => lists.insert(key, followees.concat()),
    });
    FOLLOWERS.with_borrow_mut(|followers| {
        for followee in ids(&before.unwrap_or_default()) {
            followers.remove(&by_followee(function, &followee, follower));
        }
        for followee in followees {
            followers.insert(by_followee(function, followee, follower), ());
        }
    });
}

/// Whom a neuron follows, for each function that it follows anybody for.
pub fn all(follower: &Id) -> BTreeMap<u64, Vec<Id>> {
    let (from, to) = (by_follower(follower, 0), by_follower(follower, u64::MAX));
    FOLLOWEES.with_borrow(|lists| {
        let function = |key: &ByFollower| u64::from_be_bytes(key[32..].try_into().expect("a number has 8 bytes"));
        lists.range(from..=to).map(|entry| (function(entry.key()), ids(&entry.value()))).collect()
    })
}

/// Takes a neuron out of what it follows. Who follows it is left: the list is theirs.
pub fn forget(follower: &Id) {
    for function in all(follower).into_keys() {
        set(follower, function, &[]);
    }
}

/// Whom a neuron follows for just this function; nobody when it has no list for it.
pub fn own(follower: &Id, function: u64) -> Vec<Id> {
    FOLLOWEES.with_borrow(|lists| lists.get(&by_follower(follower, function))).map_or(vec![], |bytes| ids(&bytes))
}

/// Whether a neuron has a list for just this function.
pub fn has_own(follower: &Id, function: u64) -> bool {
    FOLLOWEES.with_borrow(|lists| lists.contains_key(&by_follower(follower, function)))
}

/// Who follows a neuron by a list for just this function, in order of id, after one of them.
pub fn followers(function: u64, followee: &Id, after: Option<&Id>, limit: usize) -> Vec<Id> {
    use std::ops::Bound::{Excluded, Included};
    let from = match after {
        Some(after) => Excluded(by_followee(function, followee, after)),
        None => Included(by_followee(function, followee, &[0; 32])),
    };
    let to = Included(by_followee(function, followee, &[0xff; 32]));
    FOLLOWERS.with_borrow(|followers| {
        let page = followers.range((from, to)).take(limit);
        page.map(|entry| entry.key()[40..].try_into().expect("the key ends in a neuron id")).collect()
    })
}

/// Whether anybody's vote on a function may follow a neuron's.
pub fn is_followed(function: u64, followee: &Id) -> bool {
    [function, EVERY_OTHER].into_iter().any(|function| !followers(function, followee, None, 1).is_empty())
}
