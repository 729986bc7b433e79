import { errorsOf } from '@livepod/protocol';

export class StackError extends errorsOf({
  commandFailed: 'host',
  commandTimedOut: 'host',
  toolMissing: 'host',
  stepFailed: 'host',
  notReady: 'host',
  alreadyStarting: 'person',
  wrongHash: 'way',
  badOption: 'person',
}) {}
export type StackErrorCode = StackError['code'];
