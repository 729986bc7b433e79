//! The document `livepod.approval/v2`, and that of version 1, which names no payer and no ceiling: everything a job
//! will run. Its id is what payments, grants and the checkpoint
//! name.

use crate::errors::Error;
use crate::recipes::Resources;
use candid::Deserialize;
use governed::why;
use protocol::document;
use protocol::limits::{MAX_APPROVAL_BYTES, MAX_JOB_DATASETS};
use protocol::shape::{Amount, Argument, Entries, Id, Integer, List, Nanoseconds, PrincipalText};
use protocol::task::nullable;
use serde::Deserializer;

const FIRST: &str = "livepod.approval/v1";
const SECOND: &str = "livepod.approval/v2";
/// The longest a job may take: 30 days, in nanoseconds.
pub const LONGEST: u64 = 30 * 86_400 * 1_000_000_000;

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub recipe: Id,
    pub arguments: Entries<Argument, 64>,
    #[allow(dead_code)]
    pub seed: Integer<0, 4_294_967_295>,
    pub datasets: List<Wanted, 1, MAX_JOB_DATASETS>,
    #[serde(deserialize_with = "nullable")]
    pub base: Option<Id>,
    pub resources: Resources,
    #[allow(dead_code)]
    pub egress: Egress,
    #[allow(dead_code)]
    pub privacy: (),
    pub provider: PrincipalText,
    pub reward: Amount,
    pub deadline: Nanoseconds,
    /// Who pays, and nobody else can.
    #[serde(default, deserialize_with = "given")]
    pub payer: Option<PrincipalText>,
    /// The most that fees and reward may come to, in e8s.
    #[serde(default, deserialize_with = "given")]
    pub ceiling: Option<Amount>,
}

/// A field that is there has a value.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    pub id: Id,
    pub epoch: Integer<0, 4_294_967_295>,
}

/// What may leave the sandbox besides the declared outputs: nothing.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Egress {
    None,
}

/// The approval digest: the document's id.
pub fn digest(bytes: &[u8]) -> Result<String, Error> {
    sized(bytes)?;
    Ok(document::id(bytes)?)
}

fn sized(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() <= MAX_APPROVAL_BYTES {
        return Ok(());
    }
    let message = format!("it has {} bytes, and at most {MAX_APPROVAL_BYTES} are allowed", bytes.len());
    Err(Error::LimitExceeded(why("approval", message, "name fewer datasets")))
}

/// Reads an approval and checks what it says by itself, whatever the time is.
fn parse(bytes: &[u8]) -> Result<Approval, Error> {
    sized(bytes)?;
    let kind = document::type_of(bytes, &[FIRST, SECOND])?;
    let approval: Approval = document::read(bytes, kind)?;
    for (field, is_given) in [("payer", approval.payer.is_some()), ("ceiling", approval.ceiling.is_some())] {
        if is_given != (kind == SECOND) {
            return Err(Error::Invalid(why(
                field,
                format!("it belongs to {SECOND}"),
                "name both there, and none before",
            )));
        }
    }
    if let Some(index) = approval.datasets.windows(2).position(|pair| pair[0].id >= pair[1].id) {
        return Err(Error::Invalid(why(
            format!("datasets[{}]", index + 1),
            "it is not after the one before it",
            "sort by id, each dataset once",
        )));
    }
    Ok(approval)
}

/// Reads an approval whose deadline is ahead, and not too far.
pub fn read(bytes: &[u8], now: u64) -> Result<Approval, Error> {
    let approval = parse(bytes)?;
    let deadline = *approval.deadline;
    if deadline <= now {
        return Err(Error::DeadlinePassed(why(
            "deadline",
            format!("{deadline} ns is not in the future"),
            "choose a later deadline",
        )));
    }
    if deadline - now > LONGEST {
        return Err(Error::LimitExceeded(why(
            "deadline",
            "it is more than 30 days away",
            "choose an earlier deadline",
        )));
    }
    Ok(approval)
}

#[cfg(test)]
mod tests {
    #[test]
    fn mutated_approvals_are_read_as_in_typescript() {
        vectors::hold_to_mutants("approval", |document| super::parse(document).map(|_| ()));
    }
}
