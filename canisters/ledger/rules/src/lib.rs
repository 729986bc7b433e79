//! The ledger's rules and state, without its canister methods: what the ledger canister serves, and what the treasury's
//! tests run against.

pub mod accounts;
pub mod api;
pub mod blocks;
pub mod consent;
pub mod icrc3;
pub mod memory;
pub mod token;
pub mod transactions;
