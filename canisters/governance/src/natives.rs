//! What governance changes in itself by vote, as SNS's native actions of the same names: the table of governed methods.

use crate::api::*;
use crate::constitution;
use crate::errors::{refused, ErrorType};
use candid::{Decode, Encode};
use serde_bytes::ByteBuf;

/// SNS's ids of these actions.
pub const ADD_FUNCTION: u64 = 4;
pub const REMOVE_FUNCTION: u64 = 5;
const MAX_NAME_BYTES: usize = 256;
const MAX_DESCRIPTION_BYTES: usize = 10_000;
const MAX_FUNCTIONS: usize = 200;

/// What an adopted action calls: a governed method, or with an id below 1,000 one of these.
pub fn call_of(action: &Option<Action>) -> Option<ExecuteGenericNervousSystemFunction> {
    let own = |function_id, payload: Vec<u8>| {
        Some(ExecuteGenericNervousSystemFunction { function_id, payload: ByteBuf::from(payload) })
    };
    match action {
        Some(Action::ExecuteGenericNervousSystemFunction(call)) => Some(call.clone()),
        Some(Action::AddGenericNervousSystemFunction(function)) => {
            own(ADD_FUNCTION, Encode!(function).expect("a function encodes"))
        }
        Some(Action::RemoveGenericNervousSystemFunction(id)) => {
            own(REMOVE_FUNCTION, Encode!(id).expect("a number encodes"))
        }
        _ => None,
    }
}

fn no<T>(message: impl Into<String>) -> Result<T, GovernanceError> {
    Err(refused(ErrorType::InvalidProposal, message))
}

/// What voters read, if the change can be made.
pub fn in_words(action: &Action) -> Result<String, GovernanceError> {
    match action {
        Action::AddGenericNervousSystemFunction(function) => added(function),
        Action::RemoveGenericNervousSystemFunction(id) => removed(*id),
        _ => no("The proposal has no action this governance knows."),
    }
}

fn added(function: &NervousSystemFunction) -> Result<String, GovernanceError> {
    let table = constitution::functions();
    let Some(FunctionType::GenericNervousSystemFunction(generic)) = &function.function_type else {
        return no("Only generic functions can be added; give a target and a validator.");
    };
    let complete = (
        generic.target_canister_id.zip(generic.target_method_name.as_deref()),
        generic.validator_canister_id.zip(generic.validator_method_name.as_deref()),
    );
    let (Some((target, method)), Some((validator, check))) = complete else {
        return no("A generic function needs canister and method of its target and of its validator.");
    };
    if function.id < 1_000 {
        return no("Function ids below 1,000 are the governance canister's own.");
    }
    if table.iter().any(|known| known.id == function.id) || constitution::reserved().contains(&function.id) {
        return no(format!("Function id {} is taken, or was and is never given again.", function.id));
    }
    if table.len() >= MAX_FUNCTIONS {
        return no(format!("There are {MAX_FUNCTIONS} functions already; remove one first."));
    }
    let description = function.description.as_deref().unwrap_or_default();
    if function.name.is_empty() || function.name.len() > MAX_NAME_BYTES || description.len() > MAX_DESCRIPTION_BYTES {
        return no("A function has a name of 1 to 256 bytes and a description of at most 10,000.");
    }
    if target == candid::Principal::management_canister() {
        return no("The management canister is nobody's target.");
    }
    Ok(format!(
        "Let votes call {method} of canister {target} as function {} “{}”, checked by {check} of canister {validator}. \
         {description}",
        function.id, function.name
    ))
}

fn removed(id: u64) -> Result<String, GovernanceError> {
    match constitution::functions().iter().find(|known| known.id == id) {
        Some(function) => Ok(format!(
            "Let no vote call function {id} “{}” any more. Its id is never given to another.",
            function.name
        )),
        None => no(format!("There is no function {id}; see list_nervous_system_functions.")),
    }
}

