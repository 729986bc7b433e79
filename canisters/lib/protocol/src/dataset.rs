//! A dataset's identity before it is registered, and the input its key is derived from.

use crate::{len8, sha256};
use candid::Principal;

/// vetKD context of dataset keys.
pub const KEY_CONTEXT: &[u8] = b"livepod/dataset-key/v1";

/// SHA-256(len8("livepod.uid/v1") ‖ "livepod.uid/v1" ‖ len8(principal) ‖ principal ‖ salt).
pub fn uid(contributor: &Principal, salt: &[u8; 16]) -> [u8; 32] {
    sha256(&[&len8(b"livepod.uid/v1"), &len8(contributor.as_slice()), salt])
}

/// uid ‖ epoch u32be. The epoch is in the input because a released key cannot be taken back: a new epoch is a new key.
pub fn vetkd_input(uid: &[u8; 32], epoch: u32) -> Vec<u8> {
    [&uid[..], &epoch.to_be_bytes()].concat()
}
