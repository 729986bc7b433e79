//! What the installation set: the least bond, the size of a bucket, what it is given to live on, what storage asks of a
//! bond, how long a room waits for its dataset and a dataset for its vote.

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
    /// How long a registered dataset waits for its vote; 60 days without it.
    pub submission_seconds: Option<u64>,
    /// What a bond holds for each MiB that no vote has taken in; a hundredth of a token without it.
    pub deposit_e8s_per_mib: Option<u128>,
}

const SECOND: u64 = 1_000_000_000;
/// Long enough for a slow upload that is interrupted over days, short enough that promised room is not lost for long.
const USUAL_RESERVATION: u64 = 7 * 24 * 3_600 * SECOND;

/// Longer than any vote with all its extensions, so that only what nobody proposes ends by it.
const USUAL_SUBMISSION: u64 = 60 * 24 * 3_600 * SECOND;
/// A bucket's cycles are then held against some forty tokens.
const USUAL_DEPOSIT: u128 = 1_000_000;

#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct Settings {
    pub min_contributor_bond: u128,
    pub bucket_capacity_bytes: u64,
    pub bucket_cycles: u128,
    #[serde(default)]
    reservation_ns: Option<u64>,
    #[serde(default)]
    submission_ns: Option<u64>,
    #[serde(default)]
    deposit_e8s_per_mib: Option<u128>,
}

impl Settings {
    /// How long room waits for its dataset to be registered, in nanoseconds.
    pub fn reservation_ns(&self) -> u64 {
        self.reservation_ns.unwrap_or(USUAL_RESERVATION)
    }

    /// How long a registered dataset waits for its vote, in nanoseconds.
    pub fn submission_ns(&self) -> u64 {
        self.submission_ns.unwrap_or(USUAL_SUBMISSION)
    }

    pub fn deposit_e8s_per_mib(&self) -> u128 {
        self.deposit_e8s_per_mib.unwrap_or(USUAL_DEPOSIT)
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
        submission_ns: init.submission_seconds.map(|seconds| seconds.saturating_mul(SECOND)),
        deposit_e8s_per_mib: init.deposit_e8s_per_mib,
    };
    SETTINGS.with_borrow_mut(|cell| cell.set(Cbor(settings)));
    Parties { governor: init.governor, peers: init.peers.clone() }
}

pub fn get() -> Settings {
    SETTINGS.with_borrow(|cell| cell.get().0.clone())
}
