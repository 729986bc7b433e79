import { sha256 as nobleSha256 } from '@noble/hashes/sha2';
import { hex, unhex } from './bytes.js';
import { ProtocolError } from './errors.js';

/** SHA-256, synchronous; for documents and hashes of hashes. */
export const sha256 = (bytes: Uint8Array): Uint8Array => nobleSha256(bytes);

/** Node's own hashes, where this runs in Node: WebCrypto copies its input first, which costs as much again. */
export const nodeCryptoOf = (host: Partial<Pick<typeof globalThis, 'process'>>) =>
  host.process?.getBuiltinModule?.('node:crypto');
const nodeCrypto = nodeCryptoOf(globalThis);

/** SHA-256 by the platform, for chunks and files: several times as fast as JavaScript. */
export const digest = (bytes: Uint8Array): Promise<Uint8Array> => digestBy(nodeCrypto, bytes);

export async function digestBy(node: typeof nodeCrypto, bytes: Uint8Array): Promise<Uint8Array> {
  if (node) return new Uint8Array(node.createHash('sha256').update(bytes).digest());
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** The id of bytes that are content (a chunk, a file, a recipe bundle): `sha256:<hex>`. */
export const contentId = (bytes: Uint8Array): string => `sha256:${hex(sha256(bytes))}`;

/** The 32 bytes behind `sha256:<hex>`. @throws ProtocolError `invalidHex` */
export function hashOfId(id: string): Uint8Array {
  if (!/^sha256:[0-9a-f]{64}$/.test(id))
    throw new ProtocolError(
      'invalidHex',
      { id },
      `"${id.slice(0, 80)}" is not an id; ids read sha256: and 64 hexadecimal digits.`,
    );
  return unhex(id.slice(7));
}
