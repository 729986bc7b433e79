import { CodedError } from '@livepod/protocol';

export type ActivityErrorCode =
  | 'notDecided'
  | 'notYet'
  | 'interrupted'
  | 'notFound'
  | 'notAccepted'
  | 'notAuthorized'
  | 'outOfRange'
  | 'jobClosed'
  | 'missingChunk'
  | 'wrongHash'
  | 'recipeMismatch'
  | 'trainingFailed'
  | 'badHoldout'
  | 'scratchOnDisk';

/**
 * What an activity may end with, besides the errors of the canisters (CanisterError), of a dataset's way
 * (TransferError) and of the protocol. The README
 * says what to do about each.
 */
export class ActivityError extends CodedError<ActivityErrorCode> {}

/** Codes after which the same step may go well later; everything else with a code is final. */
export const RETRIED: ReadonlySet<string> = new Set([
  'notDecided',
  'notYet',
  'storageUnavailable',
  'interrupted',
  'network',
  'busy',
  'unavailable',
  'temporarilyUnavailable',
  'rejected',
  'untrusted',
]);
