//! Channels: what pods follow. A channel's sequence grows with every change, and a rollback is a change like any other
//! that names an older checkpoint.

use crate::api::{
    AdoptCheckpoint, Candidate, Channel, Checkpoint, Error, ExposureState, ListChannels, RollbackChannel, SetExposure,
    Stable,
};
use crate::{checkpoints, memory, outbox};
use candid::Deserialize;
use governed::why;
use ic_stable_structures::{StableBTreeMap, StableCell};
use protocol::limits::MAX_RELEASE_REASON_BYTES;
use serde::Serialize;
use serde_json::json;
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
struct Kept {
    sequence: u64,
    model: String,
    stable: Option<Stable>,
    candidate: Option<Candidate>,
    reason: String,
    /// The adoption whose release the fleet has not opened yet.
    opening: Option<u64>,
    /// The release that ended last here: its exposure is history.
    ended: Option<u64>,
    /// What was stable at some time, each once; a rollback may name these.
    proven: Vec<Stable>,
    /// Every checkpoint that was adopted for this channel.
    adopted: Vec<String>,
}

thread_local! {
    static CHANNELS: RefCell<StableBTreeMap<String, Cbor<Kept>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::CHANNELS)));
    static ADOPTIONS: RefCell<StableCell<u64, Memory>> =
        RefCell::new(StableCell::init(memory::of(memory::ADOPTIONS), 0));
}

fn kept(name: &str) -> Option<Kept> {
    CHANNELS.with_borrow(|channels| channels.get(&name.to_owned())).map(|kept| kept.0)
}

fn existing(name: &str) -> Result<Kept, Error> {
    kept(name).ok_or_else(|| {
        Error::NotFound(why(format!("channel {name}"), "there is no such channel", "adopt a checkpoint for it first"))
    })
}

fn put(name: &str, kept: Kept) {
    CHANNELS.with_borrow_mut(|channels| channels.insert(name.to_owned(), Cbor(kept)));
}

fn view(name: String, kept: Kept) -> Channel {
    Channel { name, sequence: kept.sequence, stable: kept.stable, candidate: kept.candidate, reason: kept.reason }
}

pub fn get(name: &str) -> Option<Channel> {
    kept(name).map(|kept| view(name.to_owned(), kept))
}

pub fn list(page: &ListChannels) -> Vec<Channel> {
    let after = page.after.clone().map_or(Bound::Unbounded, Bound::Excluded);
    CHANNELS.with_borrow(|channels| {
        let range = channels.range((after, Bound::Unbounded)).take(governed::page_size(page.limit));
        range.map(|entry| view(entry.key().clone(), entry.value().0)).collect()
    })
}

/// A channel's document, and the checkpoints that pods may be asked to run on it.
pub fn documents() -> Vec<(String, Vec<u8>)> {
    CHANNELS.with_borrow(|channels| {
        channels.iter().map(|entry| (entry.key().clone(), document(entry.key(), &entry.value()))).collect()
    })
}

/// The checkpoints that some channel has adopted.
pub fn adopted() -> Vec<String> {
    let mut ids: Vec<String> =
        CHANNELS.with_borrow(|channels| channels.iter().flat_map(|entry| entry.value().0.adopted).collect());
    ids.sort();
    ids.dedup();
    ids
}

/// What pods follow; of the second version where the order of the candidate's pods was drawn.
fn document(name: &str, kept: &Kept) -> Vec<u8> {
    let seed = kept.candidate.as_ref().and_then(|candidate| candidate.seed.as_deref()).map(protocol::hex::encode);
    let mut document = json!({
        "type": if seed.is_some() { "livepod.channel/v2" } else { "livepod.channel/v1" },
        "channel": name,
        "sequence": kept.sequence,
        "stable": kept.stable.as_ref().map(|stable| {
            json!({"checkpoint": stable.checkpoint, "version": stable.version})
        }),
        "candidate": kept.candidate.as_ref().map(|candidate| json!({
            "release": candidate.release,
            "checkpoint": candidate.checkpoint,
            "version": candidate.version,
            "threshold": format!("{:016x}", candidate.threshold),
        })),
        "reason": kept.reason,
    });
    if let Some(seed) = seed {
        document["candidate"]["seed"] = seed.into();
    }
    protocol::canonical::bytes(&document).expect("a channel has small integers and ASCII keys")
}

