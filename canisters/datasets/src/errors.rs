//! What the datasets canister refuses.

use governed::{why, Why};
use protocol::ProtocolError;
use system::NoAnswer;

governed::errors! {
    pub enum Error {
        NotAuthorized,
        NotFound,
        AlreadyExists,
        Invalid,
        NotCanonical,
        LimitExceeded,
        WrongSignature,
        WrongPrincipal,
        WrongHash,
        BondMissing,
        MissingChunks,
        Expired,
        NotYet,
        Busy,
        Unavailable,
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        let about = |remedy: &str| why(error.subject(), error.message(), remedy);
        match error {
            ProtocolError::NotCanonical { .. } => {
                Error::NotCanonical(about("encode the document with the protocol package"))
            }
            ProtocolError::InvalidDocument { .. } => {
                Error::Invalid(about("correct the field and sign the manifest again"))
            }
            ProtocolError::InvalidKey { .. } => Error::Invalid(about("name the contributor's Ed25519 key")),
            ProtocolError::WrongSignature { .. } => {
                Error::WrongSignature(about("sign the manifest's canonical bytes with the contributor's key"))
            }
        }
    }
}

impl From<NoAnswer> for Error {
    fn from(no: NoAnswer) -> Self {
        Error::Unavailable(why(no.canister, no.to_string(), "repeat the call"))
    }
}

pub fn unknown(dataset: &str) -> Error {
    Error::NotFound(why(dataset, "no dataset is registered under this id", "register it, or check the id"))
}

pub fn busy(thing: impl ToString) -> Error {
    Error::Busy(why(thing, "another call is working on it", "repeat the call in a moment"))
}

/// A bucket's refusal, as the datasets canister passes it on.
pub fn of_bucket(error: bucket_api::Error) -> Error {
    use bucket_api::Error as Bucket;
    let pass: fn(Why) -> Error = match error {
        Bucket::MissingChunks(_) => Error::MissingChunks,
        Bucket::WrongHash(_) => Error::WrongHash,
        Bucket::LimitExceeded(_) => Error::LimitExceeded,
        Bucket::AlreadyExists(_) => Error::AlreadyExists,
        Bucket::NotFound(_) => Error::NotFound,
        _ => Error::Invalid,
    };
    pass(error.why().clone())
}

/// The bucket's error variant on the wire.
pub mod bucket_api {
    governed::errors! {
        pub enum Error {
            NotAuthorized, NotFound, AlreadyExists, Invalid, LimitExceeded,
        WrongHash, MissingChunks, Sealed, LeaseExpired
        }
    }
}
