/** What programs keep in files: identities, network.json, and who holds a folder. */
export { folderHolder, holdFolder } from './folderLock.js';
export { loadIdentity, loadOrCreateIdentity, loadSeed, saveIdentity } from './identityFile.js';
export { processStat } from './processStat.js';
export { readNetwork, updateNetwork } from './networkFile.js';
export { makeFolder, renameWhole, writeNew, writeWhole } from './wholeFile.js';
