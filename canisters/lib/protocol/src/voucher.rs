//! Vouchers (`livepod.voucher/v1`): what lets devices enrol in a fleet. An operator signs one for a number of devices,
//! or a manufacturer for the one that it has made. The TypeScript of it is `protocol/src/manifests/voucher.ts`.

use crate::limits::MAX_VOUCHER_SECONDS;
use crate::operator::Token;
use crate::shape::{Hex, Integer, Nanoseconds, PrincipalText, Text};
use crate::{document, hex, identity, sha256, ProtocolError};
use candid::Principal;
use serde::Deserialize;

pub const TYPE: &str = "livepod.voucher/v1";
/// The word for a device that is not named.
const ANY: &str = "any";

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Document {
    issuer: PrincipalText,
    public_key: Hex<44>,
    audience: PrincipalText,
    channel: Text<32>,
    /// The device's principal, or `any`.
    pod: Text<63>,
    pods: Integer<1, 1_000>,
    not_before: Nanoseconds,
    expires: Nanoseconds,
    #[serde(rename = "nonce")]
    _nonce: Hex<16>,
}

/// What a voucher says, once its signature was found right. Whether its issuer may issue any, and how many devices have
/// enrolled by it, is for the caller to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    pub issuer: Principal,
    pub channel: String,
    /// Devices that may enrol by it.
    pub pods: u32,
    /// Whether it names the device.
    pub names_pod: bool,
    pub expires: u64,
    pub hash: [u8; 32],
}

fn wrong(subject: &str, message: impl Into<String>) -> ProtocolError {
    ProtocolError::InvalidDocument { subject: subject.into(), message: message.into() }
}

/// Reads a voucher that a device presents, and checks form, signature, audience, time and device.
pub fn read(token: &Token, audience: Principal, pod: Principal, now: u64) -> Result<Voucher, ProtocolError> {
    let read: Document = document::read(&token.document, TYPE)?;
    let public_key = hex::encode(&*read.public_key);
    document::verify(&token.document, &token.signature, &public_key)?;
    if identity::principal_of(&public_key)? != *read.issuer {
        return Err(wrong("issuer", "it is not the principal of publicKey"));
    }
    if *read.audience != audience {
        return Err(wrong("audience", format!("it is {}, and this is {audience}", *read.audience)));
    }
    let names_pod = *read.pod != ANY;
    if names_pod && *read.pod != pod.to_text() {
        return Err(wrong("pod", format!("it is for {}, and this is {pod}", *read.pod)));
    }
    let (from, until) = (*read.not_before, *read.expires);
    if until <= from || until - from > MAX_VOUCHER_SECONDS * 1_000_000_000 {
        return Err(wrong("expires", format!("it is not up to {MAX_VOUCHER_SECONDS} s after notBefore")));
    }
    if now < from || now >= until {
        return Err(wrong("expires", format!("it holds from {from} to {until} ns, and it is {now} ns")));
    }
    let hash = sha256(&[&document::signing_bytes(&token.document)?]);
    Ok(Voucher {
        issuer: *read.issuer,
        channel: read.channel.0,
        pods: if names_pod { 1 } else { read.pods.0 as u32 },
        names_pod,
        expires: until,
        hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    fn signed(change: impl Fn(String) -> String) -> Token {
        let key = hex::encode(&identity::der_of(SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes()));
        let issuer = identity::principal_of(&key).unwrap();
        let document = change(
            [
                r#"{"audience":"aaaaa-aa","channel":"stable","expires":"900","issuer":""#.to_owned(),
                format!(r#"{issuer}","nonce":"{}","notBefore":"5","pod":"any","pods":3,"#, "0".repeat(32)),
                format!(r#""publicKey":"{key}","type":"{TYPE}"}}"#),
            ]
            .concat(),
        )
        .into_bytes();
        let signature = SigningKey::from_bytes(&[7; 32]).sign(&document::signing_bytes(&document).unwrap()).to_vec();
        Token { document, signature }
    }

    fn subject(token: &Token, now: u64) -> String {
        let (audience, pod) = (Principal::management_canister(), Principal::anonymous());
        read(token, audience, pod, now).map_or_else(|error| error.subject().to_owned(), |_| "none".into())
    }

    #[test]
    fn a_voucher_holds_for_its_fleet_its_device_and_its_time() {
        let same = |document: String| document;
        assert_eq!(subject(&signed(same), 5), "none");
        for now in [4, 900] {
            assert_eq!(subject(&signed(same), now), "expires");
        }
        let replaced =
            |from: &'static str, to: &'static str| subject(&signed(|document| document.replace(from, to)), 5);
        assert_eq!(replaced(r#""audience":"aaaaa-aa""#, r#""audience":"2vxsx-fae""#), "audience");
        assert_eq!(replaced(r#""pod":"any""#, r#""pod":"aaaaa-aa""#), "pod");
        assert_eq!(replaced(r#""pod":"any""#, r#""pod":"2vxsx-fae""#), "none");
        assert_eq!(replaced(r#""expires":"900""#, r#""expires":"99000000000000000""#), "expires");
        assert_ne!(replaced(r#""pods":3"#, r#""pods":1001"#), "none");
        let mut changed = signed(same);
        changed.signature[0] ^= 1;
        assert_eq!(subject(&changed, 5), "signature");
    }
}
