export { ChainKeyError, type ChainKeyCode } from './errors.js';
export { ecdsaPublicKey, ecdsaSign } from './ecdsa.js';
export { KEY_NAMES } from './key-names.js';
export { schnorrPublicKey, schnorrSign, type SchnorrAlgorithm } from './schnorr.js';
export { vetkdDeriveKey, vetkdMasterPublicKey, vetkdPublicKey } from './vetkd.js';
