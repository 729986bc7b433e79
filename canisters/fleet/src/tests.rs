mod doors;
mod enrolment;
mod gate;
mod holds;
mod releases;
mod reports;
mod sequential;
mod stage;
mod tokens;
mod waves;

use candid_parser::utils::{service_equal, CandidSource};

#[test]
fn the_candid_file_is_what_the_code_offers() {
    let code = super::__export_service();
    service_equal(CandidSource::Text(&code), CandidSource::Text(include_str!("../fleet.did")))
        .expect("fleet.did equals the code");
}
