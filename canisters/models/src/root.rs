//! Checking a TUF root before it is served: the first one by its own keys, each next one by the keys of both (TUF
//! specification §5.3), and that it hands the other roles to this canister's key.

use crate::api::Error;
use crate::{olpc, roles};
use ed25519_dalek::{Signature, VerifyingKey};
use governed::why;
use protocol::hex;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The longest root, as clients cap it (tuf-js: 512 kB).
const LIMIT: usize = 512_000;
const ONLINE: [&str; 3] = ["targets", "snapshot", "timestamp"];
/// TUF specification §4.3: the roles there are. This repository has no mirrors role.
const ROLES: [&str; 4] = ["root", "snapshot", "targets", "timestamp"];

/// A root that is well formed; its signatures are checked by [`Root::is_first`] and [`Root::follows`].
#[derive(Debug)]
pub struct Root {
    pub version: u64,
    envelope: Value,
}

fn invalid<T>(field: &str, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid(why(
        format!("root.{field}"),
        message,
        "make the root again, and have it signed by the root keys",
    )))
}

impl Root {
    /// Reads a root and checks that it serves clients from now on.
    pub fn read(bytes: &[u8]) -> Result<Root, Error> {
        if bytes.len() > LIMIT {
            return Err(Error::LimitExceeded(why(
                "root",
                format!("it has {} bytes", bytes.len()),
                format!("{LIMIT} are allowed"),
            )));
        }
        let envelope: Value = match serde_json::from_slice(bytes) {
            Ok(envelope) => envelope,
            Err(error) => return invalid("json", error.to_string()),
        };
        let signed = &envelope["signed"];
        if signed["_type"] != "root" {
            return invalid("_type", "it is not \"root\"");
        }
        if signed["consistent_snapshot"] != true {
            return invalid("consistent_snapshot", "this repository keeps consistent snapshots");
        }
        let Some(version) = signed["version"].as_u64().filter(|version| (1..1 << 32).contains(version)) else {
            return invalid("version", "it is not a number from 1");
        };
        match signed["expires"].as_str().and_then(roles::from_rfc3339) {
            Some(expires_at) if expires_at > system::now() => {}
            Some(_) => return invalid("expires", "it has passed"),
            None => return invalid("expires", "it is not of the form 2027-01-01T00:00:00Z"),
        }
        if olpc::bytes(signed).is_none() {
            return invalid("signed", "it has a number that is no integer");
        }
        Ok(Root { version, envelope })
    }

    /// A root that was checked when it was stored, and may have expired since.
    pub fn stored(bytes: &[u8]) -> Root {
        let envelope: Value = serde_json::from_slice(bytes).expect("it was read before it was stored");
        let version = envelope["signed"]["version"].as_u64().expect("it was read before it was stored");
        Root { version, envelope }
    }

    fn signed(&self) -> &Value {
        &self.envelope["signed"]
    }

    /// Checks that a root says no more than what is voted on: these four roles, root keys each once and under the id
    /// that follows from the key, the canister's key alone for the other roles, and no key that no role has.
    pub fn says_only(&self, public: &[u8; 32]) -> Result<(), Error> {
        self.names(public)?;
        let own = BTreeSet::from([roles::key_id(public)]);
        for role in ONLINE {
            if self.keyids(role)? != own {
                return invalid(&format!("roles.{role}"), "a further key may sign it beside this canister's");
            }
        }
        let nothing = Map::new();
        let named = |field: &str| -> BTreeSet<&str> {
            self.signed()[field].as_object().unwrap_or(&nothing).keys().map(String::as_str).collect()
        };
        if named("roles") != BTreeSet::from(ROLES) {
            return invalid("roles", format!("they are not exactly {}", ROLES.join(", ")));
        }
        let root = self.keyids("root")?;
        if root.contains(&roles::key_id(public)) {
            return invalid("roles.root", "this canister's own key is among the root keys");
        }
        let threshold = self.threshold();
        if threshold == 0 || threshold > root.len() as u64 {
            return invalid("roles.root", format!("its threshold is {threshold}, and it has {} keys", root.len()));
        }
        for id in &root {
            let key = digits::<32>(&self.signed()["keys"][id]["keyval"]["public"]);
            if !key.is_some_and(|key| roles::key_id(&key) == *id && self.signed()["keys"][id] == roles::key(&key)) {
                return invalid("keys", format!("{id} is no Ed25519 key under its own id"));
            }
        }
        let all: BTreeSet<&str> = root.iter().chain(&own).map(String::as_str).collect();
        match named("keys").difference(&all).next() {
            Some(other) => invalid("keys", format!("{other} is there, and no role names it")),
            None => Ok(()),
        }
    }

