export { decodeStrictly, selfDescribed } from './cbor.js';
export {
  decodeEnvelope,
  type Envelope,
  type RequestContent,
  type RequestType,
  type SignedDelegation,
} from './envelope.js';
export { EnvelopeError, type EnvelopeCode } from './errors.js';
export { leb128, representationIndependentHash } from './request-id.js';
export { verifyEnvelope, type VerificationOptions, type VerifiedRequest } from './verification.js';
