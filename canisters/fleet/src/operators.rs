//! Who may move releases. Drivers, the orchestrators' own identities, begin waves and stop. People, the operators, also
//! let go on what was held: by a call of their own, or by a token that they signed and a driver hands on. So a driver
//! that was taken over can stop a release, which is safe, and never hurry one. A token is good once, for one action on
//! one release in one state, and none outlives a person's later pause.

use crate::api::{Error, Release, SetOperators};
use crate::{memory, vouchers};
use candid::Principal;
use governed::used::{self, Effect, Good, Used};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::operator::{Action, Token};
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
    static USED: RefCell<Used> = RefCell::new(Used::init(memory::of(memory::USED)));
}

/// Names people and drivers anew; whoever is not named is neither.
pub fn set(lists: &SetOperators) {
    for (list, named) in [(&OPERATORS, &lists.operators), (&DRIVERS, &lists.drivers)] {
        list.with_borrow_mut(|known| {
            known.clear_new();
            named.iter().for_each(|principal| _ = known.insert(*principal, ()));
        });
    }
    if let Some(makers) = &lists.makers {
        vouchers::set_makers(makers);
    }
}

/// What a vote to name them would do.
pub fn checked(lists: &SetOperators) -> Result<(), Error> {
    let makers: Vec<Principal> = lists.makers.iter().flatten().map(|maker| maker.principal).collect();
    for (what, named) in [("operators", &lists.operators), ("drivers", &lists.drivers), ("makers", &makers)] {
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

/// Whose decision an effect on a release is.
pub struct Decision {
    /// What the audit log keeps of it.
    pub by: Value,
    /// A person's: by a call of their own, or by a token.
    pub person: bool,
    token: Option<Good>,
    what: String,
}

impl Decision {
    /// Whether this very effect was done by this token before.
    pub fn done(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.done)
    }

    /// The effect has taken place: its token is used.
    pub fn used(&self) {
        if let Some(Good { said, done: false }) = &self.token {
            USED.with_borrow_mut(|used| used.keep(said, &self.what));
        }
    }
}

/// Stopping is safe: a driver may without a token. One that is given has to be right.
pub fn may_stop(token: Option<&Token>, action: Action, release: &Release, what: &str) -> Result<Decision, Error> {
    let caller = may_drive()?;
    match token {
        Some(token) => signed(token, action, release, what),
        None => Ok(own(&caller, what)),
    }
}

/// Letting go on needs a person: the operator's own call, or a token.
pub fn may_hurry(token: Option<&Token>, action: Action, release: &Release, what: &str) -> Result<Decision, Error> {
    let caller = may_drive()?;
    match token {
        Some(token) => signed(token, action, release, what),
        None if is_operator(&caller) => Ok(own(&caller, what)),
        None => Err(Error::NotAuthorized(why(
            "token",
            "a driver needs an operator's token for this",
            "make one with: livepod ops token",
        ))),
    }
}

fn own(caller: &Principal, what: &str) -> Decision {
    let person = is_operator(caller);
    Decision { by: json!({"operator": person.then(|| caller.to_text())}), person, token: None, what: what.into() }
}

fn signed(token: &Token, action: Action, release: &Release, what: &str) -> Result<Decision, Error> {
    let (object, state) = (format!("release/{}", release.id), release.standing());
    let effect = Effect { action, object: &object, state: &state, what };
    let good =
        USED.with_borrow(|used| used.check(token, system::this_canister(), &effect)).map_err(Error::NotAuthorized)?;
    let said = &good.said;
    if !is_operator(&said.operator) {
        return Err(Error::NotAuthorized(used::not_an_operator(said.operator)));
    }
    let by = json!({"operator": said.operator.to_text(), "token": said.id, "workflow": said.workflow});
    Ok(Decision { by, person: true, token: Some(good), what: what.into() })
}

#[cfg(test)]
pub fn remembered() -> u64 {
    USED.with_borrow(Used::len)
}
