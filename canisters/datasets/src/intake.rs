//! How a dataset comes in and leaves: room for its chunks, registration, the vote's outcome, withdrawal, the end of
//! what nobody votes on, leases for readers. Every check that needs no other canister comes first; what needs one is
//! checked under the dataset's lock before anything changes.

use crate::buckets::{self, Reserve, Reserved};
use crate::deposits;
use crate::errors::{unknown, Error};
use crate::manifest::{self, Checked};
use crate::registry::{self, AcceptDataset, Dataset, SignedManifest, Status, Storage};
use crate::rooms::{self, Room};
use crate::settings;
use candid::{CandidType, Decode, Deserialize, Principal};
use governed::votes::{self, Outcome, Vote};
use governed::why;
use protocol::functions::ACCEPT_DATASET;
use serde_bytes::ByteBuf;
use serde_json::json;

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Register {
    pub manifest: ByteBuf,
    pub signature: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct OpenReads {
    pub dataset: String,
    pub reader: Principal,
    /// Nanoseconds since the epoch.
    pub until: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CloseDataset {
    pub dataset: String,
    pub proposal: u64,
}

/// Room in a bucket; a repeat with the same salt and chunks returns the same bucket. A room that is over begins anew,
/// with the chunks it holds.
pub async fn reserve(caller: Principal, reserve: Reserve) -> Result<Reserved, Error> {
    let wanted = buckets::wanted(&caller, &reserve)?;
    let in_time = |room: &Room| !rooms::is_over(&wanted.uid, room);
    if let Some(first) = buckets::first_room(&wanted)?.filter(in_time) {
        return Ok(Reserved { bucket: first.bucket });
    }
    if let Some(id) = registry::of_uid(&wanted.uid) {
        return Err(Error::AlreadyExists(why(
            "salt",
            format!("{id} is registered under it"),
            "choose a new salt for a new dataset",
        )));
    }
    let _lock = rooms::lock(&wanted.uid)?;
    let bond = bond_of(caller).await?;
    deposits::covered(caller, &wanted.uid, wanted.bytes, bond)?;
    // Unless it was collected before this call held the lock.
    if let Some(over) = buckets::first_room(&wanted)? {
        let bucket = over.bucket;
        deposits::hold(&wanted.uid, caller, wanted.bytes);
        rooms::keep(&wanted.uid, Room { reserved_at: system::now(), ..over });
        audit::append_as(
            caller,
            json!({"type": "reservedAgain", "uid": protocol::hex::encode(&wanted.uid), "bucket": bucket.to_text()}),
        );
        return Ok(Reserved { bucket });
    }
    // Counted before the bucket is asked, so that reservations made meanwhile do not count on the same bond.
    deposits::hold(&wanted.uid, caller, wanted.bytes);
    let taken = buckets::take_room(caller, &wanted).await;
    if taken.is_err() {
        deposits::release(&wanted.uid);
    }
    taken
}

/// Takes a signed manifest in; a repeat returns the dataset as it is now.
pub async fn register(caller: Principal, register: Register) -> Result<Dataset, Error> {
    let checked = manifest::check(&register.manifest, &register.signature, caller)?;
    if let Some(first) = first_registration(&checked)? {
        return Ok(first);
    }
    let _lock = rooms::lock(&checked.uid)?;
    let dataset = checked.dataset(system::now());
    let room = room_of(&checked, &dataset)?;
    let bytes = room.as_ref().map_or(0, |room| room.bytes) + register.manifest.len() as u64;
    let bond = bond_of(caller).await?;
    deposits::covered(caller, &checked.uid, bytes, bond)?;
    if let Some(room) = room {
        buckets::seal(&checked.uid, &room).await?;
        rooms::stays(&checked.uid);
    }
    deposits::hold(&checked.uid, caller, bytes);
    registry::add(
        &dataset,
        &checked.manifest,
        SignedManifest { manifest: register.manifest, signature: register.signature },
    );
    Ok(dataset)
}

fn first_registration(checked: &Checked) -> Result<Option<Dataset>, Error> {
    match registry::of_uid(&checked.uid) {
        None => Ok(None),
        Some(id) if id == checked.id => Ok(registry::find(&id)),
        Some(id) => Err(Error::AlreadyExists(why(
            "salt",
            format!("this contributor has registered {id} under it"),
            "choose a new salt for a new dataset",
        ))),
    }
}

/// The room the manifest's chunks were reserved in; None for a dataset in S3.
fn room_of(checked: &Checked, dataset: &Dataset) -> Result<Option<Room>, Error> {
    let Storage::Bucket(bucket) = dataset.storage else { return Ok(None) };
    let Some(room) = rooms::find(&checked.uid) else {
        let message = "no room is reserved for this contributor and salt, or its time is over";
        return Err(Error::MissingChunks(why(
            "storage.bucket",
            message,
            "reserve room, upload the chunks, then register",
        )));
    };
    if room.bucket != bucket {
        return Err(Error::Invalid(why(
            "storage.bucket",
            format!("the room is in bucket {}", room.bucket),
            "name that bucket",
        )));
    }
    if room.digest != buckets::digest(&checked.chunks) {
        let message = "the chunks are not the ones the room was reserved for";
        return Err(Error::WrongHash(why("files", message, "name the reserved chunks, in their order")));
    }
    rooms::in_time(&checked.uid, &room)?;
    Ok(Some(room))
}

/// The contributor's bond in the treasury, in e8s.
async fn bond_of(contributor: Principal) -> Result<u128, Error> {
    #[derive(CandidType)]
    struct AskBond {
        holder: Principal,
        purpose: Purpose,
    }
    #[derive(CandidType, Deserialize)]
    #[allow(non_camel_case_types)]
    enum Purpose {
        contributor,
    }
    #[derive(CandidType, Deserialize)]
    struct Bond {
        amount: u128,
    }
    let question = AskBond { holder: contributor, purpose: Purpose::contributor };
    let bond: Option<Bond> = system::ask(governed::peers().treasury, "get_bond", (question,)).await?;
    Ok(bond.map_or(0, |bond| bond.amount))
}

/// Marks a dataset rejected after its own vote was lost, and erases its chunks; a repeat erases what the first call
/// could not.
pub async fn close(caller: Principal, close: CloseDataset) -> Result<Dataset, Error> {
    if let Some(dataset) = registry::find(&close.dataset).filter(|dataset| dataset.status == Status::Rejected) {
        let _lock = rooms::lock(&dataset.key())?;
        erase(&dataset).await?;
        return Ok(dataset);
    }
    let _lock = rooms::lock(&registry::submitted(&close.dataset)?.key())?;
    let vote = votes::ask(close.proposal).await.map_err(Error::Unavailable)?;
    rejected(&close, &vote)?;
    // Another vote may have accepted it meanwhile: decide looks again.
    let dataset = registry::decide(caller, &close.dataset, Status::Rejected, Some(close.proposal))?;
    erase(&dataset).await?;
    Ok(dataset)
}

/// Erases a dataset's chunks. From here on only its manifest is stored, at its owner's expense unless it was accepted;
/// what cannot be erased now, the next collection takes.
async fn erase(dataset: &Dataset) -> Result<(), Error> {
    let uid = dataset.key();
    rooms::left(&uid);
    buckets::erase(&uid).await?;
    erased(&uid);
    Ok(())
}

/// Counts what is left of a dataset, or of room, whose chunks are gone.
pub fn erased(uid: &[u8; 32]) {
    let Some(dataset) = registry::of_uid(uid).and_then(|id| registry::find(&id)) else {
        return deposits::release(uid);
    };
    if deposits::holds(uid) {
        let manifest = registry::manifest(&dataset.id).map_or(0, |signed| signed.manifest.len());
        deposits::hold(uid, dataset.contributor, manifest as u64);
    }
}

/// Ends submitted datasets that no vote has decided in time, at most a page, oldest first, and erases their chunks.
/// Safe to repeat. @returns their ids
pub async fn lapse(caller: Principal, limit: usize) -> Vec<String> {
    let oldest = system::now().saturating_sub(settings::get().submission_ns());
    let mut lapsed = vec![];
    for id in registry::undecided_until(oldest, limit) {
        // Whoever works on it now comes first.
        let Some(dataset) = registry::find(&id) else { continue };
        let Ok(_lock) = rooms::lock(&dataset.key()) else { continue };
        let Ok(dataset) = registry::lapse(caller, &id) else { continue };
        lapsed.push(id);
        // What this cannot erase waits for the next collection, as after a withdrawal.
        _ = erase(&dataset).await;
    }
    lapsed
}

fn rejected(close: &CloseDataset, vote: &Vote) -> Result<(), Error> {
    let subject = format!("proposal {}", close.proposal);
    let named = Decode!(&vote.payload, AcceptDataset).ok().map(|payload| payload.dataset);
    if vote.function_id != ACCEPT_DATASET || named.as_deref() != Some(&close.dataset) {
        let message = format!("it is not about accepting {}", close.dataset);
        return Err(Error::Invalid(why(subject, message, "name the proposal that was made for this dataset")));
    }
    match vote.outcome {
        Outcome::Rejected => Ok(()),
        Outcome::Open => Err(Error::NotYet(why(subject, "its vote is open", "repeat the call after the vote"))),
        Outcome::Adopted | Outcome::Executed => {
            Err(Error::NotYet(why(subject, "it was adopted", "leave the dataset to its acceptance")))
        }
        Outcome::Failed | Outcome::Withdrawn => {
            Err(Error::NotYet(why(subject, "it was withdrawn or failed", "propose the dataset again")))
        }
    }
}

/// Takes a dataset back and erases its chunks, whatever a vote said of it: its owner always may. A repeat erases what
/// the first call could not.
pub async fn withdraw(caller: Principal, id: String) -> Result<Dataset, Error> {
    let dataset = registry::find(&id).ok_or_else(|| unknown(&id))?;
    if dataset.contributor != caller {
        let message = format!("{caller} is not its contributor {}", dataset.contributor);
        return Err(Error::NotAuthorized(why(id, message, "withdraw with the contributor's own identity")));
    }
    let _lock = rooms::lock(&dataset.key())?;
    // Marked before the bucket is asked: from here on no vote can accept it, and no key of it is released.
    let withdrawn = registry::withdraw(caller, &id)?;
    erase(&withdrawn).await?;
    Ok(withdrawn)
}

/// Lets a provider with a grant read a dataset's chunks. Data in S3 is opened by whoever runs that store.
pub async fn open_reads(caller: Principal, open: OpenReads) -> Result<(), Error> {
    only_access(caller, &open.dataset)?;
    let dataset = registry::find(&open.dataset).ok_or_else(|| unknown(&open.dataset))?;
    if dataset.status != Status::Accepted {
        return Err(Error::NotYet(why(&open.dataset, "it has not been accepted", "wait for its vote")));
    }
    if let Storage::Bucket(bucket) = dataset.storage {
        buckets::allow_reads(bucket, dataset.uid, open.reader, open.until).await?;
    }
    audit::append_as(
        caller,
        json!({"type": "readsOpened", "dataset": open.dataset, "reader": open.reader.to_text(), "until": open.until}),
    );
    Ok(())
}

fn only_access(caller: Principal, dataset: &str) -> Result<(), Error> {
    let access = governed::peers().access;
    if caller == access {
        return Ok(());
    }
    let message = format!("{caller} is not the access canister {access}");
    Err(Error::NotAuthorized(why(dataset, message, "ask the access canister for a grant")))
}

/// Ends what a provider may read of a dataset when its job is over; `until`: as long as another job of its lasts.
pub async fn end_reads(caller: Principal, end: OpenReads) -> Result<(), Error> {
    only_access(caller, &end.dataset)?;
    let dataset = registry::find(&end.dataset).ok_or_else(|| unknown(&end.dataset))?;
    if let Storage::Bucket(bucket) = dataset.storage {
        buckets::end_reads(bucket, dataset.uid, end.reader, end.until).await?;
    }
    audit::append_as(
        caller,
        json!({"type": "readsEnded", "dataset": end.dataset, "reader": end.reader.to_text(), "until": end.until}),
    );
    Ok(())
}

#[cfg(test)]
mod tests;
