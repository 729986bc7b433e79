//! Pods that nobody has heard of for long: their slots are freed. A pod says that it is there when it starts and every
//! day (`enrol` again), and with each report.

use crate::{memory, pods};
use candid::Principal;
use ic_stable_structures::StableBTreeMap;
use serde_json::json;
use std::cell::RefCell;
use stored::Memory;

const DAY: u64 = 86_400_000_000_000;
/// How long a pod may say nothing.
pub const SILENCE: u64 = 180 * DAY;
/// Slots that are freed in one message.
const AT_ONCE: usize = 20;

thread_local! {
    static HEARD: RefCell<StableBTreeMap<Principal, u64, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::HEARD)));
    /// The same by time.
    static BY_TIME: RefCell<StableBTreeMap<(u64, Principal), (), Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::HEARD_BY_TIME)));
}

/// Notes that a pod is there, once a day.
pub fn heard(pod: Principal) {
    let now = system::now();
    let before = HEARD.with_borrow(|heard| heard.get(&pod));
    if before.is_some_and(|before| now < before + DAY) {
        return;
    }
    forget(&pod);
    HEARD.with_borrow_mut(|heard| heard.insert(pod, now));
    BY_TIME.with_borrow_mut(|all| all.insert((now, pod), ()));
}

pub fn forget(pod: &Principal) {
    if let Some(at) = HEARD.with_borrow_mut(|heard| heard.remove(pod)) {
        BY_TIME.with_borrow_mut(|all| all.remove(&(at, *pod)));
    }
}

/// Frees the slots of some pods that have been silent for too long. Called by a timer, and when somebody enrols.
pub fn free_some() {
    for _ in 0..AT_ONCE {
        let oldest = BY_TIME.with_borrow(|all| all.first_key_value()).map(|(key, ())| key);
        let Some((_, pod)) = oldest.filter(|(at, _)| at + SILENCE <= system::now()) else { return };
        pods::remove(&pod);
        audit::append_as(system::this_canister(), json!({"type": "podFreed", "pod": pod.to_text()}));
    }
}
