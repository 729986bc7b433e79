//! Operator tokens (`livepod.operator/v2`): one thing that a person lets be done, once, to one release, job or workflow
//! in one state. It travels in the argument of a workflow's update, and whoever carries the update out hands it on to
//! the canister that it changes.

use crate::limits::MAX_OPERATOR_TOKEN_SECONDS;
use crate::shape::{Hex, List, Nanoseconds, PrincipalText, Text};
use crate::{document, hex, identity, sha256, ProtocolError};
use candid::{CandidType, Principal};
use serde::{Deserialize, Serialize};

pub const TYPE: &str = "livepod.operator/v2";
/// For every release or job there is, as often as one likes. Read for what was recorded; allows nothing.
pub const FIRST_TYPE: &str = "livepod.operator/v1";

const SECOND: u64 = 1_000_000_000;

/// The document and its Ed25519 signature, as `protocol`'s `operatorTokenOf` takes them out of a token's text.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Token {
    #[serde(with = "serde_bytes")]
    pub document: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub signature: Vec<u8>,
}

/// In alphabetical order, as a token of the first version lists them.
#[derive(Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
struct First {
    operator: PrincipalText,
    public_key: Hex<44>,
    actions: List<Action, 1, ACTIONS>,
    workflow: Text<200>,
    #[serde(rename = "audience")]
    _audience: PrincipalText,
    not_before: Nanoseconds,
    expires: Nanoseconds,
    #[serde(rename = "nonce")]
    _nonce: Hex<16>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Document {
    operator: PrincipalText,
    public_key: Hex<44>,
    action: Action,
    workflow: Text<200>,
    object: Text<30>,
    state: Text<100>,
    audience: PrincipalText,
    not_before: Nanoseconds,
    expires: Nanoseconds,
    /// Makes two tokens of one person for the same thing two documents.
    #[serde(rename = "nonce")]
    _nonce: Hex<16>,
}

/// What somebody wants to do by a token.
pub struct Ask<'a> {
    pub action: Action,
    /// `release/<number>` or `job/<number>`: what changes.
    pub object: &'a str,
    pub audience: Principal,
    pub now: u64,
}

/// What a token says, once its signature was found right. Whether the person is an operator, whether the object is in
/// that state and whether the token was used before is for the caller to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub operator: Principal,
    /// The workflow's id; for the audit log: a canister knows no workflows.
    pub workflow: String,
    /// Where the object has to stand for it: [`release_state`] or [`job_state`].
    pub state: String,
    pub expires: u64,
    /// The document's id.
    pub id: String,
    /// The same, as it is remembered.
    pub hash: [u8; 32],
}

/// Where a release stands, as a token names it: its state, its wave, and how often a person has paused it.
pub fn release_state(state: &str, wave: u32, pauses: u32) -> String {
    format!("{state}/{wave}/{pauses}")
}

/// Where a job stands: its state, and its deadline in nanoseconds since 1970.
pub fn job_state(state: &str, deadline: u64) -> String {
    format!("{state}/{deadline}")
}

fn wrong(subject: &str, message: impl Into<String>) -> ProtocolError {
    ProtocolError::InvalidDocument { subject: subject.into(), message: message.into() }
}

/// Reads a token and checks form, signature, audience, time, action and object.
pub fn read(token: &Token, ask: &Ask) -> Result<Statement, ProtocolError> {
    if document::type_of(&token.document, &[TYPE, FIRST_TYPE])? == FIRST_TYPE {
        return Err(first(token).err().unwrap_or_else(|| {
            wrong("type", "it is of the first version, which names no release or job and could be used on any")
        }));
    }
    let read: Document = document::read(&token.document, TYPE)?;
    signed(token, &read.public_key, &read.operator)?;
    if !read.workflow.bytes().all(|byte| byte.is_ascii_graphic()) || *read.workflow == "*" {
        return Err(wrong("workflow", "it is no id of one workflow"));
    }
    if !is_object(&read.object) {
        return Err(wrong("object", "it is no release/<number>, job/<number> or workflow"));
    }
    if !read.state.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("state", "it is no state"));
    }
    lasting(*read.not_before, *read.expires)?;
    if *read.expires - *read.not_before > MAX_OPERATOR_TOKEN_SECONDS * SECOND {
        return Err(wrong("expires", format!("it is more than {MAX_OPERATOR_TOKEN_SECONDS} s after notBefore")));
    }
    if *read.audience != ask.audience {
        return Err(wrong("audience", format!("it is {}, and this is {}", *read.audience, ask.audience)));
    }
    if read.action != ask.action {
        return Err(wrong("action", format!("it is {:?}, and this is {:?}", read.action, ask.action)));
    }
    if *read.object != ask.object {
        return Err(wrong("object", format!("it is {}, and this is {}", *read.object, ask.object)));
    }
    if ask.now < *read.not_before || ask.now >= *read.expires {
        return Err(wrong(
            "expires",
            format!("it holds from {} to {} ns, and it is {} ns", *read.not_before, *read.expires, ask.now),
        ));
    }
    let hash = sha256(&[&document::signing_bytes(&token.document)?]);
    Ok(Statement {
        operator: *read.operator,
        workflow: read.workflow.0,
        state: read.state.0,
        expires: *read.expires,
        id: format!("sha256:{}", hex::encode(&hash)),
        hash,
    })
}