/// Changes the table as was voted; checked once more, since another vote may have changed it meanwhile.
pub fn carry_out(call: &ExecuteGenericNervousSystemFunction) -> Result<(), String> {
    let unread = |error: candid::Error| error.to_string();
    let own = |checked: Result<String, GovernanceError>| checked.map_err(|error| error.error_message);
    match call.function_id {
        ADD_FUNCTION => {
            let function = Decode!(&call.payload, NervousSystemFunction).map_err(unread)?;
            own(added(&function))?;
            audit::append(
                serde_json::json!({"type": "function_added", "function": function.id, "name": function.name}),
            );
            constitution::add_function(function);
        }
        REMOVE_FUNCTION => {
            let id = Decode!(&call.payload, u64).map_err(unread)?;
            own(removed(id))?;
            audit::append(serde_json::json!({"type": "function_removed", "function": id}));
            constitution::remove_function(id);
        }
        _ => return Err("The function is not registered any more.".into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candid::Principal;

    fn function(id: u64) -> NervousSystemFunction {
        let canister = Some(Principal::from_slice(&[9; 10]));
        NervousSystemFunction {
            id,
            name: "pause_intake".into(),
            description: Some("Pauses intake.".into()),
            function_type: Some(FunctionType::GenericNervousSystemFunction(GenericNervousSystemFunction {
                validator_canister_id: canister,
                target_canister_id: canister,
                validator_method_name: Some("validate_pause_intake".into()),
                target_method_name: Some("pause_intake".into()),
            })),
        }
    }

    fn canister() {
        audit::open(crate::memory::get(crate::memory::AUDIT_INDEX), crate::memory::get(crate::memory::AUDIT_DATA));
        let parameters = Parameters {
            voting_period_seconds: 1,
            quorum_basis_points: 300,
            neuron_minimum_stake_e8s: 1,
            neuron_minimum_dissolve_delay_to_vote_seconds: 1,
            max_dissolve_delay_seconds: 1,
            max_dissolve_delay_bonus_percentage: 1,
            max_neuron_age_for_age_bonus: 1,
            max_age_bonus_percentage: 1,
            reject_cost_e8s: None,
            max_open_proposals_per_neuron: None,
            max_neurons: None,
            wait_for_quiet_deadline_increase_seconds: None,
            time_lock_seconds: None,
        };
        constitution::set(parameters, vec![function(1001)], None);
    }

    fn voted(action: Action) -> Result<(), String> {
        carry_out(&call_of(&Some(action)).expect("it is carried out"))
    }

    #[test]
    fn a_vote_adds_a_function_once_and_voters_read_what_it_calls() {
        canister();
        let add = Action::AddGenericNervousSystemFunction(function(1002));
        let words = in_words(&add).unwrap();
        assert!(words.contains("pause_intake of canister") && words.contains("1002"), "{words}");
        voted(add.clone()).unwrap();
        assert!(constitution::function(1002).is_some());
        assert!(voted(add.clone()).is_err() && in_words(&add).is_err(), "its id is taken");
    }

    #[test]
    fn no_removed_functions_id_is_given_to_another() {
        canister();
        voted(Action::RemoveGenericNervousSystemFunction(1001)).unwrap();
        assert!(constitution::function(1001).is_none());
        assert_eq!(constitution::reserved(), [1001]);
        assert!(
            in_words(&Action::AddGenericNervousSystemFunction(function(1001))).is_err(),
            "followers would follow it"
        );
        assert!(in_words(&Action::RemoveGenericNervousSystemFunction(1001)).is_err());
    }

    #[test]
    fn no_function_takes_governances_own_ids_or_calls_the_management_canister() {
        canister();
        for wrong in [
            function(999),
            function(1001),
            NervousSystemFunction { function_type: None, ..function(1002) },
            NervousSystemFunction { name: String::new(), ..function(1002) },
            NervousSystemFunction {
                function_type: Some(FunctionType::GenericNervousSystemFunction(GenericNervousSystemFunction {
                    validator_canister_id: Some(Principal::from_slice(&[9; 10])),
                    target_canister_id: Some(Principal::management_canister()),
                    validator_method_name: Some("validate".into()),
                    target_method_name: Some("install_code".into()),
                })),
                ..function(1002)
            },
        ] {
            assert!(in_words(&Action::AddGenericNervousSystemFunction(wrong.clone())).is_err(), "{wrong:?}");
        }
    }
}
