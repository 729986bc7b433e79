import { errorsOf } from '@livepod/protocol';

/** Why a file of evidence is refused, or cannot be made. `path` is the place in the file. */
export class EvidenceError extends errorsOf({
  notCanonical: 'artifact',
  wrongShape: 'artifact',
  wrongRootKey: 'person',
  wrongCertificate: 'artifact',
  brokenChain: 'artifact',
  wrongDocument: 'artifact',
  wrongSignature: 'artifact',
  contradiction: 'artifact',
  missing: 'artifact',
  differs: 'artifact',
  notFound: 'person',
}) {
  readonly path: string;

  constructor(code: EvidenceErrorCode, path: string, message: string, options?: { cause?: unknown }) {
    super(code, { path }, `${path}: ${message}`, options);
    this.path = path;
  }
}
export type EvidenceErrorCode = EvidenceError['code'];

export function refuse(code: EvidenceErrorCode, path: string, message: string, cause?: unknown): never {
  throw new EvidenceError(code, path, message, { cause });
}
