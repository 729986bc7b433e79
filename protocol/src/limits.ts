/**
 * How large things may be. The Rust side is `protocol::limits`; both are held to `vectors/limits.json`. Sizes in bytes.
 */

/** Plaintext in every chunk but a file's last; with its tag, a stored chunk stays below {@link MAX_CHUNK_BYTES}. */
export const PLAIN_CHUNK_BYTES = 960_000;
/** The authentication tag at the end of a sealed chunk (AES-GCM). */
export const CHUNK_TAG_BYTES = 16;
/** The largest chunk that a canister takes. */
export const MAX_CHUNK_BYTES = 1_000_000;
/** Chunks of a dataset, and files of one. */
export const MAX_DATASET_CHUNKS = 4096;
/** What the models canister keeps for one job: 64 MiB. */
export const MAX_CHECKPOINT_BYTES = 64 * 1024 * 1024;
/** A manifest of a dataset or checkpoint, or a report on one. */
export const MAX_MANIFEST_BYTES = 512 * 1024;
/** A recipe's document. */
export const MAX_RECIPE_BYTES = 64 * 1024;
/** Datasets of one job, and the approval that names them. */
export const MAX_JOB_DATASETS = 1000;
export const MAX_APPROVAL_BYTES = 160 * 1024;

/** How deep a document's lists and objects may lie in each other, and how long its type may be. */
export const MAX_DOCUMENT_DEPTH = 32;
export const MAX_TYPE_BYTES = 64;

/** Entries in one page of a list. */
export const PAGE_LIMIT = 100;
/** Jobs whose chunks one call collects. */
export const COLLECT_LIMIT = 50;

/** A proposal's parts. */
export const MAX_TITLE_BYTES = 256;
export const MAX_SUMMARY_BYTES = 15_000;
export const MAX_PAYLOAD_BYTES = 70_000;
/** A client reference: of a proposal, and of any other call. */
export const MAX_PROPOSAL_REFERENCE_BYTES = 50;
export const MAX_REFERENCE_BYTES = 64;

/** Pods of one fleet, and a pod's name. */
export const MAX_PODS = 50_000;
export const MAX_POD_NAME_BYTES = 64;
/** A channel's name: also a file's name anywhere. */
export const MAX_CHANNEL_NAME_BYTES = 32;
/** Why a release or a channel was stopped or set back. */
export const MAX_RELEASE_REASON_BYTES = 300;

/** Waves of a release's plan, and how long each may soak: 30 days, in seconds. */
export const MAX_WAVES = 20;
export const MAX_SOAK_SECONDS = 30 * 86_400;

/** How long an operator's token may hold, in seconds. */
export const MAX_OPERATOR_TOKEN_SECONDS = 3_600;
export const MAX_VOUCHER_SECONDS = 400 * 86_400;
