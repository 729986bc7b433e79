//! What comes in from outside at all. A message that is not let in costs nothing; each method checks again what is said
//! here, because what canisters send is not asked.

use crate::api::{Command, ManageNeuron};
use crate::neurons;
use candid::{Decode, Principal};

/// The most bytes of an argument: a proposal with a whole payload, a summary and a motion.
const MAX_BYTES: usize = 200_000;
const MAX_SMALL_BYTES: usize = 4_096;

/// Methods that only canisters call: this one itself, and peers that report.
pub const OF_CANISTERS: [&str; 9] = [
    "validate_set_parameters",
    "set_parameters",
    "validate_set_articles",
    "set_articles",
    "validate_slash_reputation",
    "slash_reputation",
    "validate_upgrade_root",
    "upgrade_root",
    "earn_reputation",
];

/// Whether a message may be for this canister: signed; a command by the controller of its neuron, or a claim.
pub fn lets_in(caller: &Principal, method: &str, argument: &[u8]) -> bool {
    if *caller == Principal::anonymous() || OF_CANISTERS.contains(&method) {
        return false;
    }
    match method {
        "manage_neuron" => argument.len() <= MAX_BYTES && is_theirs(caller, argument),
        "withdraw_proposal" => argument.len() <= MAX_SMALL_BYTES && !neurons::ids_of(caller).is_empty(),
        _ => argument.len() <= MAX_SMALL_BYTES, // a query that is to be answered by all nodes
    }
}

fn is_theirs(caller: &Principal, argument: &[u8]) -> bool {
    let Ok(request) = Decode!(argument, ManageNeuron) else { return false };
    match request.command {
        Some(Command::ClaimOrRefresh(_)) => argument.len() <= MAX_SMALL_BYTES,
        Some(Command::MakeProposal(_)) => neurons::controlled(caller, &request.subaccount).is_ok(),
        // None: a command of SNS's that is not known here, which is told.
        _ => argument.len() <= MAX_SMALL_BYTES && neurons::controlled(caller, &request.subaccount).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Action, Proposal};
    use crate::api::{ClaimOrRefresh, Motion, RegisterVote, WithdrawProposal};
    use crate::proposals::tests::{governance, principal, START};
    use candid::encode_one;
    use serde_bytes::ByteBuf;

    fn manage(neuron: [u8; 32], command: Command) -> Vec<u8> {
        encode_one(ManageNeuron { subaccount: ByteBuf::from(neuron), command: Some(command) }).unwrap()
    }

    #[test]
    fn strangers_and_anonymous_callers_spend_nothing_of_governances() {
        governance();
        neurons::seed([1; 32], principal(1), 1_000, 60, START);
        let vote = || manage([1; 32], Command::RegisterVote(RegisterVote { vote: 1, proposal: None }));
        let claim = || manage([9; 32], Command::ClaimOrRefresh(ClaimOrRefresh { by: None }));
        let withdraw = encode_one(WithdrawProposal { proposal: 1 }).unwrap();
        let (owner, stranger, nobody) = (principal(1), principal(2), Principal::anonymous());
        assert!(lets_in(&owner, "manage_neuron", &vote()) && lets_in(&owner, "withdraw_proposal", &withdraw));
        assert!(lets_in(&stranger, "manage_neuron", &claim()), "anybody may claim what they have staked");
        assert!(!lets_in(&stranger, "manage_neuron", &vote()) && !lets_in(&stranger, "withdraw_proposal", &withdraw));
        assert!(!lets_in(&nobody, "manage_neuron", &claim()) && !lets_in(&nobody, "get_parameters", &[]));
        assert!(!lets_in(&owner, "manage_neuron", &[0xff; 100]), "no argument of this method");
        for method in OF_CANISTERS {
            assert!(!lets_in(&owner, method, &[]), "{method}");
        }
    }

    #[test]
    fn large_arguments_are_for_proposals_alone() {
        governance();
        neurons::seed([1; 32], principal(1), 1_000, 60, START);
        let proposal = |bytes: usize| {
            let action = Some(Action::Motion(Motion { motion_text: "x".repeat(bytes) }));
            let proposal = Proposal { url: String::new(), title: String::new(), summary: String::new(), action };
            manage([1; 32], Command::MakeProposal(proposal))
        };
        assert!(lets_in(&principal(1), "manage_neuron", &proposal(100_000)));
        assert!(!lets_in(&principal(1), "manage_neuron", &proposal(MAX_BYTES)));
        assert!(!lets_in(&principal(1), "get_parameters", &[0; MAX_SMALL_BYTES + 1]));
    }

    #[test]
    fn every_governed_method_is_left_to_canisters() {
        let did = include_str!("../governance.did");
        let methods = did.lines().filter_map(|line| line.split_once(" : (").map(|(name, _)| name.trim()));
        for method in methods.filter_map(|name| name.strip_prefix("validate_")) {
            assert!(OF_CANISTERS.contains(&method), "{method} is governed, and comes in from outside");
        }
    }
}
