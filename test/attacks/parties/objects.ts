import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadDataset, ObjectStore, readManifest, TransferError } from '@livepod/transfer';
import { broken, delay, type Attack, type Played } from '../attack.js';
import type { Ground } from '../ground.js';

const TEST = 'transfer/src/transfer.test.ts';

/** Fetches the dataset that lies in S3 as a provider does, into an empty folder. @returns the code of its refusal */
async function fetched(ground: Ground): Promise<string | undefined> {
  const clients = await ground.as('provider');
  const objects = new ObjectStore(ground.rig.chain.s3);
  const folder = await mkdtemp(join(tmpdir(), 'livepod-attack-'));
  try {
    await downloadDataset(await readManifest(clients, ground.datasets.s3), folder, { clients, objects });
    return undefined;
  } catch (error) {
    if (error instanceof TransferError) return error.code;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Puts something else where a dataset's object is, fetches, and puts it back. */
async function insteadOf(
  ground: Ground,
  codes: readonly string[],
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Promise<Played> {
  const [key] = [...(await ground.objects()).keys()].filter((name) => name.endsWith('.csv'));
  const bytes = await ground.object(key!);
  const changed = change(bytes);
  try {
    await (changed ? ground.putObject(key!, changed) : ground.deleteObject(key!));
    const code = await fetched(ground);
    if (code === undefined) return broken('the provider took it');
    if (!codes.includes(code)) return broken(`refused as ${code}, and not as ${codes.join(' or ')}`);
  } finally {
    await ground.putObject(key!, bytes);
  }
  const code = await fetched(ground);
  return code === undefined
    ? delay('the provider refuses it, and fetches what is right once it is there again')
    : broken(`what is right is refused as ${code}`);
}

export const objects: Attack[] = [
  {
    party: 'objects',
    name: 'alters a chunk in one bit',
    test: TEST,
    play: (ground, seed) =>
      insteadOf(ground, ['wrongHash'], (bytes) =>
        bytes.map((byte, at) => (at === seed % bytes.length ? byte ^ 1 : byte)),
      ),
  },
  {
    party: 'objects',
    name: 'cuts an object short',
    test: TEST,
    play: (ground) => insteadOf(ground, ['wrongHash', 'missingChunk'], (bytes) => bytes.slice(0, -1)),
  },
  {
    party: 'objects',
    name: 'makes an object longer',
    test: TEST,
    play: (ground) => insteadOf(ground, ['badAnswer'], (bytes) => Uint8Array.from([...bytes, ...bytes])),
  },
  {
    party: 'objects',
    name: 'takes an object away',
    test: TEST,
    play: (ground) => insteadOf(ground, ['missingChunk', 'storageUnavailable', 'notFound'], () => undefined),
  },
];
