import { CodedError } from '@livepod/protocol';

/** What can go wrong while the stack is set up or run; the remedies are in this package's README. */
export type StackErrorCode =
  | 'commandFailed'
  | 'commandTimedOut'
  | 'toolMissing'
  | 'stepFailed'
  | 'notReady'
  | 'alreadyStarting'
  | 'wrongHash'
  | 'badOption';

export class StackError extends CodedError<StackErrorCode> {}
