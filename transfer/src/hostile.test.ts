import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Clients } from '@livepod/client';
import { folderOf, hex, type DatasetManifest } from '@livepod/protocol';
import {
  absence,
  deriveSecrets,
  downloadDataset,
  openDataset,
  signerOf,
  uploadToObjects,
  type ObjectStore,
} from './index.js';
import { Answering } from './answering.fixture.js';

let server: Answering;
let elsewhere: Answering;
let objects: ObjectStore;
const folder = mkdtempSync(join(tmpdir(), 'livepod-hostile-'));
const clients = {} as Clients;

beforeAll(async () => {
  server = await Answering.start();
  elsewhere = await Answering.start();
  objects = server.store({ pace: { graceMs: 400, bytesPerSecond: 10_000 } });
});
beforeEach(() => {
  server.asked = [];
});
afterAll(async () => {
  objects.close();
  await server.stop();
  await elsewhere.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Reads a part of an object to its end. */
async function read(from: number, to: number, whole = false): Promise<number> {
  let bytes = 0;
  for await (const piece of await objects.get('livepod', 'datasets/a', { from, to, whole }))
    bytes += (piece as Uint8Array).length;
  return bytes;
}

/** Writes pieces for ever, as fast as they are taken. */
function endless(response: ServerResponse, piece: Buffer): void {
  const write = (): void => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', write);
  };
  write();
}

describe('a server in the object store’s place', () => {
  it('cannot send a body without an end', async () => {
    server.answer = (_, response) => endless(response, Buffer.alloc(50_000));
    await expect(read(0, 100_000, true)).rejects.toMatchObject({ code: 'tooLong', origin: 'way' });
  });

  it('cannot hold its reader by a byte now and then, which renews no deadline', async () => {
    let drips: NodeJS.Timeout;
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100000' });
      drips = setInterval(() => response.write('x'), 50);
    };
    const began = performance.now();
    await expect(read(0, 100_000, true)).rejects.toMatchObject({ code: 'tooSlow', origin: 'way' });
    clearInterval(drips!);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('cannot hold its reader by not answering at all', async () => {
    server.answer = () => {};
    await expect(read(0, 10)).rejects.toMatchObject({ code: 'storageUnavailable' });
  });

  it.each([301, 302, 307, 308])('cannot send its reader elsewhere by %i', async (status) => {
    server.answer = (_, response) =>
      response.writeHead(status, { location: `${elsewhere.endpoint}/livepod/datasets/a` }).end();
    await expect(read(0, 10)).rejects.toMatchObject({ code: 'badAnswer' });
    expect(elsewhere.asked).toEqual([]);
  });

  it.each<[string, number, Record<string, string>, number]>([
    ['the whole object for a range', 200, {}, 1_000],
    ['another range', 206, { 'content-range': 'bytes 0-9/1000' }, 10],
    ['a longer range', 206, { 'content-range': 'bytes 100-500/1000' }, 401],
    ['a range without saying which', 206, {}, 10],
    ['more bytes than the range has', 206, { 'content-range': 'bytes 100-109/1000' }, 1_000],
  ])('cannot pass off %s', async (_, status, headers, bytes) => {
    server.answer = (__, response) =>
      response.writeHead(status, { ...headers, 'content-length': String(bytes) }).end(Buffer.alloc(bytes));
    await expect(read(100, 110)).rejects.toMatchObject({ code: 'badAnswer' });
  });

  it('cannot announce a range and send more of it', async () => {
    server.answer = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 100-109/1000' });
      endless(response, Buffer.alloc(1_000));
    };
    await expect(read(100, 110)).rejects.toMatchObject({ code: 'tooLong' });
  });

  it('cannot announce more than it sends', async () => {
    server.answer = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/10', 'content-length': '10' });
      response.write('xxx', () => response.destroy());
    };
    await expect(read(0, 10)).rejects.toThrow(/aborted|broke off/);
  });

  it('cannot send little that unpacks to much', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    server.answer = (_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': String(bomb.length) }).end(bomb);
    await expect(read(0, 1_000_000, true)).rejects.toMatchObject({ code: 'badAnswer' });
  });

  const list = (keys: string[], more: string): string =>
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more !== ''}</IsTruncated>` +
    `<NextContinuationToken>${more}</NextContinuationToken>` +
    `${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}</ListBucketResult>`;

  it('cannot have another dataset’s objects removed by listing them in a folder that was given up', async () => {
    server.answer = (_, response) => response.end(list(['datasets/aa/1.csv', 'datasets/bb/1.csv'], ''));
    await expect(objects.list('livepod', 'datasets/aa/')).rejects.toMatchObject({ code: 'badAnswer' });
  });

  it('cannot list for ever', async () => {
    server.answer = (_, response) => response.end(list(['datasets/aa/1.csv'], 'again'));
    await expect(objects.list('livepod', 'datasets/aa/')).rejects.toMatchObject({ code: 'badAnswer' });
    expect(server.asked.length).toBeLessThan(4);
    server.answer = (_, response) => {
      response.write('<?xml version="1.0"?><ListBucketResult>');
      endless(response, Buffer.from('<Contents><Key>datasets/aa/1</Key></Contents>'.repeat(2_000)));
    };
    await expect(objects.list('livepod', 'datasets/aa/')).rejects.toMatchObject({ code: 'tooLong' });
  });
});

describe('a manifest', () => {
  const signer = signerOf(new Uint8Array(32).fill(7));
  const files = [{ name: 'a.csv', bytes: new Uint8Array(10) }];
  const listed = (name: string) => ({
    name,
    bytes: 10,
    chunks: [{ sha256: '0'.repeat(64), bytes: 26 }],
    merkleRoot: '',
  });
  const manifest = async (change: object): Promise<DatasetManifest> => {
    const { salt, uid } = await deriveSecrets(signer, files, 'test');
    const storage = { kind: 's3', bucket: 'livepod', prefix: folderOf(uid) };
    return {
      ...{ contributor: signer.principal, salt: hex(salt), storage, files: [listed('a.csv')] },
      ...change,
    } as unknown as DatasetManifest;
  };

  it.each([
    ['another bucket', { bucket: 'somebody-elses' }],
    ['another dataset’s folder', { prefix: `datasets/${'0'.repeat(64)}/` }],
    ['a folder outside', { prefix: 'secrets/' }],
    ['all folders', { prefix: '' }],
  ])('cannot name %s as its place: nothing is asked', async (_, change) => {
    const { storage } = await manifest({});
    const hostile = await manifest({ storage: { ...storage, ...change } });
    const into = join(folder, 'foreign');
    await expect(downloadDataset(hostile, into, { clients, objects })).rejects.toMatchObject({
      code: 'foreignStorage',
    });
    expect(await absence(hostile, clients, objects)).toContain('nothing was asked');
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['..', ['..']],
    ['.', ['.']],
    ['nothing', ['']],
    ['a path', ['../../.ssh/authorized_keys']],
    ['a path of Windows', ['..\\a']],
    ['a line break', ['a\nb']],
    ['letters that some systems normalise', ['e\u0301.csv']],
    ['one file twice', ['a.csv', 'a.csv']],
    ['one file twice, but for capitals', ['a.csv', 'A.csv']],
    ['a name of 201 letters', ['a'.repeat(201)]],
  ])('cannot have its files called %s: nothing is asked, written or opened', async (_, names) => {
    const hostile = await manifest({ files: names.map(listed) });
    const secrets = await deriveSecrets(signer, files, 'test');
    const into = join(folder, 'names');
    const unsafe = expect.objectContaining({ code: 'unsafeName' });
    await expect(downloadDataset(hostile, into, { clients, objects })).rejects.toEqual(unsafe);
    expect(() => openDataset(hostile, into, secrets)).toThrow(expect.objectContaining({ code: 'unsafeName' }));
    const given = names.map((name) => ({ name, bytes: new Uint8Array(10) }));
    await expect(uploadToObjects(objects, 'livepod', given, secrets)).rejects.toEqual(unsafe);
    expect(server.asked).toEqual([]);
    expect(existsSync(into)).toBe(false);
  });
});
