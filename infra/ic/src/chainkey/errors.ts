import { errorsOf } from '@livepod/protocol';

/** Why a chain-key request is refused; the management canister rejects the call with `message`. */
export class ChainKeyError extends errorsOf({
  unknownKey: 'person',
  invalidTransportKey: 'person',
  invalidHash: 'person',
  invalidAux: 'person',
}) {}
export type ChainKeyCode = ChainKeyError['code'];
