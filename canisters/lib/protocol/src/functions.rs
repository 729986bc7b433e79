//! Function ids of what may be voted, where a canister has to know them. The whole table is the TypeScript
//! package's (`protocol/src/governed.ts`); installation registers it with governance.

/// Motions, which nothing is carried out for.
pub const MOTION: u64 = 1;
/// `accept_dataset` of the datasets canister.
pub const ACCEPT_DATASET: u64 = 1_001;
/// `adopt_checkpoint` of the models canister.
pub const ADOPT_CHECKPOINT: u64 = 1_004;
/// What stops something or takes it back: `rollback_channel`, `stop_release`, the five of `revoke_…`, `lift_slash`.
/// Governance keeps room for these.
pub const STOPS: [u64; 8] = [1_005, 1_007, 1_020, 1_021, 1_022, 1_023, 1_024, 1_030];