/// `workflow`, `release/<number>` or `job/<number>`, of at most 16 digits and none before the first.
fn is_object(text: &str) -> bool {
    let Some((kind, number)) = text.split_once('/') else { return text == "workflow" };
    matches!(kind, "release" | "job")
        && (1..=16).contains(&number.len())
        && number.bytes().all(|digit| digit.is_ascii_digit())
        && (number == "0" || !number.starts_with('0'))
}

/// Checks that the object is in the state that the token names.
pub fn in_state(said: &Statement, object: &str, state: &str) -> Result<(), ProtocolError> {
    if said.state == state {
        return Ok(());
    }
    Err(wrong("state", format!("it is for {object} in {}, and that is in {state} now", said.state)))
}

/// Reads a token of the first version: well formed and signed, or why not.
fn first(token: &Token) -> Result<(), ProtocolError> {
    let read: First = document::read(&token.document, FIRST_TYPE)?;
    signed(token, &read.public_key, &read.operator)?;
    if read.actions.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(wrong("actions", "they are not in alphabetical order, each once"));
    }
    if !read.workflow.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("workflow", "it is no id of a workflow"));
    }
    lasting(*read.not_before, *read.expires)
}

fn signed(token: &Token, public_key: &Hex<44>, operator: &Principal) -> Result<(), ProtocolError> {
    let public_key = hex::encode(&**public_key);
    document::verify(&token.document, &token.signature, &public_key)?;
    if identity::principal_of(&public_key)? != *operator {
        return Err(wrong("operator", "it is not the principal of publicKey"));
    }
    Ok(())
}

