/** Installing the canisters, and the TUF root that the models canister starts from. */
export { initArgument, installAll, type Installation, type InstallParameters, type InstallRequest } from './install.js';
export { vetkdMasterOf } from './masterKeys.js';
export { key as tufKey, makeRoot, olpcJson, type RootRequest } from './root.js';
