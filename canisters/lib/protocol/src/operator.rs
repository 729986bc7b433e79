//! Operator tokens (`livepod.operator/v1`): a person's signed statement of what may be done to which workflow, and how
//! long. It travels in the argument of a workflow's update, and whoever carries the update out hands it on to the
//! canister that it changes.

use crate::shape::{Hex, List, Nanoseconds, PrincipalText, Text};
use crate::{document, hex, identity, ProtocolError};
use candid::{CandidType, Principal};
use serde::Deserialize;

pub const TYPE: &str = "livepod.operator/v1";

/// The document and its Ed25519 signature, as `protocol`'s `operatorTokenOf` takes them out of a token's text.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Token {
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub signature: Vec<u8>,
}

/// In alphabetical order, as a token lists them.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    Abort,
    Approve,
    ExtendDeadline,
    Pause,
    ReplaceProvider,
    Resume,
    RetryStage,
    SkipSoak,
}

/// How many actions there are.
pub const ACTIONS: usize = Action::SkipSoak as usize + 1;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Document {
    operator: PrincipalText,
    public_key: Hex<44>,
    actions: List<Action, 1, ACTIONS>,
    workflow: Text<200>,
    audience: PrincipalText,
    not_before: Nanoseconds,
    expires: Nanoseconds,
    nonce: Hex<16>,
}

/// What a token says, once its signature was found right. Whether the person is an operator is for the caller to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub operator: Principal,
    /// The workflow's id, or "*"; for the audit log: a canister knows no workflows.
    pub workflow: String,
    /// The document's id.
    pub id: String,
}

/// Reads a token and checks form, signature, audience, time and action.
pub fn read(token: &Token, action: Action, audience: Principal, now: u64) -> Result<Statement, ProtocolError> {
    let wrong = |subject: &str, message: String| ProtocolError::InvalidDocument { subject: subject.into(), message };
    let read: Document = document::read(&token.document, TYPE)?;
    let public_key = hex::encode(&*read.public_key);
    document::verify(&token.document, &token.signature, &public_key)?;
    if identity::principal_of(&public_key)? != *read.operator {
        return Err(wrong("operator", "it is not the principal of publicKey".into()));
    }
    if read.actions.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(wrong("actions", "they are not in alphabetical order, each once".into()));
    }
    if *read.audience != audience {
        return Err(wrong("audience", format!("it is {}, and this is {audience}", *read.audience)));
    }
    if !read.actions.contains(&action) {
        return Err(wrong("actions", format!("{action:?} is not among them")));
    }
    if now < *read.not_before || now >= *read.expires {
        return Err(wrong(
            "expires",
            format!("it holds from {} to {} ns, and it is {now} ns", *read.not_before, *read.expires),
        ));
    }
    let _ = &read.nonce; // makes two tokens of one person for the same thing two documents
    Ok(Statement { operator: *read.operator, workflow: read.workflow.0, id: document::id(&token.document)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const HOUR: u64 = 3_600_000_000_000;

    fn signed(document: &str) -> Token {
        let document = document.as_bytes().to_vec();
        let signature = SigningKey::from_bytes(&[7; 32]).sign(&document::signing_bytes(&document).unwrap()).to_vec();
        Token { document, signature }
    }

    fn document(actions: &str, expires: u64) -> String {
        let key = hex::encode(&identity::der_of(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()));
        let operator = identity::principal_of(&key).unwrap();
        let nonce = "0".repeat(32);
        [
            format!(r#"{{"actions":[{actions}],"audience":"aaaaa-aa","expires":"{expires}","nonce":"{nonce}","#),
            format!(r#""notBefore":"5","operator":"{operator}","publicKey":"{key}","type":"{TYPE}","#),
            r#""workflow":"lifecycle-round-1"}"#.to_owned(),
        ]
        .concat()
    }

    fn refusal(token: &Token, action: Action, now: u64) -> String {
        read(token, action, Principal::management_canister(), now).unwrap_err().subject().to_owned()
    }

    #[test]
    fn a_token_holds_for_its_actions_its_time_and_its_audience() {
        let token = signed(&document(r#""pause","resume""#, HOUR));
        let statement = read(&token, Action::Resume, Principal::management_canister(), 5).unwrap();
        assert_eq!(statement.workflow, "lifecycle-round-1");
        assert_eq!(refusal(&token, Action::SkipSoak, 5), "actions");
        assert_eq!(refusal(&token, Action::Pause, 4), "expires");
        assert_eq!(refusal(&token, Action::Pause, HOUR), "expires");
        assert_eq!(read(&token, Action::Pause, Principal::anonymous(), 5).unwrap_err().subject(), "audience");
    }

    #[test]
    fn a_token_that_was_changed_or_is_not_in_order_is_none() {
        let mut token = signed(&document(r#""pause""#, HOUR));
        token.document = document(r#""pause""#, 2 * HOUR).into_bytes();
        assert_eq!(refusal(&token, Action::Pause, 5), "signature");
        assert_eq!(refusal(&signed(&document(r#""resume","pause""#, HOUR)), Action::Pause, 5), "actions");
        assert_eq!(refusal(&signed(&document(r#""pay""#, HOUR)), Action::Pause, 5), "actions[0]");
    }
}
