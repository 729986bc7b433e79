import { CodedError } from '@livepod/protocol';

export type IcCode =
  'usage' | 'instrumenterMissing' | 'portTaken' | 'stateInUse' | 'stateDamaged' | 'stateOutdated' | 'stateUnwritable';

/** Why the host cannot start or go on. What a canister or caller did wrong is a `Reject` instead. */
export class IcError extends CodedError<IcCode> {}
