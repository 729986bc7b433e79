import { CodedError } from '@livepod/protocol';

export type CodecErrorCode =
  'badKeyRing' | 'unknownKey' | 'notAuthentic' | 'wrongWorkflow' | 'wrongNamespace' | 'badOption';

/** Why a payload cannot be encrypted or decrypted, or the codec server does not start. */
export class CodecError extends CodedError<CodecErrorCode> {}
