import { gcm } from '@noble/ciphers/webcrypto.js';
import { concat, lengthPrefixed, u32be, utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';
import { PLAIN_CHUNK_BYTES } from './limits.js';

const DOMAIN = lengthPrefixed(utf8('livepod.chunk/v1'));

/** Which file of which dataset, and the 32-byte data key of that dataset. */
export interface FilePlace {
  uid: Uint8Array;
  dataKey: Uint8Array;
  fileIndex: number;
}

export interface ChunkPlace extends FilePlace {
  chunkIndex: number;
  /** true for the file's last chunk, so that a file cannot be cut short unnoticed */
  eof: boolean;
}

/** How many chunks a file of `bytes` has; an empty file has one, empty. */
export const chunkCount = (bytes: number): number => Math.max(1, Math.ceil(bytes / PLAIN_CHUNK_BYTES));

/** Cuts a file and encrypts each piece: the stored chunks, in order. */
export async function sealFile(file: Uint8Array, place: FilePlace): Promise<Uint8Array[]> {
  const count = chunkCount(file.length);
  const pieces = Array.from({ length: count }, (_, index) =>
    file.subarray(index * PLAIN_CHUNK_BYTES, (index + 1) * PLAIN_CHUNK_BYTES),
  );
  return Promise.all(
    pieces.map((piece, index) => sealChunk(piece, { ...place, chunkIndex: index, eof: index === count - 1 })),
  );
}

/**
 * AES-256-GCM (NIST SP 800-38D) by WebCrypto. The nonce is the chunk's place: a data key encrypts one dataset once, so
 * no nonce repeats, and sealing the same file again gives the same bytes, which lets an upload be resumed.
 */
export async function sealChunk(plain: Uint8Array, place: ChunkPlace): Promise<Uint8Array> {
  if (plain.length > PLAIN_CHUNK_BYTES) {
    throw new ProtocolError(
      'chunkTooLarge',
      { bytes: plain.length },
      `A chunk of ${plain.length} bytes is over the limit of ${PLAIN_CHUNK_BYTES}; cut the file with sealFile.`,
    );
  }
  return gcm(place.dataKey, nonce(place), associatedData(place)).encrypt(plain);
}

/** @throws ProtocolError `chunkDamaged` when a chunk was altered, moved, cut, or belongs to another dataset or key */
export async function openChunk(stored: Uint8Array, place: ChunkPlace): Promise<Uint8Array> {
  try {
    return await gcm(place.dataKey, nonce(place), associatedData(place)).decrypt(stored);
  } catch (cause) {
    throw new ProtocolError(
      'chunkDamaged',
      { file: place.fileIndex, chunk: place.chunkIndex, eof: place.eof },
      `Chunk ${place.chunkIndex} of file ${place.fileIndex} does not open: it is altered, out of order, cut ` +
        'short, or of another dataset; fetch it again.',
      { cause },
    );
  }
}

/** Opens a whole file. @throws ProtocolError `chunkDamaged` */
export async function openFile(chunks: readonly Uint8Array[], place: FilePlace): Promise<Uint8Array> {
  return concat(
    ...(await Promise.all(
      chunks.map((chunk, index) => openChunk(chunk, { ...place, chunkIndex: index, eof: index === chunks.length - 1 })),
    )),
  );
}

const position = (place: ChunkPlace): Uint8Array =>
  concat(u32be(place.fileIndex), u32be(place.chunkIndex), Uint8Array.of(place.eof ? 1 : 0));
const nonce = (place: ChunkPlace): Uint8Array => concat(position(place), new Uint8Array(3));
const associatedData = (place: ChunkPlace): Uint8Array => concat(DOMAIN, place.uid, position(place));
