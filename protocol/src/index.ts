/** The vocabulary that every part of Live Pod shares. Pure: no I/O, the same bytes in Node, browsers and workers. */
export {
  CodedError,
  errorsOf,
  innermost,
  originOf,
  ProtocolError,
  type Origin,
  type ProtocolErrorCode,
} from './errors.js';
export { concat, hex, unhex, u32be, u64be, lengthPrefixed, utf8 } from './bytes.js';
export { canonicalJson, parseCanonical, type CanonicalValue } from './canonical.js';
export { sha256, digest, contentId, hashOfId } from './hashes.js';
export { documentId, signingBytes, signDocument, verifyDocument, publicKeyOf } from './documents.js';
export { ed25519Der, principalOfDer, principalText, principalBytes } from './principals.js';
export { merkleRoot } from './merkle.js';
export { datasetUid, vetkdInput, DATASET_KEY_CONTEXT } from './datasetKeys.js';
export { sealFile, sealChunk, openChunk, openFile, chunkCount, type ChunkPlace, type FilePlace } from './chunks.js';
export { cohortPosition, isExposed } from './cohorts.js';
export * from './findings.js';
export * from './limits.js';
export * from './tokens.js';
export * from './plan.js';
export * from './podTest.js';
export * from './blame.js';
export * from './text.js';
export * from './votes.js';
export * from './governed.js';
export * from './operations.js';
export { operatorPageText, readOperatorPage, type OperatorPage, type OperatorPageItem } from './operatorPage.js';
export * from './manifests/index.js';
export * from './tasks/index.js';
