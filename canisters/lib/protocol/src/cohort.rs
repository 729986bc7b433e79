//! Where a pod stands in a release: pods with the smallest positions get it first, in another order for each release.

use crate::{len8, sha256};
use candid::Principal;

/// The first 8 bytes, big-endian, of SHA-256(len8("livepod.cohort/v1") ‖ "livepod.cohort/v1" ‖ release u64be ‖ pod).
pub fn position(release: u64, pod: &Principal) -> u64 {
    let hash = sha256(&[&len8(b"livepod.cohort/v1"), &release.to_be_bytes(), pod.as_slice()]);
    u64::from_be_bytes(hash[..8].try_into().expect("eight bytes"))
}
