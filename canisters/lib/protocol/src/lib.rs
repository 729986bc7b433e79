//! What everyone agrees on: canonical JSON, document ids, signatures, Merkle roots, dataset identities, cohorts; the
//! outcome of a vote, function ids, limits.
//! The same rules are in the TypeScript package `protocol/`; both are tested against `protocol/vectors/*.json`.

pub mod blame;
pub mod canonical;
pub mod cohort;
pub mod dataset;
pub mod document;
pub mod functions;
pub mod hex;
pub mod identity;
pub mod limits;
pub mod merkle;
pub mod operator;
pub mod shape;
mod strict;
pub mod task;
pub mod votes;
pub mod voucher;

use sha2::{Digest, Sha256};
use std::fmt;

/// What is wrong with bytes that came in. `subject` names the field or thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    NotCanonical { message: String },
    InvalidDocument { subject: String, message: String },
    InvalidKey { message: String },
    WrongSignature { message: String },
}

impl ProtocolError {
    pub fn subject(&self) -> &str {
        match self {
            ProtocolError::NotCanonical { .. } => "document",
            ProtocolError::InvalidDocument { subject, .. } => subject,
            ProtocolError::InvalidKey { .. } => "publicKey",
            ProtocolError::WrongSignature { .. } => "signature",
        }
    }

    pub fn message(&self) -> &str {
        match self {
            ProtocolError::NotCanonical { message }
            | ProtocolError::InvalidDocument { message, .. }
            | ProtocolError::InvalidKey { message }
            | ProtocolError::WrongSignature { message } => message,
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject(), self.message())
    }
}

/// SHA-256 of the parts one after the other (FIPS 180-4).
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// "sha256:" and the hex of the bytes' SHA-256: the id of files, chunks and recipe bundles.
pub fn content_id(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(&sha256(&[bytes])))
}

/// True for "sha256:" and 64 lower-case hex digits.
pub fn is_id(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| hex::decode_exact::<32>(digits).is_some())
}

/// A domain separator: its length in one byte, then its bytes.
pub(crate) fn len8(domain: &[u8]) -> Vec<u8> {
    let length = u8::try_from(domain.len()).expect("domains and principals are short");
    [&[length], domain].concat()
}
