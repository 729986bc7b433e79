import { errorsOf } from '@livepod/protocol';

/** Why the host cannot start or go on. What a canister or caller did wrong is a `Reject` instead. */
export class IcError extends errorsOf({
  usage: 'person',
  instrumenterMissing: 'host',
  portTaken: 'host',
  stateInUse: 'host',
  stateDamaged: 'host',
  stateOutdated: 'host',
  stateUnwritable: 'host',
}) {}
export type IcCode = IcError['code'];
