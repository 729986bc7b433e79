//! What the access canister refuses.

use governed::why;
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
        WrongPrincipal,
        NotApproved,
        UnknownRecipe,
        UnknownDataset,
        OutOfRange,
        StaleEpoch,
        LicenceForbids,
        BondMissing,
        DeadlinePassed,
        NotYet,
        GrantExpired,
        GrantSpent,
        GrantRevoked,
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
            _ => Error::Invalid(about("correct the field and send the document again")),
        }
    }
}

impl From<NoAnswer> for Error {
    fn from(no: NoAnswer) -> Self {
        Error::Unavailable(why(no.canister, no.to_string(), "repeat the call"))
    }
}

pub fn no_job(job: u64) -> Error {
    Error::NotFound(why(format!("job {job}"), "there is no such job", "ask for access first, or check the number"))
}

pub fn busy(thing: impl ToString) -> Error {
    Error::Busy(why(thing, "another call is working on it", "repeat the call in a moment"))
}
