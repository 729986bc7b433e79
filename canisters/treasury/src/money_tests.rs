//! Escrows and bonds against the real ledger's code; access and models are what a test says they answer.

mod attacks;
mod bonds;
mod escrows;
mod stage;