/// What a vote to adopt would do: the checks, and the checkpoint.
pub fn checked_adoption(request: &AdoptCheckpoint) -> Result<Checkpoint, Error> {
    rollout::channel_name(&request.channel).map_err(Error::Invalid)?;
    request.plan.check().map_err(Error::Invalid)?;
    let checkpoint = checkpoints::adoptable(&request.checkpoint)?;
    if let Some(kept) = kept(&request.channel) {
        if kept.model != checkpoint.model {
            let message = format!("it carries the model {}, and the checkpoint is of {}", kept.model, checkpoint.model);
            return Err(Error::Invalid(why(
                format!("channel {}", request.channel),
                message,
                "adopt it for another channel",
            )));
        }
        if kept.stable.is_some_and(|stable| stable.checkpoint == checkpoint.id) {
            return Err(Error::AlreadyExists(why(
                format!("channel {}", request.channel),
                "this checkpoint is stable on it",
                "nothing is left to do",
            )));
        }
    }
    Ok(checkpoint)
}

/// Makes a checkpoint official; its release opens as soon as the fleet canister has heard of it.
pub fn adopt(request: &AdoptCheckpoint) -> Result<Checkpoint, Error> {
    checked_adoption(request)?;
    let checkpoint = checkpoints::make_official(&request.checkpoint);
    let version = checkpoint.version.expect("an official checkpoint has a version");
    let adoption = ADOPTIONS.with_borrow_mut(|adoptions| {
        let next = adoptions.get() + 1;
        adoptions.set(next);
        next
    });
    let mut kept = kept(&request.channel).unwrap_or_else(|| Kept {
        sequence: 1,
        model: checkpoint.model.clone(),
        stable: None,
        candidate: None,
        reason: format!("version {version} is adopted"),
        opening: None,
        ended: None,
        proven: Vec::new(),
        adopted: Vec::new(),
    });
    kept.opening = Some(adoption);
    if !kept.adopted.contains(&checkpoint.id) {
        kept.adopted.push(checkpoint.id.clone());
    }
    outbox::push(outbox::Message::OpenRelease {
        adoption,
        channel: request.channel.clone(),
        checkpoint: checkpoint.id.clone(),
        version,
        previous: kept.stable.as_ref().map(|stable| stable.version),
        plan: request.plan.clone(),
    });
    put(&request.channel, kept);
    audit::append(json!({
        "type": "checkpointAdopted",
        "checkpoint": checkpoint.id,
        "version": version,
        "channel": request.channel,
        "adoption": adoption,
    }));
    Ok(checkpoint)
}

/// The fleet has opened the release of an adoption: it becomes the candidate. Nothing happens when a rollback came
/// first.
pub fn opened(name: &str, adoption: u64, release: u64, checkpoint: &str, version: u32) {
    let Some(mut kept) = kept(name).filter(|kept| kept.opening == Some(adoption)) else { return };
    let this = system::this_canister();
    audit::append_as(this, json!({"type": "candidateSet", "channel": name, "release": release, "version": version}));
    kept.opening = None;
    kept.candidate = Some(Candidate { release, checkpoint: checkpoint.to_owned(), version, threshold: 0, seed: None });
    changed(name, kept, format!("version {version} is a candidate"));
}

/// The fleet will not open the release of an adoption.
pub fn not_opened(name: &str, adoption: u64) {
    let Some(mut kept) = kept(name).filter(|kept| kept.opening == Some(adoption)) else { return };
    kept.opening = None;
    put(name, kept);
}

