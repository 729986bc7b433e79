//! The fleet canister.
