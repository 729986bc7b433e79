import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concat, openChunk, type DatasetManifest } from '@livepod/protocol';
import { inFlight } from './inFlight.js';
import { plainNames } from './places.js';
import { VerifiedFile } from './verifiedFile.js';

export interface Opening {
  uid: Uint8Array;
  dataKey: Uint8Array;
  signal?: AbortSignal | undefined;
}

export interface OpenedFile {
  name: string;
  /** Where its plaintext lies. */
  path: string;
}

const CHUNKS_IN_FLIGHT = 4;

/**
 * Decrypts a downloaded dataset's files from one folder into another, which should lie in memory.
 *
 * @throws TransferError `unsafeName`; ProtocolError `chunkDamaged` for another key, or a chunk in another place than it
 *   was sealed for
 */
export async function openDataset(
  manifest: Pick<DatasetManifest, 'files'>,
  sealedIn: string,
  plainIn: string,
  { uid, dataKey, signal }: Opening,
): Promise<OpenedFile[]> {
  plainNames(manifest.files);
  await mkdir(plainIn, { recursive: true, mode: 0o700 });
  const opened: OpenedFile[] = [];
  for (const [fileIndex, { name, chunks }] of manifest.files.entries()) {
    const path = join(plainIn, name);
    const sealed = await VerifiedFile.open(join(sealedIn, name), name, chunks);
    try {
      const openOne = async (_: unknown, chunkIndex: number): Promise<Uint8Array> => {
        const eof = chunkIndex === chunks.length - 1;
        return openChunk(await sealed.read(chunkIndex), { uid, dataKey, fileIndex, chunkIndex, eof });
      };
      const pieces = await inFlight(chunks, CHUNKS_IN_FLIGHT, openOne, signal);
      await writeFile(path, concat(...pieces), { mode: 0o600 });
    } finally {
      await sealed.close();
    }
    opened.push({ name, path });
  }
  return opened;
}
