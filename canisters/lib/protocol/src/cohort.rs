//! Where a pod stands in a release: pods with the smallest positions get it first, in another order for each release.

use crate::{len8, sha256};
use candid::Principal;

const FIRST: &[u8] = b"livepod.cohort/v1";
const SECOND: &[u8] = b"livepod.cohort/v2";

/// The first 8 bytes, big-endian, of SHA-256(len8(tag) ‖ tag ‖ seed ‖ release u64be ‖ pod), where the tag is
/// "livepod.cohort/v2" and the seed 32 random bytes, drawn once no pod can enrol for the release's early waves any
/// more, so that nobody can choose a key for its place. A release of before there were seeds has none, and a tag of v1.
pub fn position(seed: Option<&[u8]>, release: u64, pod: &Principal) -> u64 {
    let tag = if seed.is_some() { SECOND } else { FIRST };
    let seed = seed.unwrap_or_default();
    let hash = sha256(&[&len8(tag), seed, &release.to_be_bytes(), pod.as_slice()]);
    u64::from_be_bytes(hash[..8].try_into().expect("eight bytes"))
}
