export { downloadDataset, firstChunks, type Downloaded, type DownloadSources } from './download.js';
export { ObjectStore, type ObjectStoreConfig } from './objects.js';
export { absence } from './presence.js';
export { VerifiedFile, type ExpectedChunk } from './verifiedFile.js';