fn lasting(not_before: u64, expires: u64) -> Result<(), ProtocolError> {
    if expires > not_before {
        return Ok(());
    }
    Err(wrong("expires", "it is not later than notBefore"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const HOUR: u64 = 3_600 * SECOND;

    fn signed(document: &str) -> Token {
        let document = document.as_bytes().to_vec();
        let signature = SigningKey::from_bytes(&[7; 32]).sign(&document::signing_bytes(&document).unwrap()).to_vec();
        Token { document, signature }
    }

    /// Each is signed anew, so that its form alone decides, and asked for what it says.
    #[test]
    fn mutated_tokens_are_read_as_in_typescript() {
        let keys = [1, 2, 3].map(|n| SigningKey::from_bytes(&sha256(&[format!("seed {n}").as_bytes()])));
        vectors::hold_to_mutants("operator", |bytes| {
            let preimage = document::signing_bytes(bytes)?;
            let said = crate::canonical::parse(bytes)?;
            let text = |field: &str| said[field].as_str().unwrap_or_default();
            let ask = Ask {
                action: serde_json::from_value(said["action"].clone()).unwrap_or(Action::Pause),
                object: text("object"),
                audience: Principal::from_text(text("audience")).unwrap_or(Principal::anonymous()),
                now: text("notBefore").parse().unwrap_or_default(),
            };
            let by = |key: &SigningKey| {
                let token = Token { document: bytes.to_vec(), signature: key.sign(&preimage).to_vec() };
                match document::type_of(bytes, &[TYPE, FIRST_TYPE])? {
                    FIRST_TYPE => first(&token),
                    _ => read(&token, &ask).map(|_| ()),
                }
            };
            by(&keys[0]).or_else(|_| by(&keys[1])).or_else(|_| by(&keys[2]))
        });
    }

    fn key() -> String {
        hex::encode(&identity::der_of(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()))
    }

    fn document(action: &str, workflow: &str, expires: u64) -> String {
        let (key, nonce) = (key(), "0".repeat(32));
        let operator = identity::principal_of(&key).unwrap();
        [
            format!(r#"{{"action":"{action}","audience":"aaaaa-aa","expires":"{expires}","nonce":"{nonce}","#),
            format!(r#""notBefore":"5","object":"release/7","operator":"{operator}","publicKey":"{key}","#),
            format!(r#""state":"rolling/1/0","type":"{TYPE}","workflow":"{workflow}"}}"#),
        ]
        .concat()
    }

    fn first_version(actions: &str) -> String {
        let (key, nonce) = (key(), "0".repeat(32));
        let operator = identity::principal_of(&key).unwrap();
        [
            format!(r#"{{"actions":[{actions}],"audience":"aaaaa-aa","expires":"{HOUR}","nonce":"{nonce}","#),
            format!(r#""notBefore":"5","operator":"{operator}","publicKey":"{key}","type":"{FIRST_TYPE}","#),
            r#""workflow":"*"}"#.to_owned(),
        ]
        .concat()
    }

    fn asked(action: Action, object: &str, now: u64) -> Ask<'_> {
        Ask { action, object, audience: Principal::management_canister(), now }
    }

    fn refusal(token: &Token, ask: Ask) -> String {
        read(token, &ask).unwrap_err().subject().to_owned()
    }

    #[test]
    fn a_token_holds_for_its_action_its_object_its_time_and_its_audience() {
        let token = signed(&document("resume", "lifecycle-round-1", HOUR));
        let said = read(&token, &asked(Action::Resume, "release/7", 5)).unwrap();
        assert_eq!((said.workflow.as_str(), said.state.as_str()), ("lifecycle-round-1", "rolling/1/0"));
        assert_eq!(refusal(&token, asked(Action::SkipSoak, "release/7", 5)), "action");
        assert_eq!(refusal(&token, asked(Action::Resume, "release/8", 5)), "object");
        assert_eq!(refusal(&token, asked(Action::Resume, "job/7", 5)), "object");
        assert_eq!(refusal(&token, asked(Action::Resume, "release/7", 4)), "expires");
        assert_eq!(refusal(&token, asked(Action::Resume, "release/7", HOUR)), "expires");
        let elsewhere = Ask { audience: Principal::anonymous(), ..asked(Action::Resume, "release/7", 5) };
        assert_eq!(refusal(&token, elsewhere), "audience");
        assert!(in_state(&said, "release/7", "rolling/1/0").is_ok());
        assert_eq!(in_state(&said, "release/7", "rolling/1/1").unwrap_err().subject(), "state");
    }

    #[test]
    fn a_token_longer_than_the_maximum_is_none() {
        let longest = signed(&document("pause", "lifecycle-round-1", HOUR + 5));
        assert!(read(&longest, &asked(Action::Pause, "release/7", 5)).is_ok());
        let longer = signed(&document("pause", "lifecycle-round-1", HOUR + 6));
        assert_eq!(refusal(&longer, asked(Action::Pause, "release/7", 5)), "expires");
    }

    #[test]
    fn a_token_for_every_workflow_is_none() {
        let ask = || asked(Action::Pause, "release/7", 5);
        assert_eq!(refusal(&signed(&document("pause", "*", HOUR)), ask()), "workflow");
        assert_eq!(refusal(&signed(&document("pause", "lifecycle round", HOUR)), ask()), "workflow");
    }

    #[test]
    fn a_token_that_was_changed_is_none() {
        let mut token = signed(&document("pause", "lifecycle-round-1", HOUR));
        token.document = document("pause", "lifecycle-round-2", HOUR).into_bytes();
        assert_eq!(refusal(&token, asked(Action::Pause, "release/7", 5)), "signature");
        let pay = signed(&document("pay", "lifecycle-round-1", HOUR));
        assert_eq!(refusal(&pay, asked(Action::Pause, "release/7", 5)), "action");
        let backwards = signed(&document("pause", "lifecycle-round-1", 5));
        assert_eq!(refusal(&backwards, asked(Action::Pause, "release/7", 5)), "expires");
    }

    #[test]
    fn a_token_of_the_first_version_is_read_and_allows_nothing() {
        let ask = || asked(Action::Pause, "release/7", 5);
        assert_eq!(refusal(&signed(&first_version(r#""pause""#)), ask()), "type");
        assert_eq!(refusal(&signed(&first_version(r#""resume","pause""#)), ask()), "actions");
        let mut changed = signed(&first_version(r#""pause""#));
        changed.signature = vec![0; 64];
        assert_eq!(refusal(&changed, ask()), "signature");
    }
}
