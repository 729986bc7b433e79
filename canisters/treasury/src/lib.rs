//! The treasury canister.
