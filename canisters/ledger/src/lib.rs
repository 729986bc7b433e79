//! The ledger canister.
