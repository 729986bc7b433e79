//! Tests that cross files: checkpoints, channels, the TUF repository, and the Candid file.

mod channels;
mod checkpoints;
mod documents;
mod repository;
mod stage;

use candid_parser::utils::{service_equal, CandidSource};

#[test]
fn the_candid_file_is_what_the_code_offers() {
    let code = super::__export_service();
    service_equal(CandidSource::Text(&code), CandidSource::Text(include_str!("../models.did")))
        .expect("models.did equals the code");
}

#[test]
fn governed_methods_are_left_to_canisters() {
    super::DOOR.hold_to(include_str!("../models.did"));
}
