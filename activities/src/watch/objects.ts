import { networkTime, type Canisters, type Clients } from '@livepod/client';
import { inFlight, type ObjectStore } from '@livepod/transfer';
import type { WatchPort } from './port.js';

/** Where uploads go (transfer/src/upload.ts). Nothing else in the bucket is looked at. */
const PREFIX = 'datasets/';
const FOLDER = /^datasets\/[0-9a-f]{64}\/$/;
const FOLDERS_AT_ONCE = 1_000;
const PAGES = 5;

/**
 * One look at the object store: what was uploaded, never registered, and given up by the same limit as room in buckets.
 */
export async function collectObjects(
  clients: Clients,
  objects: ObjectStore,
  bucket: string,
  from: string | null,
): ReturnType<WatchPort['objects']> {
  const limitMs = Number(await clients.certified.datasets.reservation_seconds()) * 1000;
  const now = await networkTime(clients);
  const old = (at: Date | undefined): boolean => at !== undefined && now - at.getTime() > limitMs;
  const unclaimed = async ({ datasets }: Canisters, folders: string[]): Promise<string[]> =>
    folders.length === 0 ? [] : datasets.unclaimed({ bucket, folders });

  let removed = 0;
  let after = from;
  for (let page = 0; page < PAGES; page++) {
    const { folders, next } = await objects.folders(bucket, PREFIX, after, FOLDERS_AT_ONCE);
    const candidates = await unclaimed(
      clients,
      folders.filter((folder) => FOLDER.test(folder)),
    );
    const given = await inFlight(candidates, 8, async (folder) => {
      const found = await objects.list(bucket, folder);
      // One young object: somebody is still uploading.
      return found.length > 0 && found.every(({ modified }) => old(modified))
        ? { folder, keys: found.map(({ key }) => key) }
        : undefined;
    });
    const over = given.filter((one) => one !== undefined);
    // Asked again right before, because a dataset may have been registered while the folders were read; and now of the
    // whole subnet: one node that calls a dataset unclaimed must not have it deleted.
    const still = new Set(
      await unclaimed(
        clients.certified,
        over.map(({ folder }) => folder),
      ),
    );
    for (const { folder, keys } of over) {
      if (!still.has(folder)) continue;
      await objects.remove(bucket, keys);
      removed += keys.length;
    }
    after = next;
    if (next === null) break;
  }

  let ended = 0;
  if (from === null) {
    for (const upload of await objects.uploadsInParts(bucket, PREFIX)) {
      if (!old(upload.initiated)) continue;
      await objects.endUpload(bucket, upload.key, upload.id);
      ended++;
    }
  }
  return { objects: removed, uploads: ended, next: after };
}
