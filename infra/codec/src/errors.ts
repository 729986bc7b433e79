import { errorsOf } from '@livepod/protocol';

/** Why a payload cannot be encrypted or decrypted, or the codec server does not start. */
export class CodecError extends errorsOf({
  badKeyRing: 'person',
  notWritten: 'host',
  unknownKey: 'person',
  notAuthentic: 'artifact',
  clearPayload: 'artifact',
  wrongWorkflow: 'artifact',
  wrongNamespace: 'artifact',
  badOption: 'person',
}) {}
export type CodecErrorCode = CodecError['code'];
