/** Hosts and servers in processes of their own, and canisters to try them with: for tests and measurements. */
export { CHROMIUM, CHROMIUM_ARGUMENTS } from './chromium.js';
export { deployFiller, fillerAt, residentOf, type Filler } from './filler.js';
export { TestNetwork, testWasmPath, UNLIMITED_RATES, until } from './network.js';
export { OUR_POCKET_SERVER, RunningPocketServer } from './pocket-server.js';
export { contentOf, envelopeOf, newSender, type Sender } from './sender.js';
export { testCanister, type TestCanister } from './test-canister.js';
