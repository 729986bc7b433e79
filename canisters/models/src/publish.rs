//! Signing the TUF metadata with the canister's chain key (IC spec: sign_with_schnorr, algorithm ed25519), which no
//! person holds, and the timers that see to it.

use crate::api::Error;
use crate::outbox::{self, Answer, Message};
use crate::repository::{self, Draft, Due};
use crate::{channels, memory, root};
use candid::Deserialize;
use governed::{why, Lock};
use ic_cdk::management_canister::{
    schnorr_public_key, sign_with_schnorr, SchnorrAlgorithm, SchnorrKeyId, SchnorrPublicKeyArgs, SignWithSchnorrArgs,
};
use ic_stable_structures::StableCell;
use serde::Serialize;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use stored::{Cbor, Memory};

const RETRY: Duration = Duration::from_secs(3);
const SWEEP: Duration = Duration::from_secs(60);
/// One key for one use.
const DERIVATION_PATH: &[u8] = b"livepod/tuf/v1";

#[derive(Serialize, Deserialize, Clone, Default)]
struct Key {
    name: String,
    public: Option<[u8; 32]>,
}

thread_local! {
    /// A retry is on its way, and one is enough.
    static RETRYING: Cell<bool> = const { Cell::new(false) };
    static KEY: RefCell<StableCell<Cbor<Key>, Memory>> =
        RefCell::new(StableCell::init(memory::of(memory::KEY), Cbor(Key::default())));
}

/// Names the chain key. Called by `init`.
pub fn set_key_name(name: String) {
    KEY.with_borrow_mut(|key| key.set(Cbor(Key { name, public: None })));
}

/// The canister's public key, if it was fetched already.
pub fn known_key() -> Option<[u8; 32]> {
    KEY.with_borrow(|key| key.get().public)
}

fn key_id() -> SchnorrKeyId {
    SchnorrKeyId { algorithm: SchnorrAlgorithm::Ed25519, name: KEY.with_borrow(|key| key.get().name.clone()) }
}

/// The canister's public key (Ed25519, 32 bytes), fetched once.
pub async fn key() -> Result<[u8; 32], Error> {
    if let Some(known) = known_key() {
        return Ok(known);
    }
    let unavailable =
        |reason: String| Error::Unavailable(why("chain key", reason, "check schnorr_key_name, and try again"));
    let args =
        SchnorrPublicKeyArgs { canister_id: None, derivation_path: vec![DERIVATION_PATH.to_vec()], key_id: key_id() };
    let answer = schnorr_public_key(&args).await.map_err(|error| unavailable(error.to_string()))?;
    let public: [u8; 32] = answer.public_key.try_into().map_err(|_| unavailable("the key has not 32 bytes".into()))?;
    KEY.with_borrow_mut(|cell| {
        let name = cell.get().name.clone();
        cell.set(Cbor(Key { name, public: Some(public) }))
    });
    Ok(public)
}

/// Sets the timers. Call it in `init` and `post_upgrade`.
pub fn start() {
    ic_cdk_timers::set_timer_interval(SWEEP, tend);
    soon();
}

/// Publishes right after the running message.
pub fn soon() {
    ic_cdk_timers::set_timer(Duration::ZERO, tend());
}

async fn tend() {
    tell_peers().await;
    publish().await;
}

/// Tells the fleet and access canisters what they are to know, and acts on what they say.
pub async fn tell_peers() {
    outbox::deliver(heard).await;
}

/// What an answer of theirs changes: the fleet says whether it opens a release.
fn heard(message: &Message, answer: Answer) {
    let Message::OpenRelease { adoption, channel, checkpoint, version, .. } = message else { return };
    match answer {
        Answer::Opened(release) => {
            channels::opened(channel, *adoption, release, checkpoint, *version);
            soon();
        }
        _ => channels::not_opened(channel, *adoption),
    }
}

/// Signs and shows what is due; what fails is tried again by a timer.
async fn publish() {
    let Some(_lock) = Lock::take("publishing") else { return };
    while let Some(published) = once().await {
        if let Err(error) = published {
            ic_cdk::println!("publishing: {error}");
            repository::failed(Some(error));
            if !RETRYING.replace(true) {
                ic_cdk_timers::set_timer(RETRY, async {
                    RETRYING.set(false);
                    publish().await;
                });
            }
            return;
        }
    }
}

/// One publication; None when nothing is due.
async fn once() -> Option<Result<(), String>> {
    let due = repository::due();
    if due == Due::Nothing {
        return None;
    }
    Some(sign(due).await)
}

async fn sign(due: Due) -> Result<(), String> {
    let key = key().await.map_err(|error| error.to_string())?;
    let served = repository::served_root().expect("nothing is due without a root");
    served.names(&key).map_err(|error| error.to_string())?;
    let draft = match due {
        Due::Everything => {
            let mut draft = Draft::of_everything(&key);
            let targets = draft.targets();
            draft.set_targets(&targets, &signature(&key, &targets).await?);
            let snapshot = draft.snapshot();
            draft.set_snapshot(&snapshot, &signature(&key, &snapshot).await?);
            draft
        }
        _ => Draft::of_timestamp(&key),
    };
    let timestamp = draft.timestamp();
    let signature = signature(&key, &timestamp).await?;
    draft.commit(&timestamp, &signature);
    Ok(())
}

/// The chain key's signature over a role, checked before anybody sees it.
async fn signature(key: &[u8; 32], role: &Value) -> Result<[u8; 64], String> {
    let message = crate::roles::bytes(role);
    let args = SignWithSchnorrArgs {
        message: message.clone(),
        derivation_path: vec![DERIVATION_PATH.to_vec()],
        key_id: key_id(),
        aux: None,
    };
    let answer = sign_with_schnorr(&args).await.map_err(|error| error.to_string())?;
    let signature: [u8; 64] = answer.signature.try_into().map_err(|_| "the signature has not 64 bytes".to_owned())?;
    if !root::verifies(key, &message, &signature) {
        return Err("the chain key's signature does not verify".into());
    }
    Ok(signature)
}
