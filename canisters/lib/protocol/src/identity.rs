//! Ed25519 keys as SubjectPublicKeyInfo (RFC 8410 §4) and the principals they make (IC spec: Principals,
//! self-authenticating).

use crate::{hex, ProtocolError};
use candid::Principal;

const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The 44-byte DER of a raw Ed25519 key.
pub fn der_of(key: &[u8; 32]) -> Vec<u8> {
    [&PREFIX[..], key].concat()
}

/// The raw key inside the hex of a 44-byte DER.
pub fn key_of(der_hex: &str) -> Result<[u8; 32], ProtocolError> {
    let der: Option<[u8; 44]> = hex::decode_exact(der_hex);
    der.filter(|der| der.starts_with(&PREFIX)).and_then(|der| der[12..].try_into().ok()).ok_or(
        ProtocolError::InvalidKey { message: "it is not the hex of a 44-byte Ed25519 SubjectPublicKeyInfo".into() },
    )
}

/// The principal of a key: SHA-224(DER) ‖ 02.
pub fn principal_of(der_hex: &str) -> Result<Principal, ProtocolError> {
    Ok(Principal::self_authenticating(der_of(&key_of(der_hex)?)))
}
