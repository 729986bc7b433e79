//! The datasets canister.
