//! What a bucket refuses.

use crate::settings::DatasetUid;
use governed::why;

governed::errors! {
    pub enum Error {
        NotAuthorized,
        NotFound,
        AlreadyExists,
        Invalid,
        LimitExceeded,
        WrongHash,
        MissingChunks,
        Sealed,
        LeaseExpired,
    }
}

pub fn no_dataset(uid: &[u8]) -> Error {
    Error::NotFound(why(
        format!("dataset {}", protocol::hex::encode(uid)),
        "nothing is reserved here under this uid, or its time to be registered is over",
        "reserve room through the datasets canister, then upload what `missing` lists",
    ))
}

pub fn uid_of(bytes: &[u8]) -> Result<DatasetUid, Error> {
    bytes.try_into().map_err(|_| {
        Error::Invalid(why("uid", format!("it has {} bytes", bytes.len()), "send the dataset's uid of 32 bytes"))
    })
}
