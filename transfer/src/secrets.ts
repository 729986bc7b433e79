import { hkdfSync } from 'node:crypto';
import { concat, datasetUid, digest, lengthPrefixed, principalBytes, utf8 } from '@livepod/protocol';
import type { Signer } from './signer.js';

export interface PlainFile {
  /** Letters, digits, dot, dash, underscore. */
  name: string;
  bytes: Uint8Array;
}

export interface DatasetSecrets {
  salt: Uint8Array;
  uid: Uint8Array;
  dataKey: Uint8Array;
  /** Randomness of the key's wrapping. */
  wrapSeed: Uint8Array;
}

/**
 * Salt and keys of a dataset, derived (HKDF-SHA256, RFC 5869) from the contributor's own private key and everything the
 * dataset holds. The same contribution gives the same ciphertext, so a broken-off upload resumes without a file of
 * secrets; any change of content, names or order gives other keys, so that no key ever encrypts two contents.
 *
 * @param reference  tells contributions of the same content apart
 */
export async function deriveSecrets(signer: Signer, files: PlainFile[], reference: string): Promise<DatasetSecrets> {
  const contents = await Promise.all(
    files.map(async (file) => concat(lengthPrefixed(utf8(file.name)), await digest(file.bytes))),
  );
  const info = await digest(concat(await digest(utf8(reference)), ...contents));
  const derived = new Uint8Array(
    hkdfSync('sha256', signer.seed(), utf8('livepod.contribution/v1'), info, 16 + 32 + 32),
  );
  const salt = derived.slice(0, 16);
  return {
    salt,
    uid: datasetUid(principalBytes(signer.principal), salt),
    dataKey: derived.slice(16, 48),
    wrapSeed: derived.slice(48),
  };
}
