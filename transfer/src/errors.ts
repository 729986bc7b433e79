import { CodedError } from '@livepod/protocol';

export type TransferErrorCode =
  'storageUnavailable' | 'missingChunk' | 'wrongHash' | 'notFound' | 'unsuitableRecordings';

/**
 * Why a dataset did not get from its contributor to where it is used, besides the errors of the canisters
 * (CanisterError) and of the protocol. The README says what to do about each. Of these, `storageUnavailable` alone may
 * pass by itself.
 */
export class TransferError extends CodedError<TransferErrorCode> {}
