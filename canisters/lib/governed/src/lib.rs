//! What every canister of the project shares: typed errors, the governor and the peers, guards, locks, and page sizes.

pub mod errors;
pub mod ingress;
pub mod lock;
pub mod parties;
pub mod used;
pub mod votes;

pub use errors::{trap_with, why, Why};
pub use lock::Lock;
pub use parties::{caller_is_governor, governor, is_governor, not_anonymous, peers, site, Parties, Peers};

use protocol::limits::MAX_REFERENCE_BYTES;
pub use protocol::limits::PAGE_LIMIT;

/// The size of a page: what was asked for, at least one and at most [`PAGE_LIMIT`].
pub fn page_size(limit: u32) -> usize {
    (limit as usize).clamp(1, PAGE_LIMIT)
}

/// Checks a reference that a client chose to make a repeat harmless: 1 to 64 bytes of text.
pub fn client_ref(reference: &str) -> Result<(), Why> {
    if (1..=MAX_REFERENCE_BYTES).contains(&reference.len()) {
        return Ok(());
    }
    Err(why(
        "client_ref",
        format!("it has {} bytes, and 1 to {MAX_REFERENCE_BYTES} are allowed", reference.len()),
        "choose a short reference of your own and send the same one when you repeat the call",
    ))
}

/// A known reference came with other content than the first time; `first` is what it made then, with its id.
pub fn reference_taken(reference: &str, first: impl std::fmt::Display) -> Why {
    why(
        "client_ref",
        format!("{reference} made {first}, and this is something else"),
        "choose a new reference, or repeat the call with what it had first",
    )
}

/// Puts the canister's .did file into its Wasm as the public metadata `candid:service` (IC spec: Canister module
/// format). `governed::candid_service!("../datasets.did");` in `lib.rs`.
#[macro_export]
macro_rules! candid_service {
    ($path:literal) => {
        #[cfg(target_arch = "wasm32")]
        #[used]
        #[link_section = "icp:public candid:service"]
        static CANDID_SERVICE: [u8; include_bytes!($path).len()] = *include_bytes!($path);
    };
}

/// Says that the canister certifies its pages by version 2, so that no gateway believes it by version 1 (HTTP gateway
/// protocol: Response Verification Version Assertion).
#[macro_export]
macro_rules! certified_pages {
    () => {
        #[cfg(target_arch = "wasm32")]
        #[used]
        #[link_section = "icp:public supported_certificate_versions"]
        static SUPPORTED_CERTIFICATE_VERSIONS: [u8; 1] = *b"2";
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_reference_has_one_to_64_bytes() {
        assert!(client_ref("round-1").is_ok());
        assert!(client_ref(&"x".repeat(64)).is_ok());
        assert!(client_ref("").is_err());
        assert!(client_ref(&"x".repeat(65)).is_err());
    }

    #[test]
    fn a_page_has_one_to_100_entries() {
        assert_eq!((page_size(0), page_size(7), page_size(1_000)), (1, 7, 100));
    }
}
