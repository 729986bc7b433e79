import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { augmentedHashToG1, DerivedPublicKey, MasterPublicKey, VetKey } from '@dfinity/vetkeys';
import { bls12_381 } from '@noble/curves/bls12-381';
import type { Clients } from '@livepod/client';
import {
  DATASET_KEY_CONTEXT,
  documentId,
  hex,
  principalBytes,
  parseDatasetManifest,
  unhex,
  verifyDocument,
  vetkdInput,
  type DatasetSchema,
} from '@livepod/protocol';
import {
  absence,
  contribute,
  datasetPublicKey,
  deriveSecrets,
  downloadDataset,
  folderOfContribution,
  openDataset,
  readManifest,
  signerOf,
  unwrap,
  uploadToBucket,
  wrap,
  type Contribution,
} from './index.js';

/** A master key whose secret is 1: whatever is derived from it is sound. */
const vetkdMaster = hex(bls12_381.G2.ProjectivePoint.BASE.toRawBytes(true));
const BUCKET = 'aaaaa-aa';
const ACCESS = '2vxsx-fae';
const seed = new Uint8Array(32).fill(7);
const signer = signerOf(seed);

/** What the canisters answer, each test as it says; a bucket keeps what it is given. */
class Chain {
  chunks = new Map<number, Uint8Array>();
  reserved = 0;
  registered: { manifest: Uint8Array; signature: Uint8Array } | undefined;
  key: Uint8Array | undefined;
  got: number[] = [];
  put: number[] = [];

  readonly clients = {
    network: { vetkdMaster, canisters: { access: ACCESS } },
    certified: { access: { cached_public_key: async () => this.key } },
    datasets: {
      reserve: async ({ chunks }: { chunks: unknown[] }) => {
        this.reserved = chunks.length;
        return { bucket: { toText: () => BUCKET } };
      },
      register: async (signed: { manifest: Uint8Array; signature: Uint8Array }) => void (this.registered = signed),
      get_manifest: async () => this.registered,
    },
    bucketClient: () => ({
      missing: async () => Array.from({ length: this.reserved }, (_, at) => at).filter((at) => !this.chunks.has(at)),
      put_chunk: async ({ index, bytes }: { index: number; bytes: Uint8Array }) => {
        this.put.push(index);
        this.chunks.set(index, bytes);
      },
      get_chunk: async ({ index }: { index: number }) => {
        this.got.push(index);
        return this.chunks.get(index);
      },
    }),
  } as unknown as Clients;
}

const schema: DatasetSchema = {
  channels: [{ name: 'a', unit: 'm/s2' }],
  rateMilliHz: 100_000,
  labels: ['X', 'Y'],
  device: 'watch',
};
const csv = (rows: number): string =>
  `a,timestamp,label\n${Array.from({ length: rows }, (_, row) => `1,${row * 10},X\n`).join('')}`;
const contribution = (chain: Chain, more: Partial<Contribution> = {}): Contribution => ({
  clients: chain.clients,
  seed,
  schema,
  title: 'Watch, person 1',
  store: 'bucket',
  recordings: [
    { name: 'a.csv', bytes: csv(250) },
    { name: 'b.csv', bytes: Buffer.from(csv(9)) },
  ],
  ...more,
});
let folder: string;
/** The access canister's key, as it follows from the master key. */
let key: Uint8Array;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-canisters-'));
  key = MasterPublicKey.deserialize(unhex(vetkdMaster))
    .deriveCanisterKey(principalBytes(ACCESS))
    .deriveSubKey(DATASET_KEY_CONTEXT)
    .publicKeyBytes();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A chain that somebody has contributed to. */
async function contributed(more: Partial<Contribution> = {}) {
  const chain = new Chain();
  chain.key = key;
  const made = await contribute(contribution(chain, more));
  const document = chain.registered!.manifest;
  return { chain, made, document, manifest: parseDatasetManifest(document) };
}

