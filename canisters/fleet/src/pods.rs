//! Enrolled pods, and where each stands in a release's order.

use crate::api::{Enrol, Error, ListPods, Pod, Release};
use crate::memory;
use candid::{Deserialize, Principal};
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::limits::{MAX_PODS, MAX_POD_NAME_BYTES};
use serde::Serialize;
use std::cell::RefCell;
use std::ops::Bound;
use stored::{Cbor, Memory};

/// The most pods one fleet canister enrols: the thresholds of a wave are found in one message.
const PODS_LIMIT: u64 = MAX_PODS as u64;

#[derive(Serialize, Deserialize, Clone)]
struct Enrolled {
    name: String,
    channel: String,
    at: u64,
}

thread_local! {
    static PODS: RefCell<StableBTreeMap<Principal, Cbor<Enrolled>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::PODS)));
    static SEQUENCES: RefCell<StableBTreeMap<Principal, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::SEQUENCES)));
}

/// Enrols the caller's device; true when it is new. The same name and channel again change nothing.
pub fn enrol(request: &Enrol) -> Result<(Pod, bool), Error> {
    let principal = system::caller();
    if request.name.is_empty() || request.name.len() > MAX_POD_NAME_BYTES {
        return Err(Error::Invalid(why(
            "name",
            format!("it has {} bytes, and 1 to {MAX_POD_NAME_BYTES} are allowed", request.name.len()),
            "shorten it",
        )));
    }
    rollout::channel_name(&request.channel).map_err(Error::Invalid)?;
    if let Some(pod) = get(&principal) {
        if pod.name == request.name && pod.channel == request.channel {
            return Ok((pod, false));
        }
        return Err(Error::AlreadyExists(why(
            principal,
            format!("it is enrolled as {} on {}", pod.name, pod.channel),
            "enrol another device under an identity of its own",
        )));
    }
    if PODS.with_borrow(|pods| pods.len()) >= PODS_LIMIT {
        return Err(Error::LimitExceeded(why(
            "pods",
            format!("{PODS_LIMIT} are enrolled"),
            "install another fleet canister",
        )));
    }
    let enrolled = Enrolled { name: request.name.clone(), channel: request.channel.clone(), at: system::now() };
    PODS.with_borrow_mut(|pods| pods.insert(principal, Cbor(enrolled)));
    Ok((get(&principal).expect("the pod was enrolled above"), true))
}

pub fn get(principal: &Principal) -> Option<Pod> {
    PODS.with_borrow(|pods| pods.get(principal)).map(|enrolled| pod(*principal, enrolled.0))
}

/// Enrolled pods in the order of their principals.
pub fn list(page: &ListPods) -> Vec<Pod> {
    let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
    PODS.with_borrow(|pods| {
        pods.range((after, Bound::Unbounded))
            .take(governed::page_size(page.limit))
            .map(|entry| pod(*entry.key(), entry.value().0))
            .collect()
    })
}

/// The positions of a channel's pods in a release, smallest first: of those that enrolled before its order was drawn,
/// and with the last wave of all.
pub fn positions(release: &Release, last: bool) -> Vec<u64> {
    let in_time = |at: u64| last || release.drawn_at.is_none_or(|drawn| at <= drawn);
    let mut positions: Vec<u64> = PODS.with_borrow(|pods| {
        pods.iter()
            .filter(|entry| {
                let Enrolled { channel, at, .. } = entry.value().0;
                channel == release.channel && in_time(at)
            })
            .map(|entry| release.position(entry.key()))
            .collect()
    });
    positions.sort_unstable();
    positions
}

/// The sequence number of the pod's last report; 0 before the first.
pub fn last_sequence(principal: &Principal) -> u64 {
    SEQUENCES.with_borrow(|sequences| sequences.get(principal)).unwrap_or(0)
}

pub fn set_sequence(principal: Principal, sequence: u64) {
    SEQUENCES.with_borrow_mut(|sequences| sequences.insert(principal, sequence));
}

fn pod(principal: Principal, enrolled: Enrolled) -> Pod {
    Pod { principal, name: enrolled.name, channel: enrolled.channel, enrolled_at: enrolled.at }
}
