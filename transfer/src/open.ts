import { join } from 'node:path';
import { openChunk, type DatasetManifest } from '@livepod/protocol';
import { plainNames } from './places.js';
import { VerifiedFile } from './verifiedFile.js';

export interface Opening {
  uid: Uint8Array;
  dataKey: Uint8Array;
  signal?: AbortSignal | undefined;
}

/** A file of a dataset, whose plaintext is nowhere yet. */
export interface OpenedFile {
  name: string;
  bytes: number;
  /**
   * Its plaintext, chunk after chunk; each is decrypted when it is asked for, and none is kept.
   *
   * @throws ProtocolError `chunkDamaged` for another key, or a chunk in another place than it was sealed for
   */
  pieces(): AsyncGenerator<Uint8Array>;
}

/**
 * A downloaded dataset's files, to be decrypted while somebody takes them in.
 *
 * @throws TransferError `unsafeName`
 */
export function openDataset(
  manifest: Pick<DatasetManifest, 'files'>,
  sealedIn: string,
  opening: Opening,
): OpenedFile[] {
  plainNames(manifest.files);
  return manifest.files.map(({ name, bytes, chunks }, fileIndex) => ({
    name,
    bytes,
    pieces: () => opened(join(sealedIn, name), { name, chunks, fileIndex }, opening),
  }));
}

async function* opened(
  path: string,
  { name, chunks, fileIndex }: Pick<DatasetManifest['files'][number], 'name' | 'chunks'> & { fileIndex: number },
  { uid, dataKey, signal }: Opening,
): AsyncGenerator<Uint8Array> {
  const sealed = await VerifiedFile.open(path, name, chunks);
  try {
    for (const chunkIndex of chunks.keys()) {
      signal?.throwIfAborted();
      const eof = chunkIndex === chunks.length - 1;
      yield await openChunk(await sealed.read(chunkIndex), { uid, dataKey, fileIndex, chunkIndex, eof });
    }
  } finally {
    await sealed.close();
  }
}
