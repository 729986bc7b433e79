/** A dataset's whole way: sealed, uploaded, fetched, verified, opened. */
export { contribute, folderOfContribution, type Contributed, type Contribution } from './contribute.js';
export { downloadDataset, firstChunks, type Downloaded, type DownloadSources } from './download.js';
export { TransferError, type TransferErrorCode } from './errors.js';
export { readFolder, type FolderFile } from './folder.js';
export {
  inspectRecordings,
  refusalsOf,
  sentenceOf,
  type FileFinding,
  type InspectedFile,
  type Inspection,
} from './inspect.js';
export { inFlight } from './inFlight.js';
export { readManifest } from './manifest.js';
export { ObjectStore, type ObjectStoreConfig } from './objects.js';
export { openDataset, type OpenedFile, type Opening } from './open.js';
export { absence } from './presence.js';
export { rootOf, seal, type ListedFile } from './seal.js';
export { deriveSecrets, type DatasetSecrets, type PlainFile } from './secrets.js';
export { signerOf, type Signer } from './signer.js';
export { uploadToBucket, uploadToObjects, type Uploaded, type UploadProgress, type Uploading } from './upload.js';
export { VerifiedFile, type ExpectedChunk } from './verifiedFile.js';
export { datasetPublicKey, unwrap, wrap } from './wrapping.js';