/// What a vote to roll back would do: the version that becomes stable.
pub fn checked_rollback(request: &RollbackChannel) -> Result<Stable, Error> {
    let subject = || format!("channel {}", request.channel);
    let kept = existing(&request.channel)?;
    if request.reason.is_empty() || request.reason.len() > MAX_RELEASE_REASON_BYTES {
        return Err(Error::Invalid(why(
            "reason",
            format!("1 to {MAX_RELEASE_REASON_BYTES} bytes are allowed"),
            "say in a sentence why",
        )));
    }
    let Some(stable) = kept.proven.iter().find(|stable| stable.version == request.version) else {
        let known: Vec<String> = kept.proven.iter().map(|stable| stable.version.to_string()).collect();
        let message = format!("version {} was never stable on it", request.version);
        return Err(Error::NotFound(why(subject(), message, format!("name one of: {}", known.join(", ")))));
    };
    if kept.stable.as_ref() == Some(stable) && kept.candidate.is_none() && kept.opening.is_none() {
        return Err(Error::AlreadyExists(why(
            subject(),
            format!("version {} is stable", request.version),
            "nothing is left to do",
        )));
    }
    Ok(stable.clone())
}

/// Makes a version stable again at once, and ends what is being released.
pub fn rollback(request: &RollbackChannel) -> Result<(), Error> {
    let stable = checked_rollback(request)?;
    let mut kept = existing(&request.channel)?;
    let adoption = ADOPTIONS.with_borrow(|adoptions| *adoptions.get());
    if kept.candidate.is_some() || kept.opening.is_some() {
        outbox::push(outbox::Message::Supersede { channel: request.channel.clone(), adoption });
    }
    kept.candidate = None;
    kept.opening = None;
    audit::append(json!({
        "type": "channelRolledBack", "channel": request.channel, "version": stable.version,
        "from": kept.stable.as_ref().map(|stable| stable.version), "reason": request.reason,
    }));
    kept.stable = Some(stable);
    changed(&request.channel, kept, request.reason.clone());
    Ok(())
}

/// The fleet says what a release exposes. The same again changes nothing. True when the channel changed.
pub fn set_exposure(request: &SetExposure) -> Result<bool, Error> {
    let (caller, fleet) = (system::caller(), governed::peers().fleet);
    if caller != fleet {
        return Err(Error::NotAuthorized(why(
            caller,
            format!("only the fleet canister {fleet} may do this"),
            "advance the release there",
        )));
    }
    let mut kept = existing(&request.channel)?;
    let Some(candidate) = kept.candidate.take_if(|candidate| candidate.release == request.release) else {
        return not_the_candidate(&kept, request);
    };
    let event = |state: &str| {
        json!({
            "type": "exposureSet", "channel": request.channel, "release": request.release, "version": candidate.version,
            "state": state, "threshold": format!("{:016x}", request.threshold),
        })
    };
    let reason = match &request.state {
        ExposureState::Rolling if candidate.threshold == request.threshold => return Ok(false),
        ExposureState::Rolling => {
            audit::append(event("rolling"));
            let reason = format!("version {} reaches more pods", candidate.version);
            kept.candidate = Some(Candidate { threshold: request.threshold, seed: request.seed.clone(), ..candidate });
            reason
        }
        ExposureState::Completed => {
            audit::append(event("completed"));
            let reason = format!("version {} is stable", candidate.version);
            let stable = Stable { checkpoint: candidate.checkpoint, version: candidate.version };
            if !kept.proven.contains(&stable) {
                kept.proven.push(stable.clone());
            }
            kept.stable = Some(stable);
            kept.ended = Some(request.release);
            reason
        }
        ExposureState::Stopped(why) => {
            audit::append(event("stopped"));
            kept.ended = Some(request.release);
            format!("version {} is stopped: {why}", candidate.version)
        }
    };
    changed(&request.channel, kept, reason);
    Ok(true)
}

fn not_the_candidate(kept: &Kept, request: &SetExposure) -> Result<bool, Error> {
    let subject = format!("release {}", request.release);
    if kept.ended == Some(request.release) && request.state != ExposureState::Rolling {
        return Ok(false); // heard before
    }
    if kept.opening.is_some() {
        return Err(Error::NotYet(why(subject, "the channel waits for a release to open", "say it again in a moment")));
    }
    Err(Error::Superseded(why(
        subject,
        format!("channel {} follows another release", request.channel),
        "close the release",
    )))
}

fn changed(name: &str, mut kept: Kept, reason: String) {
    kept.sequence += 1;
    kept.reason = reason.chars().take(480).collect();
    put(name, kept);
    crate::repository::want();
}
