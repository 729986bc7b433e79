//! The governance canister.
