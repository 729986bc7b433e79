import { concat, lengthPrefixed, u32be, utf8 } from './bytes.js';
import { sha256 } from './hashes.js';

/** The vetKD context under which the access canister derives data keys. */
export const DATASET_KEY_CONTEXT = utf8('livepod/dataset-key/v1');

/**
 * What a dataset's key and chunks are bound to: its contributor and a random salt of 16 bytes. Nobody can register
 * another contributor's uid, so nobody can be granted another dataset's key by imitating its salt.
 */
export const datasetUid = (contributor: Uint8Array, salt: Uint8Array): Uint8Array =>
  sha256(concat(lengthPrefixed(utf8('livepod.uid/v1')), lengthPrefixed(contributor), salt));

/**
 * The identity a data key is wrapped to (IC vetKeys identity-based encryption): uid and key epoch, fixed width, 36
 * bytes.
 */
export const vetkdInput = (uid: Uint8Array, epoch: number): Uint8Array => concat(uid, u32be(epoch));
