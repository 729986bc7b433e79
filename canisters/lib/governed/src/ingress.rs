//! Who may make a canister work from outside the network. `inspect_message` asks before a message is taken in, at no
//! cost to the canister (IC specification: Ingress message inspection); one node answers, so guards ask once more.

use candid::Principal;

/// The most bytes of an argument that is no document or chunk.
pub const ORDINARY_BYTES: usize = 16 * 1024;

/// What comes in from outside. Every other message that is signed does.
pub struct Door {
    /// Methods that only other canisters call: the governor's and the peers'.
    pub of_canisters: &'static [&'static str],
    /// Methods that take documents or chunks; others take at most [`ORDINARY_BYTES`].
    pub large: &'static [&'static str],
}

impl Door {
    /// Whether a message may come in.
    pub fn lets_in(&self, caller: &Principal, method: &str, bytes: usize) -> bool {
        *caller != Principal::anonymous()
            && !self.of_canisters.contains(&method)
            && (bytes <= ORDINARY_BYTES || self.large.contains(&method))
    }

    /// Fails unless every governed method of an interface (each `x` beside a `validate_x`) is left to canisters, and
    /// every name here is a method. For tests.
    pub fn hold_to(&self, did: &str) {
        let methods: Vec<&str> =
            did.lines().filter_map(|line| line.split_once(" : (").map(|(name, _)| name.trim())).collect();
        for method in methods.iter().filter_map(|name| name.strip_prefix("validate_")) {
            assert!(self.of_canisters.contains(&method), "{method} is governed, and comes in from outside");
        }
        for name in self.of_canisters.iter().chain(self.large) {
            assert!(methods.contains(name), "{name} is no method");
        }
    }
}

/// Defines `inspect_message` by a [`Door`], and its constant `DOOR`.
#[macro_export]
macro_rules! door {
    (of_canisters: $of_canisters:expr, large: $large:expr $(,)?) => {
        pub const DOOR: $crate::ingress::Door = $crate::ingress::Door { of_canisters: &$of_canisters, large: &$large };

        #[ic_cdk::inspect_message]
        fn inspect_message() {
            let (method, bytes) = (ic_cdk::api::msg_method_name(), ic_cdk::api::msg_arg_data().len());
            if DOOR.lets_in(&system::caller(), &method, bytes) {
                ic_cdk::api::accept_message();
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: Door = Door { of_canisters: &["stop"], large: &["put"] };

    #[test]
    fn no_anonymous_caller_spends_a_canisters_cycles() {
        assert!(!DOOR.lets_in(&Principal::anonymous(), "put", 1));
        assert!(DOOR.lets_in(&Principal::from_slice(&[7; 10]), "put", ORDINARY_BYTES + 1));
    }

    #[test]
    fn no_stranger_fills_a_canister_with_arguments_or_knocks_at_methods_of_canisters() {
        let caller = Principal::from_slice(&[7; 10]);
        assert!(!DOOR.lets_in(&caller, "stop", 1));
        assert!(!DOOR.lets_in(&caller, "vote", ORDINARY_BYTES + 1));
        assert!(DOOR.lets_in(&caller, "vote", ORDINARY_BYTES));
    }

    #[test]
    fn a_new_governed_method_has_to_be_left_to_canisters() {
        DOOR.hold_to("  validate_stop : (Stop) -> (Validation) query;\n  stop : (Stop) -> ();\n  put : (blob) -> ();");
        let forgotten = std::panic::catch_unwind(|| DOOR.hold_to("  validate_go : (Go) -> ();\n  go : (Go) -> ();"));
        assert!(forgotten.is_err());
    }
}
