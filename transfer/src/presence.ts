import { randomInt } from 'node:crypto';
import type { Clients } from '@livepod/client';
import { datasetUid, digest, hex, principalBytes, unhex, type DatasetManifest } from '@livepod/protocol';
import { TransferError } from './errors.js';
import { inFlight } from './inFlight.js';
import type { ObjectStore } from './objects.js';
import { ownFolder } from './places.js';

/**
 * Why a dataset's chunks are not all where its manifest says, or undefined when they are. A bucket answers for every
 * chunk; of an object, the size and one chunk chosen at random are checked, because reading all of it is the provider's
 * work.
 */
export async function absence(
  manifest: DatasetManifest,
  clients: Clients,
  objects: ObjectStore | undefined,
): Promise<string | undefined> {
  const { storage } = manifest;
  if (storage.kind === 'bucket') {
    const missing = await clients
      .bucketClient(storage.bucket)
      .missing(datasetUid(principalBytes(manifest.contributor), unhex(manifest.salt)));
    return missing.length === 0 ? undefined : `${missing.length} chunks are missing from bucket ${storage.bucket}`;
  }
  if (!objects) return `it lies in object store ${storage.bucket}, and none is configured here`;
  let prefix: string;
  try {
    objects.mayAsk(storage.bucket);
    prefix = ownFolder(manifest);
  } catch (error) {
    // The dataset's own fault: nothing is asked, and no other dataset waits for it.
    if (error instanceof TransferError && error.code === 'foreignStorage') return error.message;
    throw error;
  }
  const findings = await inFlight(manifest.files, 8, async (file) => {
    const head = await objects.head(storage.bucket, prefix + file.name);
    if (!head) return `${file.name} is missing from object store ${storage.bucket}`;
    const bytes = file.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    if (head.bytes !== bytes)
      return `${file.name} has ${head.bytes} bytes in the object store and ${bytes} in the manifest`;
    const picked = randomInt(file.chunks.length);
    const from = file.chunks.slice(0, picked).reduce((sum, chunk) => sum + chunk.bytes, 0);
    const pieces: Uint8Array[] = [];
    const part = { from, to: from + file.chunks[picked]!.bytes };
    for await (const piece of await objects.get(storage.bucket, prefix + file.name, part))
      pieces.push(piece as Uint8Array);
    return hex(await digest(Buffer.concat(pieces))) === file.chunks[picked]!.sha256
      ? undefined
      : `chunk ${picked} of ${file.name} has another hash than in the manifest`;
  });
  return findings.find((finding) => finding !== undefined);
}
