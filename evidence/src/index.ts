/**
 * Evidence of a round: made from canisters, verified from the root key alone. Start with README.md; the format is in
 * FORMAT.md.
 */
export { certifiedSince, provenSince, type CertifiedLog, type ProvenLog } from './entries.js';
export { proofOf, type Proof, type Told } from './facts.js';
export { proofOfDataset, proofOfProposal, provenTrail, statementOf, TRAIL_LOGS, type ProvenTrail } from './trail.js';
export { linesOf, type Statement, type StatementLine } from './statement.js';
export { exportEvidence, type ExportRequest } from './export.js';
export { verifySegments } from './segments.js';
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
