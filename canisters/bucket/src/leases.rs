//! Read leases: who besides the uploader may fetch a dataset's chunks, and until when.

use crate::errors::{no_dataset, uid_of, Error};
use crate::memory;
use crate::reservations;
use crate::settings::DatasetUid;
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use serde_bytes::ByteBuf;
use serde_json::json;
use std::cell::RefCell;
use stored::Memory;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AllowReads {
    pub uid: ByteBuf,
    pub reader: Principal,
    /// Nanoseconds since the epoch.
    pub until: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct EndReads {
    pub uid: ByteBuf,
    pub reader: Principal,
    /// Nanoseconds since the epoch.
    pub until: u64,
}

thread_local! {
    static LEASES: RefCell<StableBTreeMap<Vec<u8>, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::LEASES)));
}

fn key(uid: &DatasetUid, reader: &Principal) -> Vec<u8> {
    [&uid[..], reader.as_slice()].concat()
}

/// Gives a reader a lease on a sealed dataset; a later end replaces an earlier one.
pub fn allow(allow: AllowReads) -> Result<(), Error> {
    let uid = uid_of(&allow.uid)?;
    let reservation = reservations::find(&uid).ok_or_else(|| no_dataset(&uid))?;
    if !reservation.sealed {
        return Err(Error::Invalid(why(
            format!("dataset {}", protocol::hex::encode(&uid)),
            "it is not sealed, so its chunks may still change",
            "register the dataset first",
        )));
    }
    let until = until(&uid, &allow.reader).unwrap_or(0).max(allow.until);
    LEASES.with_borrow_mut(|leases| leases.insert(key(&uid, &allow.reader), until));
    audit::append(json!({
        "type": "readsAllowed",
        "uid": protocol::hex::encode(&uid),
        "reader": allow.reader.to_text(),
        "until": until
    }));
    Ok(())
}

/// Ends a reader's lease earlier than it was given for; one that ends before then stays as it is.
pub fn end(end: EndReads) -> Result<(), Error> {
    let uid = uid_of(&end.uid)?;
    let Some(until) = until(&uid, &end.reader).filter(|until| *until > end.until) else { return Ok(()) };
    LEASES.with_borrow_mut(|leases| leases.insert(key(&uid, &end.reader), until.min(end.until)));
    audit::append(json!({
        "type": "readsEnded",
        "uid": protocol::hex::encode(&uid),
        "reader": end.reader.to_text(),
        "until": end.until
    }));
    Ok(())
}

/// When the reader's lease ends, if it ever had one.
pub fn until(uid: &DatasetUid, reader: &Principal) -> Option<u64> {
    LEASES.with_borrow(|leases| leases.get(&key(uid, reader)))
}

/// Ends all leases on a dataset.
pub fn end_all(uid: &DatasetUid) {
    LEASES.with_borrow_mut(|leases| {
        let from = uid.to_vec();
        let ended: Vec<Vec<u8>> =
            leases.range(from..).map(|entry| entry.key().clone()).take_while(|key| key.starts_with(uid)).collect();
        for key in ended {
            leases.remove(&key);
        }
    });
}
