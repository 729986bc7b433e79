//! How large things may be, in bytes where nothing else is said. The TypeScript of it is `protocol/src/limits.ts`.

/// Plaintext in every chunk but a file's last; with its tag, a stored chunk stays below [`MAX_CHUNK_BYTES`].
pub const PLAIN_CHUNK_BYTES: usize = 960_000;
/// The authentication tag at the end of a sealed chunk (AES-GCM).
pub const CHUNK_TAG_BYTES: usize = 16;
/// The largest chunk that a canister takes.
pub const MAX_CHUNK_BYTES: usize = 1_000_000;
/// Chunks of a dataset, and files of one.
pub const MAX_DATASET_CHUNKS: usize = 4_096;
/// What the models canister keeps for one job: 64 MiB.
pub const MAX_CHECKPOINT_BYTES: usize = 64 * 1024 * 1024;
/// A manifest of a dataset or checkpoint, or a report on one.
pub const MAX_MANIFEST_BYTES: usize = 512 * 1024;
/// A recipe's document.
pub const MAX_RECIPE_BYTES: usize = 64 * 1024;
/// Datasets of one job, and the approval that names them.
pub const MAX_JOB_DATASETS: usize = 1_000;
pub const MAX_APPROVAL_BYTES: usize = 160 * 1024;

/// How deep a document's lists and objects may lie in each other, and how long its type may be.
pub const MAX_DOCUMENT_DEPTH: usize = 32;
pub const MAX_TYPE_BYTES: usize = 64;

/// Entries in one page of a list.
pub const PAGE_LIMIT: usize = 100;
/// Jobs whose chunks one call collects.
pub const COLLECT_LIMIT: usize = 50;

/// A proposal's parts.
pub const MAX_TITLE_BYTES: usize = 256;
pub const MAX_SUMMARY_BYTES: usize = 15_000;
pub const MAX_PAYLOAD_BYTES: usize = 70_000;
/// A client reference: of a proposal, and of any other call.
pub const MAX_PROPOSAL_REFERENCE_BYTES: usize = 50;
pub const MAX_REFERENCE_BYTES: usize = 64;

/// Pods of one fleet, and a pod's name.
pub const MAX_PODS: usize = 50_000;
pub const MAX_POD_NAME_BYTES: usize = 64;
/// A channel's name: also a file's name anywhere.
pub const MAX_CHANNEL_NAME_BYTES: usize = 32;
/// Why a release or a channel was stopped or set back.
pub const MAX_RELEASE_REASON_BYTES: usize = 300;

/// Waves of a release's plan, and how long each may soak: 30 days, in seconds.
pub const MAX_WAVES: usize = 20;
pub const MAX_SOAK_SECONDS: u32 = 30 * 86_400;

/// How long an operator's token may hold, in seconds.
pub const MAX_OPERATOR_TOKEN_SECONDS: u64 = 3_600;
pub const MAX_VOUCHER_SECONDS: u64 = 400 * 86_400;
