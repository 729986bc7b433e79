export type EnvelopeCode = 'malformed' | 'expired' | 'wrongSender' | 'badSignature' | 'badDelegation';

/** Why an envelope is refused. The host answers with `httpStatus` and `message` as plain text. */
export class EnvelopeError extends Error {
  readonly httpStatus = 400;
  constructor(readonly code: EnvelopeCode, message: string) {
    super(message);
    this.name = 'EnvelopeError';
  }
}

export function malformed(message: string): EnvelopeError {
  return new EnvelopeError('malformed', `Malformed request: ${message}`);
}
