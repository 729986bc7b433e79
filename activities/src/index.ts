/**
 * Everything that touches the world, one folder per port. Workers put the parts together; workflows see only ports.ts.
 */
export { canisterAccess, canisterRequesting } from './access/canister.js';
export { canisterChecks, type ChecksParts, type Providers, type Rollouts } from './checks/canister.js';
export { canisterDatasets } from './datasets/canister.js';
export { holdoutEvaluation, requireHoldout } from './evaluation/evaluator.js';
export { canisterFleet } from './fleet/canister.js';
export type { PodsSwitched } from './fleet/switches.js';
export { canisterGovernance } from './governance/canister.js';
export { canisterModels } from './models/canister.js';
export { readCheckpoint, readCheckpointFile } from './models/checkpointFiles.js';
export { canisterOperators } from './operators/canister.js';
export { canisterTreasury } from './treasury/canister.js';
export { providerTraining, type ProviderParts } from './training/provider.js';
export type { KeyRelease } from './training/keys.js';
export { mustHoldSandbox, probeSandbox, WITHOUT_SANDBOX, type Probed } from './training/sandbox/probe.js';
export { mustStayInMemory, scratchOf, Workspace } from './training/workspace.js';
export { canisterWatch, type WatchParts } from './watch/canister.js';
export type { Runs, Standing } from './watch/runs.js';
export { activitiesOf, failureOf } from './registration.js';
export { ActivityError, RETRIED, type ActivityErrorCode } from './errors.js';
export type * from './ports.js';