describe('the key that data keys are wrapped to', () => {
  it('is the one that follows from the master key, when the canister says so too', async () => {
    const chain = new Chain();
    chain.key = key;
    for (const _ of ['derived', 'known']) expect(hex(await datasetPublicKey(chain.clients))).toBe(hex(key));
  });

  it('is not the one that a canister, or whoever answers for it, names instead', async () => {
    const chain = new Chain();
    chain.key = key.slice();
    chain.key[95]! ^= 1;
    await expect(datasetPublicKey(chain.clients)).rejects.toMatchObject({
      code: 'wrongKey',
      details: { canister: ACCESS, named: hex(chain.key) },
      message: expect.stringContaining('names another key'),
    });
    chain.key = undefined;
    await expect(datasetPublicKey(chain.clients)).rejects.toMatchObject({
      code: 'wrongKey',
      details: { named: null },
      message: expect.stringContaining('has not fetched'),
    });
  });

  it('is not another canister’s, nor taken from a network that names no master key', async () => {
    const chain = new Chain();
    chain.key = key;
    const of = (network: object) => ({ ...chain.clients, network }) as unknown as Clients;
    const access = 'aaaaa-aa';
    await expect(datasetPublicKey(of({ vetkdMaster, canisters: { access } }))).rejects.toMatchObject({
      code: 'wrongKey',
    });
    for (const wrong of [undefined, '', '00'.repeat(96), 'zz'])
      await expect(datasetPublicKey(of({ vetkdMaster: wrong, canisters: { access: ACCESS } }))).rejects.toMatchObject({
        code: 'wrongKey',
        details: { vetkdMaster: wrong ?? null },
        cause: expect.anything(),
      });
  });

  it('opens what was wrapped to it for one dataset, and is the same each time', async () => {
    const secret = 7n;
    const point = bls12_381.G2.ProjectivePoint.BASE.multiply(secret);
    const published = DerivedPublicKey.deserialize(point.toRawBytes(true));
    const secrets = await deriveSecrets(signer, [{ name: 'a', bytes: new Uint8Array(1) }], 'test');
    const wrapped = wrap(published.publicKeyBytes(), secrets);
    expect(hex(wrap(published.publicKeyBytes(), secrets))).toBe(hex(wrapped));
    const released = (uid: Uint8Array) =>
      VetKey.deserialize(augmentedHashToG1(published, vetkdInput(uid, 0)).multiply(secret).toRawBytes(true));
    expect(hex(unwrap(wrapped, released(secrets.uid)))).toBe(hex(secrets.dataKey));
    expect(() => unwrap(wrapped, released(new Uint8Array(32)))).toThrow('Decryption failed');
  });
});

describe('a contribution', () => {
  it('is in its bucket, signed, registered, and says what it holds', async () => {
    const told: [number, number][] = [];
    const { chain, made, document, manifest } = await contributed({ tell: (done, of) => told.push([done, of]) });
    expect(made).toEqual({
      dataset: documentId(document),
      uid: expect.stringMatching(/^[0-9a-f]{64}$/),
      bytes: manifest.files.reduce((sum, { bytes }) => sum + bytes + 16, 0),
      chunks: 2,
      uploaded: 2,
    });
    expect(told).toEqual([
      [1, 2],
      [2, 2],
    ]);
    verifyDocument(document, chain.registered!.signature, signer.publicKey);
    expect(manifest).toMatchObject({
      type: 'livepod.dataset/v1',
      contributor: signer.principal,
      storage: { kind: 'bucket', bucket: BUCKET },
      licence: { access: 'fee', splits: [{ account: signer.principal, basisPoints: 10_000 }] },
      statistics: { records: 2, milliseconds: 2590, labels: { X: 259, Y: 0 } },
    });
  });

  it('that was broken off sends only what is lacking, and is the same dataset', async () => {
    const { chain, made } = await contributed();
    chain.chunks.delete(1);
    chain.put = [];
    const told: number[] = [];
    const again = await contribute(contribution(chain, { tell: (done) => told.push(done) }));
    expect(again).toEqual({ ...made, uploaded: 1 });
    expect(chain.put).toEqual([1]);
    expect(told).toEqual([2]);
  });

  it('has the licence that its contributor gives, and the version that its schema needs', async () => {
    const channels = [{ name: 'a', unit: 'm/s2' }];
    const { manifest } = await contributed({
      schema: { ...schema, channels, labels: [] },
      licence: { access: 'vote', fee: '7' },
      recordings: [{ name: 'a.csv', bytes: 'a,timestamp\n1,0\n1,10\n' }],
    });
    expect(manifest).toMatchObject({
      type: 'livepod.dataset/v2',
      licence: { access: 'vote', fee: '7', termDays: 365 },
    });
  });

  it('of what is no recording sends nothing, and says which file', async () => {
    const chain = new Chain();
    chain.key = key;
    const recordings = [
      { name: 'a.csv', bytes: csv(9) },
      { name: 'notes.txt', bytes: 'hello' },
    ];
    await expect(contribute(contribution(chain, { recordings }))).rejects.toMatchObject({
      code: 'unsuitableRecordings',
      details: { files: ['notes.txt'] },
      message: expect.stringMatching(/^notes\.txt: found .*\nNothing was sent\.$/s),
    });
    expect([chain.reserved, chain.registered]).toEqual([0, undefined]);
  });

  it('to an object store needs one, and goes to the folder that was said before', async () => {
    const chain = new Chain();
    await expect(contribute(contribution(chain, { store: 's3' }))).rejects.toMatchObject({
      code: 'storageUnavailable',
    });
    const given = contribution(chain);
    const { uid } = await deriveSecrets(
      signer,
      given.recordings.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) })),
      `s3:${given.title}`,
    );
    expect(await folderOfContribution(given)).toBe(`datasets/${hex(uid)}/`);
  });
});