    fn threshold(&self) -> u64 {
        self.signed()["roles"]["root"]["threshold"].as_u64().unwrap_or(0)
    }

    /// The key ids of a role; refuses one that is named twice, which would count for two.
    fn keyids(&self, role: &str) -> Result<BTreeSet<String>, Error> {
        let nothing = Vec::new();
        let list = self.signed()["roles"][role]["keyids"].as_array().unwrap_or(&nothing);
        let ids: BTreeSet<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if ids.len() != list.len() {
            return invalid(&format!("roles.{role}"), "a key id is there twice, or is no text");
        }
        Ok(ids)
    }

    /// What a vote to publish this root decides: whose signatures a root needs from now on.
    pub fn in_words(&self, before: Option<&Root>) -> String {
        let ids = |root: &Root| root.keyids("root").unwrap_or_default();
        let (now, then) = (ids(self), before.map(ids).unwrap_or_default());
        let list = |ids: Vec<&String>| match ids.is_empty() {
            true => "none".to_owned(),
            false => ids.into_iter().cloned().collect::<Vec<_>>().join(", "),
        };
        format!(
            "From then on a root needs the signatures of {} of these {} keys: {}. New among them: {}. No longer: {}. \
             Targets, snapshot and timestamp are signed by this canister's key alone. It expires {}.",
            self.threshold(),
            now.len(),
            list(now.iter().collect()),
            list(now.difference(&then).collect()),
            list(then.difference(&now).collect()),
            self.signed()["expires"].as_str().unwrap_or_default(),
        )
    }

    /// Checks that the canister's key signs targets, snapshot and timestamp.
    pub fn names(&self, public: &[u8; 32]) -> Result<(), Error> {
        let id = roles::key_id(public);
        if self.signed()["keys"][&id]["keyval"]["public"] != hex::encode(public) {
            return invalid("keys", format!("this canister's key {id} is missing"));
        }
        for role in ONLINE {
            let entry = &self.signed()["roles"][role];
            let named = entry["keyids"].as_array().is_some_and(|ids| ids.iter().any(|each| *each == id));
            if !named || entry["threshold"] != 1 {
                return invalid(
                    &format!("roles.{role}"),
                    format!("this canister's key {id} does not sign it with threshold 1"),
                );
            }
        }
        Ok(())
    }

    /// Checks a first root: version 1 and signed by its own keys.
    pub fn is_first(&self) -> Result<(), Error> {
        if self.version != 1 {
            return invalid("version", format!("the first root has version 1, not {}", self.version));
        }
        self.signed_by(self)
    }

    /// Checks the next root: one version on, signed by the keys of the root before and by its own.
    pub fn follows(&self, before: &Root) -> Result<(), Error> {
        if self.version != before.version + 1 {
            return invalid("version", format!("{} does not follow {}", self.version, before.version));
        }
        self.signed_by(before)?;
        self.signed_by(self)
    }

    /// Checks that a threshold of `other`'s distinct root keys signed this root.
    fn signed_by(&self, other: &Root) -> Result<(), Error> {
        let role = &other.signed()["roles"]["root"];
        let threshold = role["threshold"].as_u64().unwrap_or(0);
        if threshold == 0 {
            return invalid("roles.root", "it has no threshold");
        }
        let message = roles::bytes(self.signed());
        let nothing = Vec::new();
        let (ids, signatures) =
            (role["keyids"].as_array().unwrap_or(&nothing), self.envelope["signatures"].as_array().unwrap_or(&nothing));
        let mut good = BTreeSet::new();
        for signature in signatures {
            let id = &signature["keyid"];
            if !ids.contains(id) {
                continue;
            }
            let key = &other.signed()["keys"][id.as_str().unwrap_or_default()];
            if key["scheme"] != "ed25519" {
                continue;
            }
            if let (Some(public), Some(sig)) = (digits::<32>(&key["keyval"]["public"]), digits::<64>(&signature["sig"]))
            {
                if verifies(&public, &message, &sig) {
                    good.insert(public);
                }
            }
        }
        if good.len() as u64 >= threshold {
            return Ok(());
        }
        let message =
            format!("{} of the {threshold} needed root keys of version {} signed it", good.len(), other.version);
        Err(Error::WrongSignature(why(format!("root {}", self.version), message, "have more root key holders sign it")))
    }
}

fn digits<const N: usize>(value: &Value) -> Option<[u8; N]> {
    hex::decode_exact(value.as_str()?)
}

/// True for a good Ed25519 signature (RFC 8032, strict).
pub fn verifies(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}
