import { errorsOf } from '@livepod/protocol';

/** Why an envelope is refused. The host answers with `httpStatus` and `message` as plain text. */
export class EnvelopeError extends errorsOf({
  malformed: 'person',
  expired: 'person',
  wrongSender: 'person',
  badSignature: 'person',
  badDelegation: 'person',
}) {
  readonly httpStatus = 400;
}
export type EnvelopeCode = EnvelopeError['code'];

export function malformed(why: string): EnvelopeError {
  return new EnvelopeError('malformed', {}, `Malformed request: ${why}`);
}