describe('a bucket', () => {
  it('is asked for each chunk by its number in the whole dataset, once', async () => {
    const { chain, manifest } = await contributed();
    const into = join(folder, 'whole');
    expect(await downloadDataset(manifest, into, { clients: chain.clients })).toMatchObject({ chunks: 2, fetched: 2 });
    expect(chain.got.toSorted()).toEqual([0, 1]);
    expect((await downloadDataset(manifest, into, { clients: chain.clients })).fetched).toBe(0);
    const secrets = await deriveSecrets(signer, recordingsOf(contribution(chain)), 'bucket:Watch, person 1');
    const pieces = [];
    for await (const piece of openDataset(manifest, into, secrets)[1]!.pieces()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe(csv(9));
  });

  it('cannot pass off another chunk, and what it sent is nowhere', async () => {
    const { chain, manifest } = await contributed();
    const [first, second] = [chain.chunks.get(0)!, chain.chunks.get(1)!];
    chain.chunks = new Map([
      [0, second],
      [1, first],
    ]);
    const into = join(folder, 'swapped');
    await expect(downloadDataset(manifest, into, { clients: chain.clients })).rejects.toMatchObject({
      code: 'wrongHash',
    });
    expect(readFileSync(join(into, 'a.csv')).length).toBe(0);
  });

  it('answers for every chunk, and a dataset in a store that nobody knows is absent', async () => {
    const { chain, manifest } = await contributed();
    expect(await absence(manifest, chain.clients, undefined)).toBeUndefined();
    chain.chunks.delete(0);
    expect(await absence(manifest, chain.clients, undefined)).toBe(`1 chunks are missing from bucket ${BUCKET}`);
    const storage = { kind: 's3' as const, bucket: 'livepod', prefix: 'datasets/' };
    expect(await absence({ ...manifest, storage }, chain.clients, undefined)).toContain('none is configured here');
  });

  it('is sent no file whose name is none', async () => {
    const chain = new Chain();
    const files = [{ name: '../a', bytes: new Uint8Array(1) }];
    const secrets = await deriveSecrets(signer, files, 'test');
    await expect(uploadToBucket(chain.clients, files, secrets)).rejects.toMatchObject({ code: 'unsafeName' });
    expect(chain.reserved).toBe(0);
  });

  it('is sent nothing more after a stop', async () => {
    const chain = new Chain();
    const files = Array.from({ length: 9 }, (_, at) => ({ name: `f${at}`, bytes: new Uint8Array(at) }));
    const secrets = await deriveSecrets(signer, files, 'test');
    const stop = new AbortController();
    const tell = () => stop.abort(new Error('enough'));
    const uploading = { tell, signal: stop.signal };
    await expect(uploadToBucket(chain.clients, files, secrets, uploading)).rejects.toThrow('enough');
    expect(chain.put.length).toBeLessThan(9);
  });
});

const recordingsOf = ({ recordings }: Contribution) =>
  recordings.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) }));

describe('the datasets canister', () => {
  it('serves the manifest that was asked for, or it is not believed', async () => {
    const { chain, made, manifest } = await contributed();
    expect(await readManifest(chain.clients, made.dataset)).toEqual(manifest);
    const other = `sha256:${'0'.repeat(64)}`;
    await expect(readManifest(chain.clients, other)).rejects.toMatchObject({
      code: 'wrongHash',
      details: { dataset: other },
    });
    const signed = chain.registered!;
    chain.registered = { ...signed, signature: new Uint8Array(64) };
    await expect(readManifest(chain.clients, made.dataset)).rejects.toMatchObject({ code: 'wrongSignature' });
    chain.registered = { ...signed, manifest: signed.manifest.subarray(1) };
    await expect(readManifest(chain.clients, made.dataset)).rejects.toMatchObject({ code: 'notCanonical' });
    chain.registered = undefined;
    await expect(readManifest(chain.clients, made.dataset)).rejects.toMatchObject({
      code: 'notFound',
      details: { dataset: made.dataset },
    });
  });
});
