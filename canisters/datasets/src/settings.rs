//! What the installation set: the least bond, the size of a bucket, what it is given to live on, and how long a room
//! waits for its dataset.

use candid::{CandidType, Deserialize, Principal};
use governed::{Parties, Peers};
use ic_stable_structures::StableCell;
use serde::Serialize;
use std::cell::RefCell;
use stored::{Cbor, Memory};

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Init {
    pub governor: Principal,
    pub peers: Peers,
    pub min_contributor_bond: u128,
    pub bucket_capacity_bytes: u64,
    pub bucket_cycles: u128,
    /// How long room stays promised to a dataset that is not registered; a week without it.
    pub reservation_seconds: Option<u64>,
}

const SECOND: u64 = 1_000_000_000;
/// Long enough for a slow upload that is interrupted over days, short enough that promised room is not lost for long.
const USUAL_RESERVATION: u64 = 7 * 24 * 3_600 * SECOND;

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct Settings {
    pub min_contributor_bond: u128,
    pub bucket_capacity_bytes: u64,
    pub bucket_cycles: u128,
    #[serde(default)]
    reservation_ns: Option<u64>,
}

impl Settings {
    /// How long room waits for its dataset to be registered, in nanoseconds.
    pub fn reservation_ns(&self) -> u64 {
        self.reservation_ns.unwrap_or(USUAL_RESERVATION)
    }
}

thread_local! {
    static SETTINGS: RefCell<StableCell<Cbor<Settings>, Memory>> =
        RefCell::new(StableCell::init(crate::memory::get(crate::memory::SETTINGS), Cbor::default()));
}

pub fn set(init: &Init) -> Parties {
    let settings = Settings {
        min_contributor_bond: init.min_contributor_bond,
        bucket_capacity_bytes: init.bucket_capacity_bytes,
        bucket_cycles: init.bucket_cycles,
        reservation_ns: init.reservation_seconds.map(|seconds| seconds.saturating_mul(SECOND)),
    };
    SETTINGS.with_borrow_mut(|cell| cell.set(Cbor(settings)));
    Parties { governor: init.governor, peers: init.peers.clone() }
}

pub fn get() -> Settings {
    SETTINGS.with_borrow(|cell| cell.get().0.clone())
}
