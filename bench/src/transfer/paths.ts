import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  deriveSecrets,
  downloadDataset,
  ObjectStore,
  rootOf,
  signerOf,
  uploadToBucket,
  uploadToObjects,
  type PlainFile,
  type Uploaded,
} from '@livepod/transfer';
import type { Clients } from '@livepod/client';
import { hex, type DatasetManifest } from '@livepod/protocol';
import { BenchError } from '../benchmark.js';
import { time } from '../measuring.js';
import type { S3Server } from './servers.js';

/** Milliseconds of one way up and one way down, and of this process's processor time for both. */
export interface Trip {
  up: number;
  down: number;
  processor: number;
}

const FILES_IN_FLIGHT = 4; // as many as the production code

/** Both ways, and what they took of the processor: where cores are few, client and server share them. */
async function measured(up: () => Promise<unknown>, down: () => Promise<unknown>): Promise<Trip> {
  const before = process.cpuUsage();
  const times = { up: await time(up), down: await time(down) };
  const { user, system } = process.cpuUsage(before);
  return { ...times, processor: (user + system) / 1000 };
}

/**
 * The AWS SDK as it comes, one object per file, up from memory and down into files. Encrypts nothing and checks no hash
 * of ours.
 */
export async function bareS3(server: S3Server, files: PlainFile[], name: string, folder: string): Promise<Trip> {
  const client = new S3Client(server.config);
  const each = async (step: (file: PlainFile) => Promise<unknown>): Promise<void> => {
    const waiting = [...files];
    await Promise.all(
      Array.from({ length: FILES_IN_FLIGHT }, async () => {
        for (let file = waiting.shift(); file; file = waiting.shift()) await step(file);
      }),
    );
  };
  await mkdir(folder, { recursive: true });
  const trip = await measured(
    () =>
      each((file) =>
        client.send(new PutObjectCommand({ Bucket: server.bucket, Key: `${name}/${file.name}`, Body: file.bytes })),
      ),
    () =>
      each(async (file) => {
        const { Body } = await client.send(
          new GetObjectCommand({ Bucket: server.bucket, Key: `${name}/${file.name}` }),
        );
        await pipeline(Body as Readable, createWriteStream(join(folder, file.name)));
      }),
  );
  client.destroy();
  return trip;
}

/**
 * What a contributor and a provider do, on S3: keys, AES-256-GCM, hashes, upload; download with every chunk checked
 * before it is written.
 */
export async function throughS3(
  server: S3Server,
  clients: Clients,
  seed: Uint8Array,
  files: PlainFile[],
  name: string,
  folder: string,
): Promise<Trip> {
  const store = new ObjectStore(server.config);
  try {
    return await there(
      seed,
      files,
      name,
      folder,
      (secrets) => uploadToObjects(store, server.bucket, files, secrets),
      (manifest) => downloadDataset(manifest, folder, { clients, objects: store }),
    );
  } finally {
    store.close();
  }
}

/** The same through a bucket canister: certified update calls up, signed queries down. */
export async function throughBucket(
  clients: Clients,
  seed: Uint8Array,
  files: PlainFile[],
  name: string,
  folder: string,
): Promise<Trip> {
  return there(
    seed,
    files,
    name,
    folder,
    (secrets) => uploadToBucket(clients, files, secrets),
    (manifest) => downloadDataset(manifest, folder, { clients }),
  );
}

type Secrets = Awaited<ReturnType<typeof deriveSecrets>>;

async function there(
  seed: Uint8Array,
  files: PlainFile[],
  name: string,
  folder: string,
  upload: (secrets: Secrets) => Promise<Uploaded>,
  download: (manifest: DatasetManifest) => Promise<{ fetched: number; chunks: number }>,
): Promise<Trip> {
  const signer = signerOf(seed);
  let manifest!: DatasetManifest;
  return measured(
    async () => {
      const secrets = await deriveSecrets(signer, files, name);
      const { storage, files: listed } = await upload(secrets);
      // What a download reads of a manifest.
      manifest = {
        files: listed,
        storage,
        contributor: signer.principal,
        salt: hex(secrets.salt),
        merkleRoot: rootOf(listed.flatMap((file) => file.chunks)),
      } as DatasetManifest;
    },
    async () => {
      const { fetched, chunks } = await download(manifest);
      if (fetched !== chunks)
        throw new BenchError(
          'wrongResult',
          { name, fetched, chunks },
          `Only ${fetched} of ${chunks} chunks were fetched; the others were there before.`,
        );
    },
  );
}
