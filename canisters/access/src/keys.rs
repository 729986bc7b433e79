//! Release of dataset keys by vetKD. A data key is wrapped to (uid, epoch) under this canister's public key; deriving
//! the key of that identity, encrypted to a provider's transport key, is all the network ever does. No node or canister
//! sees it in the clear.

use crate::errors::Error;
use crate::grants;
use crate::{leases, listing, memory, permits, settings};
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_cdk::management_canister::{
    vetkd_derive_key, vetkd_public_key, VetKDCurve, VetKDDeriveKeyArgs, VetKDKeyId, VetKDPublicKeyArgs,
};
use ic_stable_structures::StableCell;
use protocol::dataset::{vetkd_input, KEY_CONTEXT};
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use stored::Memory;

/// A transport public key: a compressed point of G1, in bytes.
const TRANSPORT_KEY: usize = 48;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ReleaseKey {
    pub grant: u64,
    pub transport_public_key: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ReleasedKey {
    pub encrypted_key: ByteBuf,
}

thread_local! {
    static PUBLIC_KEY: RefCell<StableCell<Vec<u8>, Memory>> =
        RefCell::new(StableCell::init(memory::get(memory::PUBLIC_KEY), vec![]));
}

fn key_id() -> VetKDKeyId {
    VetKDKeyId { curve: VetKDCurve::Bls12_381_G2, name: settings::get().vetkd_key_name }
}

/// Counts a use of the grant and derives the dataset's key, when everything that the grant rests on still holds. A use
/// stays counted when the derivation fails. A repeat with the same transport key gets what was released, and is no
/// other use; what ended the grant ends that too.
pub async fn release(caller: Principal, release: ReleaseKey) -> Result<ReleasedKey, Error> {
    if release.transport_public_key.len() != TRANSPORT_KEY {
        let message = format!("it has {} bytes", release.transport_public_key.len());
        return Err(Error::Invalid(why(
            "transport_public_key",
            message,
            "send a fresh vetKD transport key of 48 bytes",
        )));
    }
    let (grant, job, _) = permits::here(caller, system::now(), release.grant)?;
    let repeat = grants::released_before(caller, system::now(), grant.id, &release.transport_public_key)?.is_some();
    if !repeat {
        grants::has_use(&grant)?;
    }
    let _lock = grants::lock(grant.id)?;
    permits::elsewhere(&grant, &job).await?;
    // Once more: a vote may have taken something back while the others were asked.
    let (_, _, dataset) = permits::here(caller, system::now(), grant.id)?;
    if let Some(encrypted_key) =
        grants::released_before(caller, system::now(), grant.id, &release.transport_public_key)?
    {
        return Ok(ReleasedKey { encrypted_key });
    }
    let grant = grants::count_use(caller, system::now(), grant.id, &release.transport_public_key)?;
    let uid: [u8; 32] = dataset.uid.as_slice().try_into().expect("a uid has 32 bytes");

    let outcome = vetkd_derive_key(&VetKDDeriveKeyArgs {
        input: vetkd_input(&uid, grant.epoch),
        context: KEY_CONTEXT.to_vec(),
        transport_public_key: release.transport_public_key.to_vec(),
        key_id: key_id(),
    })
    .await;
    match outcome {
        Ok(key) => {
            let entry = audit::append_as(caller, json!({"type": "keyReleased", "grant": grant.id}));
            listing::note_release(grant.id, entry);
            let encrypted_key = ByteBuf::from(key.encrypted_key);
            grants::keep_released(grant.id, release.transport_public_key, encrypted_key.clone());
            leases::tell_treasury(grant.job);
            Ok(ReleasedKey { encrypted_key })
        }
        Err(error) => {
            grants::nothing_released(grant.id);
            audit::append_as(caller, json!({"type": "keyNotReleased", "grant": grant.id, "reason": error.to_string()}));
            let message = format!("the network did not derive the key: {error}");
            Err(Error::Unavailable(why(
                format!("grant {}", grant.id),
                message,
                "check the transport key and repeat; the use is counted",
            )))
        }
    }
}

/// The public key data keys are wrapped to, if it was fetched before.
pub fn cached_public_key() -> Option<ByteBuf> {
    let key = PUBLIC_KEY.with_borrow(|key| key.get().clone());
    (!key.is_empty()).then(|| ByteBuf::from(key))
}

/// The public key data keys are wrapped to; fetched once.
pub async fn public_key() -> Result<ByteBuf, Error> {
    if let Some(key) = cached_public_key() {
        return Ok(key);
    }
    let question = VetKDPublicKeyArgs { canister_id: None, context: KEY_CONTEXT.to_vec(), key_id: key_id() };
    let answer = vetkd_public_key(&question).await.map_err(|error| {
        Error::Unavailable(why(
            "public key",
            format!("the network did not name it: {error}"),
            "check the key's name in the installation and repeat",
        ))
    })?;
    PUBLIC_KEY.with_borrow_mut(|cell| cell.set(answer.public_key.clone()));
    Ok(ByteBuf::from(answer.public_key))
}
