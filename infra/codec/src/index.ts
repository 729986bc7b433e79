export { converter, failureConverterPath } from './converter.js';
export { CodecError, type CodecErrorCode } from './errors.js';
export { decoded } from './histories.js';
export {
  acceptShare,
  KeyRing,
  newRing,
  readRing,
  rotate,
  share,
  writeRing,
  type Keys,
  type RingFile,
} from './keyRing.js';
export { ENCODING, IN_CLEAR, LivepodCodec, RECIPIENT } from './payloads.js';
export { serveFromEnvironment } from './server/process.js';
export { serve, type CodecServer, type CodecServerOptions } from './server/server.js';
export { makeSigningKey, OWN_ISSUER, signInLink, signInToken } from './signing.js';
