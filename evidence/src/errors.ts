import { CodedError } from '@livepod/protocol';

export type EvidenceErrorCode =
  | 'notCanonical'
  | 'wrongShape'
  | 'wrongRootKey'
  | 'wrongCertificate'
  | 'brokenChain'
  | 'wrongDocument'
  | 'wrongSignature'
  | 'contradiction'
  | 'missing'
  | 'differs'
  | 'notFound';

/** Why a file of evidence is refused, or cannot be made. `path` is the place in the file. */
export class EvidenceError extends CodedError<EvidenceErrorCode> {
  readonly path: string;

  constructor(code: EvidenceErrorCode, path: string, message: string, options?: { cause?: unknown }) {
    super(code, { path }, `${path}: ${message}`, options);
    this.path = path;
  }
}

export function refuse(code: EvidenceErrorCode, path: string, message: string, cause?: unknown): never {
  throw new EvidenceError(code, path, message, { cause });
}
