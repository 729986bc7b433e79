import { CodedError } from '@livepod/protocol';

export type EnvelopeCode = 'malformed' | 'expired' | 'wrongSender' | 'badSignature' | 'badDelegation';

/** Why an envelope is refused. The host answers with `httpStatus` and `message` as plain text. */
export class EnvelopeError extends CodedError<EnvelopeCode> {
  readonly httpStatus = 400;
}

export function malformed(why: string): EnvelopeError {
  return new EnvelopeError('malformed', {}, `Malformed request: ${why}`);
}
