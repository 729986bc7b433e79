//! What the methods take and give; the same as fleet.did.

use candid::{CandidType, Deserialize, Principal};
use governed::Peers;
use protocol::operator::Token;
use rollout::{Plan, Sample};
use serde::Serialize;

governed::errors! {
    /// What the fleet canister refuses, and why.
    pub enum Error {
        NotAuthorized, NotFound, AlreadyExists, Invalid, LimitExceeded, NotYet, GateFailed, NotExposed, Paused, Closed
    }
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct InitArgs {
    pub governor: Principal,
    pub peers: Peers,
    /// People, whose tokens and calls let go on what was held.
    pub operators: Vec<Principal>,
    /// The orchestrators' identities, which begin waves.
    pub drivers: Vec<Principal>,
}

/// An enrolled device.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    pub principal: Principal,
    pub name: String,
    pub channel: String,
    pub enrolled_at: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Enrol {
    pub name: String,
    pub channel: String,
    /// What lets it: an operator's, or its manufacturer's (`livepod.voucher/v1`). A pod that is enrolled needs none.
    pub voucher: Option<Token>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Unenrol {
    pub pod: Principal,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Rotate {
    /// The device's next key.
    pub to: Principal,
}

/// A manufacturer, and how many of its devices may be enrolled at a time.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    pub principal: Principal,
    pub pods: u32,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub enum ReleaseState {
    /// No wave has begun.
    #[serde(rename = "planned")]
    Planned,
    #[serde(rename = "rolling")]
    Rolling,
    #[serde(rename = "paused")]
    Paused,
    #[serde(rename = "completed")]
    Completed,
    /// For the reason it carries; exposed pods go back.
    #[serde(rename = "stopped")]
    Stopped(String),
    /// Another release or a rollback took its place.
    #[serde(rename = "superseded")]
    Superseded,
}

impl Release {
    /// Where a pod stands in it.
    pub fn position(&self, pod: &Principal) -> u64 {
        protocol::cohort::position(self.seed.as_deref(), self.id, pod)
    }

    /// Whether the present wave reaches a pod that enrolled then.
    pub fn reaches(&self, pod: &Principal, enrolled_at: u64) -> bool {
        let in_time = self.threshold == u64::MAX || self.drawn_at.is_none_or(|drawn| enrolled_at <= drawn);
        self.wave > 0 && in_time && self.position(pod) <= self.threshold
    }

    /// Where it stands, as an operator's token names it.
    pub fn standing(&self) -> String {
        protocol::operator::release_state(self.state.word(), self.wave, self.pauses.unwrap_or(0))
    }
}

impl ReleaseState {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Rolling => "rolling",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Stopped(_) => "stopped",
            Self::Superseded => "superseded",
        }
    }

    /// True while waves can still begin.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Planned | Self::Rolling | Self::Paused)
    }
}

/// One checkpoint's way to the pods of a channel.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub id: u64,
    pub channel: String,
    pub checkpoint: String,
    pub version: u32,
    pub previous: Option<u32>,
    pub plan: Plan,
    /// The wave that has begun; 0 before the first.
    pub wave: u32,
    /// Enrolled pods whose position is at most the threshold.
    pub exposed: u32,
    pub state: ReleaseState,
    pub threshold: u64,
    pub soak_until: u64,
    pub windows: u64,
    pub corrections: u64,
    /// Pods that found the checkpoint itself at fault.
    pub errors: u64,
    pub installed: u64,
    pub returned: u64,
    /// Counted since the current wave began.
    pub wave_windows: u64,
    pub wave_corrections: u64,
    pub opened_at: u64,
    pub closed_at: Option<u64>,
    /// Whether the models canister has heard of the current state.
    pub told: bool,
    /// How often a person has paused it: none by itself. A token names it, so that a pause ends those made before.
    pub pauses: Option<u32>,
    /// 32 random bytes that decide the order of its pods, drawn when its first wave began; none of before that was so.
    #[serde(default)]
    pub seed: Option<Vec<u8>>,
    /// When the seed was drawn: pods that enrol later are in its last wave only.
    #[serde(default)]
    pub drawn_at: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct OpenRelease {
    /// The models canister's number of the adoption; a repeat returns the first release.
    pub adoption: u64,
    pub channel: String,
    pub checkpoint: String,
    pub version: u32,
    pub previous: Option<u32>,
    pub plan: Plan,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Supersede {
    pub channel: String,
    /// Open releases up to this adoption are superseded.
    pub adoption: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Advance {
    pub release: u64,
    /// The wave to begin, from 1; one more than there are completes the release.
    pub wave: u32,
}

/// Pauses or resumes. A driver needs an operator's token to resume.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Hold {
    pub release: u64,
    pub authority: Option<Token>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Abort {
    pub release: u64,
    pub reason: String,
    pub authority: Option<Token>,
}

/// Ends the soak of a wave that runs.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SkipSoak {
    pub release: u64,
    /// The wave that soaks: a repeat does not skip the next one's.
    pub wave: u32,
    pub authority: Option<Token>,
}

/// Governed payload: who operates and who drives from now on.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SetOperators {
    pub operators: Vec<Principal>,
    pub drivers: Vec<Principal>,
    /// Manufacturers whose vouchers count; unsaid, they stay who they are.
    pub makers: Option<Vec<Maker>>,
}

/// Governed payload.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct StopRelease {
    pub release: u64,
    pub reason: String,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum PodEvent {
    #[serde(rename = "installed")]
    Installed,
    #[serde(rename = "health")]
    Health,
    #[serde(rename = "failed")]
    Failed(String),
    #[serde(rename = "returned")]
    Returned(String),
}

impl PodEvent {
    /// What it says of a failure.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Failed(why) | Self::Returned(why) => Some(why),
            Self::Installed | Self::Health => None,
        }
    }
}

/// Windows that share no sample with one another, and how many of them were corrected.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub windows: u32,
    pub corrections: u32,
}

impl Counted {
    pub fn sample(&self) -> Sample {
        Sample { windows: self.windows.into(), corrections: self.corrections.into() }
    }
}

/// What a pod says about a release. Counters are increments since its last report.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Report {
    pub release: u64,
    pub version: u32,
    /// Grows with each report of this pod, whatever the release.
    pub sequence: u64,
    pub event: PodEvent,
    pub windows: u32,
    pub corrections: u32,
    /// Windows that failed for a reason that is not known to be the checkpoint's: trouble, and no more.
    pub errors: u32,
    /// Windows of which it is known whether the model was right; all, where that is not said.
    pub judged: Option<u32>,
    /// Of the judged windows those that share no sample.
    pub apart: Option<Counted>,
    /// The same of the version that ran before this one, while that ran. Said once; the first counts.
    pub before: Option<Counted>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListReleases {
    pub after: Option<u64>,
    pub limit: u32,
}

/// What releases are looked for by.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ReleasesAbout {
    #[serde(rename = "channel")]
    Channel(String),
    #[serde(rename = "checkpoint")]
    Checkpoint(String),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FindReleases {
    pub about: Option<ReleasesAbout>,
    pub before: Option<u64>,
    pub limit: u32,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListPods {
    pub after: Option<Principal>,
    pub limit: u32,
}
