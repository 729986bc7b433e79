//! The access canister.
