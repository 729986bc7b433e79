//! Operators' tokens that were used. Each is good for one effect; the same effect, asked for again by an activity that
//! was retried, is told so and changes nothing.

use crate::{why, Why};
use candid::Principal;
use ic_stable_structures::StableBTreeMap;
use protocol::operator::{self, Action, Ask, Statement, Token};
use protocol::ProtocolError;
use stored::{Cbor, Memory};

/// How many a canister remembers at once. Only what operators have signed gets in.
const MOST: u64 = 10_000;
const REMEDY: &str = "make a new one with: livepod ops token, or send the update with: livepod ops update";

/// When it expires and its hash → what it was used for.
pub struct Used(StableBTreeMap<(u64, [u8; 32]), Cbor<String>, Memory>);

/// What a token is presented for.
pub struct Effect<'a> {
    pub action: Action,
    /// `release/<number>` or `job/<number>`.
    pub object: &'a str,
    /// Where that stands now.
    pub state: &'a str,
    /// What tells this effect from others of this action on this object, such as a wave; as a sentence would name it.
    pub what: &'a str,
}

/// A token that is good for an effect.
#[derive(Clone, Debug)]
pub struct Good {
    pub said: Statement,
    /// It was used for this very effect before: nothing is to change any more.
    pub done: bool,
}

impl Used {
    pub fn init(memory: Memory) -> Self {
        Self(StableBTreeMap::init(memory))
    }

    pub fn len(&self) -> u64 {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks everything about a token but whether its signer is an operator. `fleet` is the canister whose operators
    /// count.
    pub fn check(&self, token: &Token, fleet: Principal, effect: &Effect) -> Result<Good, Why> {
        let now = system::now();
        let ask = Ask { action: effect.action, object: effect.object, audience: fleet, now };
        let said = operator::read(token, &ask).map_err(refused)?;
        if let Some(before) = self.0.get(&(said.expires, said.hash)) {
            if before.0 == effect.what {
                return Ok(Good { said, done: true });
            }
            return Err(why("token, nonce", format!("it was used already, for {}", before.0), REMEDY));
        }
        operator::in_state(&said, effect.object, effect.state).map_err(refused)?;
        if self.len() >= MOST && self.0.first_key_value().is_some_and(|((expires, _), _)| expires > now) {
            return Err(why("token", format!("{MOST} were used within the hour"), "try again in a while"));
        }
        Ok(Good { said, done: false })
    }

    /// Remembers a token until it expires.
    pub fn keep(&mut self, said: &Statement, what: &str) {
        while self.0.first_key_value().is_some_and(|((expires, _), _)| expires <= system::now()) {
            self.0.pop_first();
        }
        self.0.insert((said.expires, said.hash), Cbor(what.to_owned()));
    }
}

fn refused(error: ProtocolError) -> Why {
    why(format!("token, {}", error.subject()), error.message(), REMEDY)
}

/// The signer of a token is no operator.
pub fn not_an_operator(signer: Principal) -> Why {
    why("token", format!("its signer {signer} is not an operator of the fleet"), REMEDY)
}
