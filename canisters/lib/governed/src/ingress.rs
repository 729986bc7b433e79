//! Who may make a canister work from outside the network. `inspect_message` asks before a message is taken in, at no cost
//! to the canister (IC specification: Ingress message inspection); one node answers, so guards ask once more.

use candid::Principal;

/// Whether a message may come in: signed, and for a method that is not other canisters' alone to call.
pub fn may_enter(caller: &Principal, method: &str, of_canisters: &[&str]) -> bool {
    *caller != Principal::anonymous() && !of_canisters.contains(&method)
}

/// The governed methods of an interface: every `x` beside a `validate_x`. For tests that hold a list to its .did.
pub fn governed_methods(did: &str) -> Vec<&str> {
    let names = did.lines().filter_map(|line| line.split_once(" : ").map(|(name, _)| name.trim()));
    names.filter_map(|name| name.strip_prefix("validate_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_callers_and_methods_of_canisters_stay_outside() {
        let caller = Principal::from_slice(&[7; 10]);
        assert!(may_enter(&caller, "release_key", &["job_closed"]));
        assert!(!may_enter(&caller, "job_closed", &["job_closed"]));
        assert!(!may_enter(&Principal::anonymous(), "release_key", &[]));
    }

    #[test]
    fn governed_methods_are_those_beside_a_validator() {
        let did = "service : () -> {\n  validate_stop : (Stop) -> (Validation) query;\n  stop : (Stop) -> ();\n}";
        assert_eq!(governed_methods(did), ["stop"]);
    }
}
