import { errorsOf } from '@livepod/protocol';

/**
 * Why a dataset did not get from its contributor to where it is used, besides the errors of the canisters
 * (CanisterError) and of the protocol. The README says what to do about each. Of these, `storageUnavailable` alone may
 * pass by itself.
 */
export class TransferError extends errorsOf({
  storageUnavailable: 'way',
  missingChunk: 'artifact',
  wrongHash: 'artifact',
  notFound: 'person',
  unsuitableRecordings: 'data',
  wrongKey: 'way',
}) {}
export type TransferErrorCode = TransferError['code'];
