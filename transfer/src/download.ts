import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clients } from '@livepod/client';
import { datasetUid, principalBytes, unhex, type DatasetManifest } from '@livepod/protocol';
import { TransferError } from './errors.js';
import { inFlight } from './inFlight.js';
import type { ObjectStore } from './objects.js';
import { ownFolder, plainNames } from './places.js';
import { VerifiedFile } from './verifiedFile.js';

export interface DownloadSources {
  /** For datasets in canister buckets; the caller needs a live lease. */
  clients: Clients;
  /** For datasets in an object store. */
  objects?: ObjectStore | undefined;
  /** Stops it; what is there is not fetched again by the next one. */
  signal?: AbortSignal | undefined;
}

export interface Downloaded {
  chunks: number;
  bytes: number;
  /** Chunks that were not there yet. */
  fetched: number;
}

/** Chunks of one file on their way at once. */
const CHUNKS_IN_FLIGHT = 8;
const FILES_IN_FLIGHT = 4;

/**
 * Brings a dataset's encrypted chunks into a folder, one file each, every chunk checked against the signed manifest
 * before it is written. Resumes where an earlier download stopped.
 *
 * @throws TransferError `unsafeName` · `foreignStorage` before anything is asked; `wrongHash` · `missingChunk` ·
 *   `badAnswer` · `tooLong` (never retried) · `storageUnavailable` · `tooSlow` (retried); CanisterError of the bucket
 */
export async function downloadDataset(
  manifest: DatasetManifest,
  folder: string,
  sources: DownloadSources,
): Promise<Downloaded> {
  plainNames(manifest.files);
  const { storage } = manifest;
  const folderThere = ownFolder(manifest);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const firstChunk = firstChunks(manifest);
  const fetchOne = async (file: DatasetManifest['files'][number], index: number): Promise<number> => {
    const target = await VerifiedFile.open(join(folder, file.name), file.name, file.chunks);
    try {
      const missing = await target.missing();
      if (missing.length > 0)
        await (storage.kind === 's3'
          ? fromObject(storage.bucket, folderThere, target, missing, sources)
          : fromBucket(storage.bucket, uidOf(manifest), target, missing, firstChunk[index]!, sources));
      return missing.length;
    } finally {
      await target.close();
    }
  };
  const fetched = await inFlight(manifest.files, FILES_IN_FLIGHT, fetchOne, sources.signal);
  const chunks = manifest.files.flatMap((file) => file.chunks);
  return {
    chunks: chunks.length,
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    fetched: fetched.reduce((sum, count) => sum + count, 0),
  };
}

/** A bucket numbers the chunks of all files through. */
export function firstChunks(manifest: Pick<DatasetManifest, 'files'>): number[] {
  let next = 0;
  return manifest.files.map((file) => (next += file.chunks.length) - file.chunks.length);
}

const uidOf = ({ contributor, salt }: DatasetManifest): Uint8Array =>
  datasetUid(principalBytes(contributor), unhex(salt));

async function fromBucket(
  canister: string,
  uid: Uint8Array,
  target: VerifiedFile,
  missing: number[],
  first: number,
  { clients, signal }: DownloadSources,
): Promise<void> {
  const bucket = clients.bucketClient(canister);
  const fetchChunk = async (index: number): Promise<void> =>
    target.write(index, new Uint8Array(await bucket.get_chunk({ uid, index: first + index })));
  await inFlight(missing, CHUNKS_IN_FLIGHT, fetchChunk, signal);
}

/**
 * One streamed request from the first missing chunk on; the hash of one chunk is computed while the next ones arrive.
 */
async function fromObject(
  bucket: string,
  prefix: string,
  target: VerifiedFile,
  missing: number[],
  { objects, signal }: DownloadSources,
): Promise<void> {
  if (!objects)
    throw new TransferError(
      'storageUnavailable',
      { bucket },
      `The dataset is in the object store ${bucket}; set s3 in network.json and its credentials.`,
    );
  const from = missing[0]!;
  const until = missing.at(-1)! + 1;
  const whole = from === 0 && until === target.chunks.length;
  const end = target.offset(until - 1) + target.chunks[until - 1]!.bytes;
  const part = { from: target.offset(from), to: end, whole };
  const body = await objects.get(bucket, prefix + target.name, part, signal);
  const writing = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined; // kept here, because a write takes itself off the list when it ends
  const throwIfFailed = (): void => {
    if (failure) throw failure.error;
  };
  try {
    for await (const [index, chunk] of cut(body, target, from, until, signal)) {
      const write = target
        .write(index, chunk)
        .catch((error: unknown) => void (failure ??= { error }))
        .finally(() => writing.delete(write));
      writing.add(write);
      if (writing.size >= CHUNKS_IN_FLIGHT) await Promise.race(writing);
      throwIfFailed();
    }
  } finally {
    body.destroy();
    await Promise.all(writing);
  }
  throwIfFailed();
}

/** Cuts a stream at the chunks' borders. */
async function* cut(
  body: Readable,
  target: VerifiedFile,
  from: number,
  until: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<[number, Uint8Array]> {
  let index = from;
  let chunk = new Uint8Array(target.chunks[index]!.bytes);
  let filled = 0;
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      for (let read = 0; read < piece.length && index < until;) {
        const part = piece.subarray(read, read + chunk.length - filled);
        chunk.set(part, filled);
        filled += part.length;
        read += part.length;
        if (filled < chunk.length) continue;
        yield [index++, chunk];
        filled = 0;
        if (index < until) chunk = new Uint8Array(target.chunks[index]!.bytes);
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TransferError) throw error;
    throw new TransferError(
      'storageUnavailable',
      { file: target.name, chunk: index },
      `The object store broke off ${target.name} in chunk ${index}; the download resumes there.`,
      { cause: error },
    );
  }
  if (index < until)
    throw new TransferError(
      'missingChunk',
      { file: target.name, chunk: index },
      `The object of ${target.name} ends before chunk ${index}; ask its contributor to upload it again.`,
    );
}
