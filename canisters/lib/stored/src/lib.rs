//! How records lie in stable memory: one version byte, then CBOR (RFC 8949). A record may gain fields marked
//! `#[serde(default)]` without a migration; any other change takes the next version number.

mod index;

pub use index::Index;

use ic_stable_structures::memory_manager::VirtualMemory;
use ic_stable_structures::storable::Bound;
use ic_stable_structures::{DefaultMemoryImpl, Storable};
use serde::{de::DeserializeOwned, Serialize};
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

/// One virtual memory of a canister. Each canister lists its memory ids in its `memory.rs`.
pub type Memory = VirtualMemory<DefaultMemoryImpl>;

const VERSION: u8 = 1;

/// A record in a stable structure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cbor<T>(pub T);

impl<T> Deref for Cbor<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Cbor<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Serialize + DeserializeOwned> Storable for Cbor<T> {
    const BOUND: Bound = Bound::Unbounded;

    fn to_bytes(&self) -> Cow<'_, [u8]> {
        let mut bytes = vec![VERSION];
        ciborium::into_writer(&self.0, &mut bytes).expect("a record always serialises");
        Cow::Owned(bytes)
    }

    fn into_bytes(self) -> Vec<u8> {
        self.to_bytes().into_owned()
    }

    fn from_bytes(bytes: Cow<[u8]>) -> Self {
        match bytes.split_first() {
            Some((&VERSION, record)) => {
                Cbor(ciborium::from_reader(record).expect("a stored record of version 1 can be read"))
            }
            _ => panic!("a stored record has a version this code does not know"),
        }
    }
}
