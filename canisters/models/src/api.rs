//! What the methods take and give; the same as models.did.

use candid::{CandidType, Deserialize, Principal};
use governed::Peers;
use protocol::ProtocolError;
use rollout::Plan;
use serde::Serialize;
use serde_bytes::ByteBuf;

governed::errors! {
    /// What the models canister refuses, and why.
    pub enum Error {
        NotAuthorized, NotFound, AlreadyExists, Invalid, NotCanonical, LimitExceeded, WrongSignature, WrongSigner,
        WrongHash,
        MissingChunks, JobMismatch, NotGranted, NotAppointed, NotEvaluated, NotYet, Superseded, Unavailable,
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        let say = |remedy: &str| governed::why(error.subject(), error.message(), remedy);
        match &error {
            ProtocolError::NotCanonical { .. } => {
                Error::NotCanonical(say("encode the document canonically (RFC 8785) and sign those bytes"))
            }
            ProtocolError::WrongSignature { .. } => {
                Error::WrongSignature(say("sign the document with the key it names"))
            }
            _ => Error::Invalid(say("correct the document and sign it again")),
        }
    }
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct InitArgs {
    pub governor: Principal,
    pub peers: Peers,
    pub schnorr_key_name: String,
    pub initial_root: Option<ByteBuf>,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointState {
    #[serde(rename = "submitted")]
    Submitted,
    #[serde(rename = "evaluated")]
    Evaluated,
    #[serde(rename = "official")]
    Official,
    #[serde(rename = "rejected")]
    Rejected,
}

/// A measured number, as decimal text.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub name: String,
    pub value: String,
    /// Null for a share of one.
    pub unit: Option<String>,
}

impl Figure {
    /// As voters read it: "macro F1 0.93", "mean error 7.2 bpm".
    pub fn in_words(&self) -> String {
        let unit = self.unit.iter().map(|unit| format!(" {unit}")).collect::<String>();
        format!("{} {}{unit}", protocol::task::figure_in_words(&self.name), self.value)
    }
}

/// What checkpoints of the time before tasks are.
fn classification() -> String {
    protocol::task::CLASSIFICATION.into()
}

/// A trained model as the DAO sees it.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub id: String,
    pub model: String,
    /// Given when it becomes official; counts per model.
    pub version: Option<u32>,
    pub parent: Option<String>,
    pub recipe: String,
    pub job: u64,
    pub provider: Principal,
    pub datasets: Vec<String>,
    pub state: CheckpointState,
    /// The kind of its task, such as classification.
    #[serde(default = "classification")]
    pub task: String,
    /// What an evaluator measured; none before. Which figures there are is the task's to say.
    #[serde(default)]
    pub figures: Vec<Figure>,
    pub submitted_at: u64,
    pub bytes: u64,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Stable {
    pub checkpoint: String,
    pub version: u32,
}

#[derive(CandidType, Deserialize, Serialize, Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub release: u64,
    pub checkpoint: String,
    pub version: u32,
    /// Pods whose cohort position is at most this follow the candidate.
    pub threshold: u64,
    /// What their order was drawn by; none before the first wave, and in releases of before there was one.
    #[serde(default)]
    pub seed: Option<Vec<u8>>,
}

/// What pods follow.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub name: String,
    pub sequence: u64,
    pub stable: Option<Stable>,
    pub candidate: Option<Candidate>,
    pub reason: String,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct PutChunk {
    pub job: u64,
    pub bytes: ByteBuf,
}

/// Where to go on looking, and how many jobs to ask about.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CollectChunks {
    pub after: Option<u64>,
    pub limit: u32,
}

/// Whose chunks were freed, how many bytes that were, and where to go on; no `next` at the end.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CollectedChunks {
    pub jobs: Vec<u64>,
    pub bytes: u64,
    pub next: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SubmitCheckpoint {
    pub manifest: ByteBuf,
    pub signature: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SubmitEvaluation {
    pub report: ByteBuf,
    pub signature: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct CloseCheckpoint {
    pub checkpoint: String,
    pub proposal: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ExposureState {
    #[serde(rename = "rolling")]
    Rolling,
    #[serde(rename = "completed")]
    Completed,
    #[serde(rename = "stopped")]
    Stopped(String),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct SetExposure {
    pub channel: String,
    pub release: u64,
    pub threshold: u64,
    pub seed: Option<Vec<u8>>,
    pub state: ExposureState,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SignedEvaluation {
    pub report: ByteBuf,
    pub signature: ByteBuf,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SignedManifest {
    pub manifest: ByteBuf,
    pub signature: ByteBuf,
    pub evaluation: Option<SignedEvaluation>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListCheckpoints {
    pub after: Option<String>,
    pub limit: u32,
    pub state: Option<CheckpointState>,
}

/// What checkpoints are looked for by.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum CheckpointsAbout {
    #[serde(rename = "dataset")]
    Dataset(String),
    #[serde(rename = "parent")]
    Parent(String),
    #[serde(rename = "model")]
    Model(String),
    #[serde(rename = "job")]
    Job(u64),
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct FindCheckpoints {
    pub about: Option<CheckpointsAbout>,
    pub before: Option<u64>,
    pub limit: u32,
}

/// A checkpoint without the datasets it was trained on, of which only the number is told.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct CheckpointLine {
    /// Counts submissions, from 1.
    pub number: u64,
    pub id: String,
    pub model: String,
    pub version: Option<u32>,
    pub parent: Option<String>,
    pub recipe: String,
    pub job: u64,
    pub provider: Principal,
    pub datasets: u32,
    pub state: CheckpointState,
    pub task: String,
    pub figures: Vec<Figure>,
    pub submitted_at: u64,
    pub bytes: u64,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ListChannels {
    pub after: Option<String>,
    pub limit: u32,
}

/// Governed payload.
#[derive(CandidType, Deserialize, Serialize, Clone, Debug)]
pub struct AdoptCheckpoint {
    pub checkpoint: String,
    pub channel: String,
    pub plan: Plan,
}

/// Governed payload.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RollbackChannel {
    pub channel: String,
    pub version: u32,
    pub reason: String,
}

/// Governed payload.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct AppointEvaluator {
    pub evaluator: Principal,
}

/// Governed payload. The reason has 1 to 500 characters.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct RevokeEvaluator {
    pub evaluator: Principal,
    pub reason: String,
}

/// Governed payload.
#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct PublishRoot {
    pub root: ByteBuf,
}

/// The state of the TUF repository.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub root_version: u32,
    /// Of targets and snapshot; 0 before the first publication.
    pub version: u64,
    pub timestamp_version: u64,
    pub timestamp_expires_at: u64,
    /// A change is not visible to pods yet.
    pub pending: bool,
    pub last_error: Option<String>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: ByteBuf,
    pub certificate_version: Option<u16>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct HttpResponse {
    pub status_code: u16,
    pub headers: Vec<(String, String)>,
    pub body: ByteBuf,
}
