import { CodedError } from '@livepod/protocol';

export type ChainKeyCode = 'unknownKey' | 'invalidTransportKey' | 'invalidHash' | 'invalidAux';

/** Why a chain-key request is refused; the management canister rejects the call with `message`. */
export class ChainKeyError extends CodedError<ChainKeyCode> {}
