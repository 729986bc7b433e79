import { digest, hex, merkleRoot, sealFile, unhex } from '@livepod/protocol';
import type { DatasetSecrets, PlainFile } from './secrets.js';
import type { ExpectedChunk } from './verifiedFile.js';

/** A file as the manifest lists it. */
export interface ListedFile {
  name: string;
  bytes: number;
  chunks: ExpectedChunk[];
  merkleRoot: string;
}

/** Encrypts one file; the stored chunks and what the manifest says of them. */
export async function seal(
  file: PlainFile,
  fileIndex: number,
  { uid, dataKey }: DatasetSecrets,
): Promise<{ listed: ListedFile; stored: Uint8Array[] }> {
  const stored = await sealFile(file.bytes, { uid, dataKey, fileIndex });
  const chunks = await Promise.all(
    stored.map(async (chunk) => ({ sha256: hex(await digest(chunk)), bytes: chunk.length })),
  );
  return { listed: { name: file.name, bytes: file.bytes.length, chunks, merkleRoot: rootOf(chunks) }, stored };
}

export const rootOf = (chunks: ExpectedChunk[]): string => hex(merkleRoot(chunks.map((chunk) => unhex(chunk.sha256))));
