//! The bucket canister.
