//! Only tests: see `tests/suite.rs`.
