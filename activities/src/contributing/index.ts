export { contribute, datasetPublicKey, type Contributed, type Contribution } from './contribute.js';
export { deriveSecrets, type DatasetSecrets, type PlainFile } from './secrets.js';
export { seal, rootOf, type ListedFile } from './sealedFile.js';
export { uploadToBucket, uploadToObjects, type Uploaded, type UploadProgress } from './upload.js';
