/**
 * Evidence of a round: made from canisters, verified from the root key alone. Start with README.md; the format is in
 * FORMAT.md.
 */
export { certifiedEntries, type CertifiedEntries } from './entries.js';
export { exportEvidence, type ExportRequest } from './export.js';
export { readBasis, LOGS, type Basis, type LogName } from './format.js';
export {
  EvidenceError,
  IC_ROOT_KEY,
  verify,
  type Account,
  type EvidenceErrorCode,
  type Verification,
  type VerifyOptions,
} from './verify.js';
