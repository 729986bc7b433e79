/** What the clients keep in files: identities and network.json. */
export { loadIdentity, loadOrCreateIdentity, loadSeed, saveIdentity } from './identityFile.js';
export { readNetwork, updateNetwork } from './networkFile.js';
