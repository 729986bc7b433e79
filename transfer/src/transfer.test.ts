import { randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clients } from '@livepod/client';
import { hex, openFile, type DatasetManifest } from '@livepod/protocol';
import {
  absence,
  deriveSecrets,
  downloadDataset,
  ObjectStore,
  openDataset,
  type OpenedFile,
  signerOf,
  uploadToObjects,
  type DatasetSecrets,
  type PlainFile,
} from './index.js';
import { S3Server } from './s3Server.fixture.js';

const clients = {} as Clients;
const signer = signerOf(new Uint8Array(32).fill(7));

let server: S3Server;
let objects: ObjectStore;
let files: PlainFile[];
let secrets: DatasetSecrets;
let manifest: DatasetManifest;

beforeAll(async () => {
  server = await S3Server.start();
  objects = server.store();
  files = [
    { name: 'long.csv', bytes: randomBytes(3_000_000) },
    { name: 'short.csv', bytes: randomBytes(10) },
    { name: 'empty.csv', bytes: new Uint8Array(0) },
  ];
  secrets = await deriveSecrets(signer, files, 'test');
  const { storage, files: listed } = await uploadToObjects(objects, 'livepod', files, secrets);
  manifest = { storage, files: listed, contributor: signer.principal, salt: hex(secrets.salt) } as DatasetManifest;
});
afterAll(async () => {
  objects?.close();
  await server?.stop();
});

const stored = (name: string): string =>
  join(server.path(manifest.storage.kind === 's3' ? manifest.storage.prefix : ''), name);
let count = 0;
const fresh = (): string => join(server.folder, `download-${count++}`);

async function wholeOf(file: OpenedFile): Promise<Uint8Array> {
  const pieces = [];
  for await (const piece of file.pieces()) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('contributing to an object store', () => {
  it('sends nothing again that is there', async () => {
    expect((await uploadToObjects(objects, 'livepod', files, secrets)).uploaded).toBe(0);
  });

  it('gives other keys to other contents, names and references, and the same to the same', async () => {
    const key = async (change: PlainFile[], reference = 'test') =>
      Buffer.from((await deriveSecrets(signer, change, reference)).dataKey).toString('hex');
    const keys = [
      await key(files),
      await key([...files].reverse()),
      await key(files, 'other'),
      await key([{ ...files[0]!, name: 'other' }, ...files.slice(1)]),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(await key(files)).toBe(keys[0]);
  });
});

describe('a verified download from an object store', () => {
  it('is opened by the key it was sealed with, and by no other', async () => {
    const sealed = fresh();
    await downloadDataset(manifest, sealed, { clients, objects });
    const opened = openDataset(manifest, sealed, secrets);
    expect(opened.map(({ name, bytes }) => ({ name, bytes }))).toEqual(
      files.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
    );
    for (const [index, file] of opened.entries())
      expect(Buffer.compare(await wholeOf(file), files[index]!.bytes)).toBe(0);

    const wrongKey = { ...secrets, dataKey: new Uint8Array(32) };
    await expect(wholeOf(openDataset(manifest, sealed, wrongKey)[0]!)).rejects.toMatchObject({ code: 'chunkDamaged' });
  });

  it('stops with the reason of its signal, and the next one goes on', async () => {
    const place = fresh();
    const reason = new Error('stopped by its caller');
    const signal = AbortSignal.abort(reason);
    await expect(downloadDataset(manifest, place, { clients, objects, signal })).rejects.toBe(reason);
    await expect(uploadToObjects(objects, 'livepod', files, secrets, { signal })).rejects.toBe(reason);
    await expect(objects.get('livepod', 'datasets/none', { from: 0, to: 1 }, signal)).rejects.toBe(reason);
    expect((await downloadDataset(manifest, place, { clients, objects })).fetched).toBe(6);
    await expect(wholeOf(openDataset(manifest, place, { ...secrets, signal })[0]!)).rejects.toBe(reason);
  });

  it('brings what was contributed, and the key opens it', async () => {
    const place = fresh();
    expect(await downloadDataset(manifest, place, { clients, objects })).toMatchObject({ chunks: 6, fetched: 6 });
    for (const [fileIndex, file] of manifest.files.entries()) {
      const sealed = await readFile(join(place, file.name));
      let at = 0;
      const chunks = file.chunks.map(({ bytes }) => sealed.subarray(at, (at += bytes)));
      expect(Buffer.compare(await openFile(chunks, { ...secrets, fileIndex }), files[fileIndex]!.bytes)).toBe(0);
    }
  });

  it('resumes after a crash: fetches only chunks that are missing or damaged', async () => {
    const place = fresh();
    await downloadDataset(manifest, place, { clients, objects });
    await truncate(join(place, 'long.csv'), 2_000_000);
    expect((await downloadDataset(manifest, place, { clients, objects })).fetched).toBe(2);
    const bytes = await readFile(join(place, 'long.csv'));
    bytes[5]! ^= 1;
    await writeFile(join(place, 'long.csv'), bytes);
    expect((await downloadDataset(manifest, place, { clients, objects })).fetched).toBe(1);
  });

  it('refuses a chunk that is not the one signed, and names it', async () => {
    const right = await readFile(stored('long.csv'));
    const wrong = Buffer.from(right);
    wrong[1_000_000]! ^= 1;
    await writeFile(stored('long.csv'), wrong);
    try {
      await expect(downloadDataset(manifest, fresh(), { clients, objects })).rejects.toMatchObject({
        code: 'wrongHash',
        details: { file: 'long.csv', chunk: 1 },
      });
    } finally {
      await writeFile(stored('long.csv'), right);
    }
  });

  it('refuses an object that ends early, and one that is gone', async () => {
    const right = await readFile(stored('long.csv'));
    await writeFile(stored('long.csv'), right.subarray(0, 1_500_000));
    try {
      await expect(downloadDataset(manifest, fresh(), { clients, objects })).rejects.toMatchObject({
        code: 'missingChunk',
        details: { chunk: 1 },
      });
      expect(await absence(manifest, clients, objects)).toContain('long.csv has 1500000 bytes');
    } finally {
      await writeFile(stored('long.csv'), right);
    }
    expect(
      await absence(
        { ...manifest, files: manifest.files.map((file) => ({ ...file, name: `not-${file.name}` })) },
        clients,
        objects,
      ),
    ).toContain('is missing from object store');
    expect(await absence(manifest, clients, objects)).toBeUndefined();
  });
});
