//! The models canister.
