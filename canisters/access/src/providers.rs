//! Training providers: who may ask for access once the DAO has approved them.

use crate::errors::Error;
use crate::memory;
use crate::recipes::Status;
use candid::{CandidType, Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use serde::Serialize;
use serde_json::json;
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderClass {
    #[serde(rename = "open")]
    Open,
    #[serde(rename = "bonded")]
    Bonded,
    #[serde(rename = "enclave")]
    Enclave,
}

impl ProviderClass {
    /// As licences write it.
    pub fn word(self) -> &'static str {
        match self {
            ProviderClass::Open => "open",
            ProviderClass::Bonded => "bonded",
            ProviderClass::Enclave => "enclave",
        }
    }
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub id: Principal,
    pub name: String,
    pub class: ProviderClass,
    pub status: Status,
    pub registered_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RegisterProvider {
    pub name: String,
    pub class: ProviderClass,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListProviders {
    pub after: Option<Principal>,
    pub limit: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ApproveProvider {
    pub provider: Principal,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RevokeProvider {
    pub provider: Principal,
    pub reason: String,
}

thread_local! {
    static PROVIDERS: RefCell<StableBTreeMap<Principal, Cbor<Provider>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::get(memory::PROVIDERS)));
}

pub fn find(id: &Principal) -> Option<Provider> {
    PROVIDERS.with_borrow(|providers| providers.get(id)).map(|record| record.0)
}

/// Providers by principal, after one, at most a page.
pub fn list(list: &ListProviders) -> Vec<Provider> {
    let start = list.after.map_or(Bound::Unbounded, Bound::Excluded);
    PROVIDERS.with_borrow(|providers| {
        let page = providers.range((start, Bound::Unbounded)).take(governed::page_size(list.limit));
        page.map(|entry| entry.value().0).collect()
    })
}

/// Registers the caller once; a repeat with the same name and class returns the provider as it is now.
pub fn register(caller: Principal, register: RegisterProvider) -> Result<Provider, Error> {
    if register.name.is_empty() || register.name.chars().count() > 60 {
        return Err(Error::Invalid(why("name", "1 to 60 characters are expected", "choose another name")));
    }
    if let Some(first) = find(&caller) {
        if first.name == register.name && first.class == register.class {
            return Ok(first);
        }
        let message = format!("it is registered as {} of class {}", first.name, first.class.word());
        return Err(Error::AlreadyExists(why(caller, message, "register another identity")));
    }
    let provider = Provider {
        id: caller,
        name: register.name,
        class: register.class,
        status: Status::Submitted,
        registered_at: system::now(),
    };
    PROVIDERS.with_borrow_mut(|providers| providers.insert(caller, Cbor(provider.clone())));
    audit::append_as(
        caller,
        json!({"type": "providerRegistered", "provider": caller.to_text(), "class": provider.class.word()}),
    );
    Ok(provider)
}

/// The approved provider.
pub fn approved(id: &Principal) -> Result<Provider, Error> {
    match find(id) {
        Some(provider) if provider.status == Status::Approved => Ok(provider),
        Some(provider) => {
            let message = format!("the provider is {}, not approved", provider.status.word());
            Err(Error::NotApproved(why(id, message, "propose it and wait for the vote")))
        }
        None => Err(Error::NotApproved(why(
            id,
            "it is not registered as a provider",
            "register it, propose it and wait for the vote",
        ))),
    }
}

/// The provider a vote is about, while it waits for one.
pub fn waiting(id: &Principal) -> Result<Provider, Error> {
    let provider =
        find(id).ok_or_else(|| Error::NotFound(why(id, "it is not registered as a provider", "register it first")))?;
    if provider.status == Status::Approved {
        return Err(Error::NotYet(why(id, "it is approved already", "nothing needs to be done")));
    }
    Ok(provider)
}

pub fn in_words(provider: &Provider) -> String {
    format!("Approve provider {} “{}” of class {}.", provider.id, provider.name, provider.class.word())
}

pub fn approve(caller: Principal, id: &Principal) -> Result<(), Error> {
    let provider = Provider { status: Status::Approved, ..waiting(id)? };
    PROVIDERS.with_borrow_mut(|providers| providers.insert(*id, Cbor(provider)));
    audit::append_as(caller, json!({"type": "providerApproved", "provider": id.to_text()}));
    Ok(())
}

/// An approved provider that a vote may take back.
pub fn revocable(revoke: &RevokeProvider) -> Result<Provider, Error> {
    crate::grants::reasoned(&revoke.reason)?;
    approved(&revoke.provider)
}

pub fn revoke_in_words(provider: &Provider, reason: &str) -> String {
    format!(
        "Take back the approval of provider {} “{}”: it may ask for no further job, and gets no further key for the \
         jobs it has. Reason: {reason}",
        provider.id, provider.name
    )
}

pub fn revoke(caller: Principal, revoke: &RevokeProvider) -> Result<(), Error> {
    let provider = Provider { status: Status::Revoked, ..revocable(revoke)? };
    PROVIDERS.with_borrow_mut(|providers| providers.insert(provider.id, Cbor(provider)));
    let id = revoke.provider.to_text();
    audit::append_as(caller, json!({"type": "providerRevoked", "provider": id, "reason": revoke.reason}));
    Ok(())
}
