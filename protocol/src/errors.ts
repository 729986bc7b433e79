/**
 * An error as data: a code for programs, details with ids for logs, one sentence with a remedy for people.
 * Each package subclasses it with a closed set of codes.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, details: Record<string, unknown>, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }
}

export type ProtocolErrorCode =
  | 'notCanonical'
  | 'invalidDocument'
  | 'invalidManifest'
  | 'wrongSignature'
  | 'wrongHash'
  | 'chunkDamaged'
  | 'chunkTooLarge'
  | 'invalidHex'
  | 'invalidPrincipal'
  | 'invalidToken';

/** What can be wrong with bytes that claim to follow the protocol. */
export class ProtocolError extends CodedError<ProtocolErrorCode> {}
