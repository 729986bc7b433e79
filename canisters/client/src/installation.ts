/** Installing the canisters, and the TUF root that the models canister starts from. */
export {
  initArgument,
  installAll,
  type AllIds,
  type Installation,
  type InstallParameters,
  type InstallRequest,
} from './install.js';
export { handOver, type HandoverRequest } from './handover.js';
export { isUpgradable, proposeUpgrade, type UpgradeRequest } from './upgrade.js';
export { vetkdMasterOf } from './masterKeys.js';
export { key as tufKey, makeRoot, olpcJson, type RootRequest } from './root.js';
