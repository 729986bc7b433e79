//! Who may move releases. Drivers, the orchestrators' own identities, begin waves and stop. People, the operators, also
//! let go on what was held: by a call of their own, or by a token that they signed and a driver hands on. So a driver
//! that was taken over can stop a release, which is safe, and never hurry one.

use crate::api::{Error, SetOperators};
use crate::memory;
use candid::Principal;
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::operator::{self, Action, Token};
use serde_json::{json, Value};
use std::cell::RefCell;
use stored::Memory;

/// The most operators, and the most drivers.
const LIMIT: usize = 100;

thread_local! {
    static DRIVERS: RefCell<StableBTreeMap<Principal, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::DRIVERS)));
    static OPERATORS: RefCell<StableBTreeMap<Principal, (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::OPERATORS)));
}

/// Names people and drivers anew; whoever is not named is neither.
pub fn set(lists: &SetOperators) {
    for (list, named) in [(&OPERATORS, &lists.operators), (&DRIVERS, &lists.drivers)] {
        list.with_borrow_mut(|known| {
            known.clear_new();
            named.iter().for_each(|principal| _ = known.insert(*principal, ()));
        });
    }
}

/// What a vote to name them would do.
pub fn checked(lists: &SetOperators) -> Result<(), Error> {
    for (what, named) in [("operators", &lists.operators), ("drivers", &lists.drivers)] {
        if named.len() > LIMIT {
            return Err(Error::LimitExceeded(why(
                what,
                format!("there are {}, and at most {LIMIT} are allowed", named.len()),
                "name fewer",
            )));
        }
        if named.contains(&Principal::anonymous()) {
            return Err(Error::Invalid(why(
                what,
                "the anonymous principal is among them",
                "name people and processes with keys",
            )));
        }
    }
    Ok(())
}

pub fn is_operator(principal: &Principal) -> bool {
    OPERATORS.with_borrow(|known| known.contains_key(principal))
}

/// Begins a wave, and may stop: a driver, or an operator.
pub fn may_drive() -> Result<Principal, Error> {
    let caller = system::caller();
    if is_operator(&caller) || DRIVERS.with_borrow(|known| known.contains_key(&caller)) {
        return Ok(caller);
    }
    Err(Error::NotAuthorized(why(
        caller,
        "it is no driver or operator of this fleet",
        "call with an operator's identity, or propose stop_release",
    )))
}

/// Stopping is safe: a driver may without a token. One that is given has to be right. Returns what the audit log keeps.
pub fn may_stop(token: Option<&Token>, action: Action) -> Result<Value, Error> {
    let caller = may_drive()?;
    token.map_or(Ok(json!({"operator": is_operator(&caller).then(|| caller.to_text())})), |token| signed(token, action))
}

/// Letting go on needs a person: the operator's own call, or a token.
pub fn may_hurry(token: Option<&Token>, action: Action) -> Result<Value, Error> {
    let caller = may_drive()?;
    match token {
        Some(token) => signed(token, action),
        None if is_operator(&caller) => Ok(json!({"operator": caller.to_text()})),
        None => Err(Error::NotAuthorized(why(
            "token",
            "a driver needs an operator's token for this",
            "make one with: livepod ops token",
        ))),
    }
}

fn signed(token: &Token, action: Action) -> Result<Value, Error> {
    let remedy = "make a new one with: livepod ops token";
    let said = operator::read(token, action, system::this_canister(), system::now())
        .map_err(|error| Error::NotAuthorized(why(format!("token, {}", error.subject()), error.message(), remedy)))?;
    if !is_operator(&said.operator) {
        return Err(Error::NotAuthorized(why(
            "token",
            format!("its signer {} is not an operator of this fleet", said.operator),
            remedy,
        )));
    }
    Ok(json!({"operator": said.operator.to_text(), "token": said.id, "workflow": said.workflow}))
}
