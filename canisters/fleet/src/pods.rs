//! Enrolled pods, and where each stands in a release's order.

use crate::api::{Enrol, Error, ListPods, Pod, Release};
use crate::{memory, operators, silent, vouchers};
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
    /// Whose voucher it enrolled by; none of before there were vouchers.
    #[serde(default)]
    issuer: Option<Principal>,
}

thread_local! {
    static PODS: RefCell<StableBTreeMap<Principal, Cbor<Enrolled>, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::PODS)));
    static SEQUENCES: RefCell<StableBTreeMap<Principal, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::SEQUENCES)));
    /// Channel and pod → when it enrolled.
    static BY_CHANNEL: RefCell<StableBTreeMap<Vec<u8>, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::PODS_BY_CHANNEL)));
}

/// A channel's name is at most 32 bytes long and has no zero.
fn place(channel: &str, pod: &[u8]) -> Vec<u8> {
    [channel.as_bytes(), &[0], pod].concat()
}

/// Enrols the caller's device; true when it is new. The same name and channel again change nothing, and need no
/// voucher.
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
            silent::heard(principal);
            return Ok((pod, false));
        }
        return Err(Error::AlreadyExists(why(
            principal,
            format!("it is enrolled as {} on {}", pod.name, pod.channel),
            "enrol another device under an identity of its own",
        )));
    }
    let voucher = vouchers::checked(request.voucher.as_ref(), principal, &request.channel)?;
    silent::free_some();
    if PODS.with_borrow(|pods| pods.len()) >= PODS_LIMIT {
        return Err(Error::LimitExceeded(why(
            "pods",
            format!("{PODS_LIMIT} are enrolled"),
            "install another fleet canister",
        )));
    }
    vouchers::spend(&voucher);
    let (name, channel) = (request.name.clone(), request.channel.clone());
    insert(principal, Enrolled { name, channel, at: system::now(), issuer: Some(voucher.issuer) });
    Ok((get(&principal).expect("the pod was enrolled above"), true))
}

fn insert(principal: Principal, enrolled: Enrolled) {
    BY_CHANNEL.with_borrow_mut(|all| all.insert(place(&enrolled.channel, principal.as_slice()), enrolled.at));
    PODS.with_borrow_mut(|pods| pods.insert(principal, Cbor(enrolled)));
    silent::heard(principal);
}

/// A device is not enrolled any more, and its slot is free.
pub fn remove(principal: &Principal) {
    let Some(Cbor(enrolled)) = PODS.with_borrow_mut(|pods| pods.remove(principal)) else { return };
    BY_CHANNEL.with_borrow_mut(|all| all.remove(&place(&enrolled.channel, principal.as_slice())));
    SEQUENCES.with_borrow_mut(|sequences| sequences.remove(principal));
    silent::forget(principal);
    if let Some(issuer) = enrolled.issuer {
        vouchers::left(&issuer);
    }
}

/// Ends an enrolment: the device's own, or any by an operator or by who has vouched for it.
pub fn unenrol(principal: &Principal) -> Result<Pod, Error> {
    let caller = system::caller();
    let found = PODS.with_borrow(|pods| pods.get(principal));
    let Some(Cbor(enrolled)) = found else {
        return Err(Error::NotFound(why(principal, "it is not enrolled", "look at list_pods")));
    };
    if caller != *principal && enrolled.issuer != Some(caller) && !operators::is_operator(&caller) {
        return Err(Error::NotAuthorized(why(
            caller,
            format!("it is neither {principal} nor who vouched for it, and no operator"),
            "call with the device's identity",
        )));
    }
    remove(principal);
    Ok(pod(*principal, enrolled))
}

/// Gives the caller's enrolment to another key, as of now: a new key is in no wave that was drawn before.
pub fn rotate(to: Principal) -> Result<Pod, Error> {
    let caller = system::caller();
    let found = PODS.with_borrow(|pods| pods.get(&caller));
    let Some(Cbor(enrolled)) = found else {
        return Err(Error::NotAuthorized(why(caller, "it is not an enrolled pod", "enrol the device first")));
    };
    if to == Principal::anonymous() || get(&to).is_some() {
        return Err(Error::AlreadyExists(why(to, "it is anonymous, or enrolled already", "make a new key")));
    }
    PODS.with_borrow_mut(|pods| pods.remove(&caller));
    BY_CHANNEL.with_borrow_mut(|all| all.remove(&place(&enrolled.channel, caller.as_slice())));
    SEQUENCES.with_borrow_mut(|sequences| sequences.remove(&caller));
    silent::forget(&caller);
    insert(to, Enrolled { at: system::now(), ..enrolled });
    Ok(get(&to).expect("the pod was enrolled above"))
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
    let begin = place(&release.channel, &[]);
    let end = [release.channel.as_bytes(), &[1]].concat();
    let mut positions: Vec<u64> = BY_CHANNEL.with_borrow(|all| {
        all.range(begin.clone()..end)
            .filter(|entry| in_time(entry.value()))
            .map(|entry| release.position(&Principal::from_slice(&entry.key()[begin.len()..])))
            .collect()
    });
    positions.sort_unstable();
    positions
}

/// Files what enrolled before there were these lists. Called after an upgrade.
pub fn file_old_ones() {
    if BY_CHANNEL.with_borrow(|all| !all.is_empty()) {
        return;
    }
    let old: Vec<(Principal, String, u64)> = PODS.with_borrow(|pods| {
        pods.iter().map(|entry| (*entry.key(), entry.value().0)).map(|(pod, old)| (pod, old.channel, old.at)).collect()
    });
    for (pod, channel, at) in old {
        BY_CHANNEL.with_borrow_mut(|all| all.insert(place(&channel, pod.as_slice()), at));
        silent::heard(pod);
    }
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
