import type { Clients } from '@livepod/client';
import { folderOf, unhex } from '@livepod/protocol';
import { inFlight } from './inFlight.js';
import type { ObjectStore } from './objects.js';
import { plainNames } from './places.js';
import { seal, type ListedFile } from './seal.js';
import type { DatasetSecrets, PlainFile } from './secrets.js';

export type StorageLocation = { kind: 'bucket'; bucket: string } | { kind: 's3'; bucket: string; prefix: string };

export interface Uploaded {
  storage: StorageLocation;
  files: ListedFile[];
  /** Chunks or, in an object store, files that were not there yet. */
  uploaded: number;
}

export interface UploadProgress {
  (done: number, of: number): void;
}

export interface Uploading {
  tell?: UploadProgress | undefined;
  /** Stops it; what is there is not sent again by the next one. */
  signal?: AbortSignal | undefined;
}

const CHUNKS_IN_FLIGHT = 6;
const FILES_IN_FLIGHT = 4;

/**
 * Encrypts files and brings them into a canister bucket; only chunks that it lacks are sent. The contributor needs a
 * bond.
 */
export async function uploadToBucket(
  clients: Clients,
  files: PlainFile[],
  secrets: DatasetSecrets,
  { tell, signal }: Uploading = {},
): Promise<Uploaded> {
  plainNames(files);
  const sealOne = (file: PlainFile, index: number) => seal(file, index, secrets);
  const sealed = await inFlight(files, FILES_IN_FLIGHT, sealOne, signal);
  const chunks = sealed.flatMap(({ stored, listed }) =>
    stored.map((bytes, index) => ({ bytes, sha256: unhex(listed.chunks[index]!.sha256) })),
  );
  const { uid, salt } = secrets;
  const { bucket } = await clients.datasets.reserve({
    salt,
    chunks: chunks.map(({ sha256, bytes }) => ({ sha256, bytes: bytes.length })),
  });
  const client = clients.bucketClient(bucket);
  const missing = [...(await client.missing(uid))];
  let done = chunks.length - missing.length;
  const send = async (index: number): Promise<void> => {
    await client.put_chunk({ uid, index, bytes: chunks[index]!.bytes });
    tell?.(++done, chunks.length);
  };
  await inFlight(missing, CHUNKS_IN_FLIGHT, send, signal);
  return {
    storage: { kind: 'bucket', bucket: bucket.toText() },
    files: sealed.map(({ listed }) => listed),
    uploaded: missing.length,
  };
}

/**
 * Encrypts files and streams them into an object store, one object each; what is there under the same Merkle root is
 * not sent again.
 */
export async function uploadToObjects(
  objects: ObjectStore,
  bucket: string,
  files: PlainFile[],
  secrets: DatasetSecrets,
  { tell, signal }: Uploading = {},
): Promise<Uploaded> {
  plainNames(files);
  const prefix = folderOf(secrets.uid);
  let uploaded = 0;
  let done = 0;
  const send = async (file: PlainFile, index: number): Promise<ListedFile> => {
    const { listed, stored } = await seal(file, index, secrets);
    if (await objects.create(bucket, prefix + file.name, stored, listed.merkleRoot, signal)) uploaded++;
    tell?.(++done, files.length);
    return listed;
  };
  const listed = await inFlight(files, FILES_IN_FLIGHT, send, signal);
  return { storage: { kind: 's3', bucket, prefix }, files: listed, uploaded };
}
