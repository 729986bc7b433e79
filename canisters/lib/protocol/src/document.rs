//! Documents: canonical JSON objects with a `type`. What is hashed and what is signed is the same preimage, under the
//! type as domain separator: one byte len(type) ‖ type ‖ canonical bytes.

use crate::limits::MAX_TYPE_BYTES;
use crate::strict::Strict;
use crate::{canonical, hex, identity, len8, sha256, ProtocolError};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn invalid<T>(subject: impl Into<String>, message: impl Into<String>) -> Result<T, ProtocolError> {
    Err(ProtocolError::InvalidDocument { subject: subject.into(), message: message.into() })
}

/// The type a canonical document names, if it is one of `known`: the versions of one kind of document.
pub fn type_of<'a>(bytes: &[u8], known: &[&'a str]) -> Result<&'a str, ProtocolError> {
    let value = canonical::parse(bytes)?;
    let found = value.get("type").and_then(Value::as_str);
    match known.iter().find(|known| found == Some(**known)) {
        Some(known) => Ok(known),
        None => invalid("type", format!("it is {found:?}, and {} is expected", known.join(" or "))),
    }
}

/// Reads a canonical document of the type `expected` into `T`, a struct of its other fields (`deny_unknown_fields`).
pub fn read<T: DeserializeOwned>(bytes: &[u8], expected: &str) -> Result<T, ProtocolError> {
    let mut value = canonical::parse(bytes)?;
    let Value::Object(fields) = &mut value else { return invalid("document", "it is not an object") };
    match fields.remove("type") {
        Some(Value::String(found)) if found == expected => {}
        Some(found) => return invalid("type", format!("it is {found}, and {expected:?} is expected")),
        None => return invalid("type", format!("it is missing, and {expected:?} is expected")),
    }
    serde_path_to_error::deserialize(Strict(value)).or_else(|error| {
        let path = error.path().to_string();
        invalid(if path == "." { "document" } else { &path }, error.into_inner().to_string())
    })
}

/// True for a type such as `livepod.dataset/v1`, whose length one byte holds.
fn is_type(kind: &str) -> bool {
    let parts = kind.strip_prefix("livepod.").and_then(|rest| rest.split_once("/v"));
    parts.is_some_and(|(name, version)| {
        let (name, version) = (name.as_bytes(), version.as_bytes());
        !name.is_empty()
            && name.iter().all(u8::is_ascii_lowercase)
            && !version.is_empty()
            && version.iter().all(u8::is_ascii_digit)
            && kind.len() <= MAX_TYPE_BYTES
    })
}

/// The bytes that are hashed and signed. The document must be canonical and name its type.
pub fn signing_bytes(bytes: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    let value = canonical::parse(bytes)?;
    match value.get("type").and_then(Value::as_str) {
        Some(kind) if is_type(kind) => Ok([&len8(kind.as_bytes())[..], bytes].concat()),
        _ => invalid("type", "it is missing, or not such as livepod.dataset/v1"),
    }
}

/// "sha256:" and the hex of the preimage's SHA-256.
pub fn id(bytes: &[u8]) -> Result<String, ProtocolError> {
    Ok(format!("sha256:{}", hex::encode(&sha256(&[&signing_bytes(bytes)?]))))
}

/// Checks an Ed25519 signature (RFC 8032, strict: no small-order keys) over the document by the key of
/// `public_key_hex`, the hex of a 44-byte SubjectPublicKeyInfo.
pub fn verify(bytes: &[u8], signature: &[u8], public_key_hex: &str) -> Result<(), ProtocolError> {
    let wrong = |message: &str| ProtocolError::WrongSignature { message: message.into() };
    let preimage = signing_bytes(bytes)?;
    let key = VerifyingKey::from_bytes(&identity::key_of(public_key_hex)?)
        .map_err(|_| ProtocolError::InvalidKey { message: "it is no point of Ed25519".into() })?;
    let signature = Signature::from_slice(signature).map_err(|_| wrong("it has not 64 bytes"))?;
    key.verify_strict(&preimage, &signature)
        .map_err(|_| wrong("it was not made by the key in the document over these bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Note {
        files: Vec<File>,
    }
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct File {
        bytes: u32,
    }

    #[test]
    fn an_error_names_the_field() {
        let read = |text: &str| {
            read::<Note>(text.as_bytes(), "livepod.note/v1")
                .map(|note| note.files[0].bytes)
                .map_err(|e| e.subject().to_owned())
        };
        assert_eq!(read(r#"{"files":[{"bytes":7}],"type":"livepod.note/v1"}"#), Ok(7));
        assert_eq!(read(r#"{"files":[{"bytes":"7"}],"type":"livepod.note/v1"}"#), Err("files[0].bytes".into()));
        assert_eq!(read(r#"{"files":[],"type":"livepod.other/v1"}"#), Err("type".into()));
        assert_eq!(read(r#"{"extra":1,"files":[],"type":"livepod.note/v1"}"#), Err("extra".into()));
        assert_eq!(read("[]"), Err("document".into()));
    }

    /// serde takes the list of a struct's fields for the struct, so that one document had two forms.
    #[test]
    fn a_list_does_not_pass_for_an_object_nor_an_object_for_an_enum() {
        #[derive(Deserialize, Debug)]
        enum Kind {
            #[serde(rename = "plain")]
            Plain,
        }
        #[derive(Deserialize, Debug)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Named {
            kind: Kind,
        }
        let named = |text: &str| read::<Named>(text.as_bytes(), "livepod.note/v1").map_err(|e| e.subject().to_owned());
        assert!(named(r#"{"kind":"plain","type":"livepod.note/v1"}"#).is_ok());
        assert_eq!(named(r#"{"kind":{"plain":null},"type":"livepod.note/v1"}"#).unwrap_err(), "kind");
        assert_eq!(
            read::<Note>(br#"{"files":[[7]],"type":"livepod.note/v1"}"#, "livepod.note/v1").unwrap_err().subject(),
            "files[0]"
        );
    }

    #[test]
    fn a_signature_holds_for_its_own_bytes_and_key_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = hex::encode(&identity::der_of(key.verifying_key().as_bytes()));
        let other = hex::encode(&identity::der_of(SigningKey::from_bytes(&[8; 32]).verifying_key().as_bytes()));
        let document = br#"{"n":1,"type":"livepod.note/v1"}"#;
        let signature = key.sign(&signing_bytes(document).unwrap()).to_bytes();
        assert_eq!(verify(document, &signature, &public), Ok(()));
        assert!(matches!(
            verify(br#"{"n":2,"type":"livepod.note/v1"}"#, &signature, &public),
            Err(ProtocolError::WrongSignature { .. })
        ));
        assert!(matches!(verify(document, &signature, &other), Err(ProtocolError::WrongSignature { .. })));
        assert!(matches!(verify(document, &signature[..63], &public), Err(ProtocolError::WrongSignature { .. })));
        assert!(matches!(verify(document, &signature, "00"), Err(ProtocolError::InvalidKey { .. })));
    }
}
