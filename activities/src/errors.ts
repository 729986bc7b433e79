import { NOT_ANSWERED } from '@livepod/client';
import { errorsOf } from '@livepod/protocol';

/**
 * What an activity may end with, besides the errors of the canisters (CanisterError), of a dataset's way
 * (TransferError) and of the protocol. The README
 * says what to do about each.
 */
export class ActivityError extends errorsOf({
  notDecided: 'way',
  notYet: 'way',
  interrupted: 'host',
  notFound: 'person',
  notAccepted: 'person',
  notAuthorized: 'person',
  refused: 'person',
  outOfRange: 'person',
  jobClosed: 'person',
  missingChunk: 'artifact',
  wrongHash: 'artifact',
  recipeMismatch: 'artifact',
  trainingFailed: 'artifact',
  limitExceeded: 'artifact',
  badReport: 'artifact',
  badOutput: 'artifact',
  badHoldout: 'host',
  scratchOnDisk: 'host',
  scratchCanSwap: 'host',
  noSandbox: 'host',
  sandboxLeaks: 'host',
}) {}
export type ActivityErrorCode = ActivityError['code'];

/** Codes after which the same step may go well later; everything else with a code is final. */
export const RETRIED: ReadonlySet<string> = new Set([
  'notDecided',
  'notYet',
  'storageUnavailable',
  'tooSlow',
  'interrupted',
  ...NOT_ANSWERED,
]);
