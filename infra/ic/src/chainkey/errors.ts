export type ChainKeyCode = 'unknownKey' | 'invalidTransportKey' | 'invalidInput';

/** Why a chain-key request is refused; the management canister rejects the call with `message`. */
export class ChainKeyError extends Error {
  constructor(readonly code: ChainKeyCode, message: string) {
    super(message);
    this.name = 'ChainKeyError';
  }
}
