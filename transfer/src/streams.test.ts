import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clients } from '@livepod/client';
import { contentId, datasetUid, folderOf, principalBytes, unhex, type DatasetManifest } from '@livepod/protocol';
import { Answering } from './answering.fixture.js';
import { absence, downloadDataset, type ObjectStore } from './index.js';

const clients = {} as Clients;
const contributor = '2vxsx-fae';
const salt = '00'.repeat(16);
const prefix = folderOf(datasetUid(principalBytes(contributor), unhex(salt)));
let server: Answering;
let objects: ObjectStore;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-streams-'));
  server = await Answering.start();
  objects = server.store({ pace: { graceMs: 3_000, bytesPerSecond: 1_000_000 } });
});
beforeEach(() => {
  server.asked = [];
});
afterAll(async () => {
  objects.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
let count = 0;
const fresh = (): string => join(folder, String(count++));

/** A dataset of one file, whose chunks are these texts. */
const datasetOf = (...texts: string[]): DatasetManifest => {
  const chunks = texts.map((text) => ({ sha256: contentId(Buffer.from(text)).slice(7), bytes: text.length }));
  const storage = { kind: 's3', bucket: 'livepod', prefix };
  return { contributor, salt, storage, files: [{ name: 'a.csv', bytes: 0, chunks, merkleRoot: '' }] } as never;
};
const ranges: (string | undefined)[] = [];
/** The store keeps this; what it sends of it may be cut short, or cut into pieces. */
function keeps(text: string, { until = text.length, piece = text.length, breaks = false } = {}): void {
  ranges.length = 0;
  server.answer = (request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const [, from = '0', to = String(text.length - 1)] = /bytes=(\d+)-(\d+)/.exec(range ?? '') ?? [];
    if (range) response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${text.length}` });
    if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': text.length }).end();
    const sent = text.slice(Number(from), Math.min(Number(to) + 1, until));
    for (let at = 0; at < sent.length; at += piece) response.write(sent.slice(at, at + piece));
    if (breaks) setTimeout(() => response.destroy(), 20);
    else response.end();
  };
}
const fetch = (manifest: DatasetManifest, into: string) => downloadDataset(manifest, into, { clients, objects });
const kept = (into: string): string => readFileSync(join(into, 'a.csv'), 'utf8');

describe('a stream of chunks', () => {
  it.each([1, 2, 3, 5, 100])('is cut at their borders, whatever pieces of %i bytes it comes in', async (piece) => {
    const texts = ['first', '2', 'the third', '', 'last'].filter((text) => text !== '');
    keeps(texts.join(''), { piece });
    const into = fresh();
    expect(await fetch(datasetOf(...texts), into)).toEqual({ chunks: 4, bytes: 19, fetched: 4 });
    expect(kept(into)).toBe(texts.join(''));
    expect(ranges).toEqual([undefined]);
  });

  it('may have more chunks than are written at once', async () => {
    const texts = Array.from({ length: 40 }, (_, at) => `chunk ${at}`);
    keeps(texts.join(''));
    const into = fresh();
    expect((await fetch(datasetOf(...texts), into)).fetched).toBe(40);
    expect(kept(into)).toBe(texts.join(''));
  });

  it('is asked for from the first chunk that is missing to the last one, and no further', async () => {
    const texts = ['first', 'second', 'third', 'fourth'];
    const manifest = datasetOf(...texts);
    keeps(texts.join(''));
    const into = fresh();
    await fetch(manifest, into);
    for (const [there, range, fetched] of [
      ['first______thirdfourth', 'bytes=5-10', 1],
      ['______econdthirdfourth', 'bytes=0-10', 2],
      ['firstsecondthird______', 'bytes=16-21', 1],
      ['firstsecond', 'bytes=11-21', 2],
    ] as const) {
      ranges.length = 0;
      writeFileSync(join(into, 'a.csv'), there);
      expect((await fetch(manifest, into)).fetched).toBe(fetched);
      expect(ranges).toEqual([range]);
      expect(kept(into)).toBe(texts.join(''));
    }
    expect((await fetch(manifest, into)).fetched).toBe(0);
  });

  it('that breaks off is named with its chunk, and what came before is kept', async () => {
    const texts = ['first', 'second', 'third'];
    keeps(texts.join(''), { until: 7, breaks: true });
    const into = fresh();
    await expect(fetch(datasetOf(...texts), into)).rejects.toMatchObject({
      code: 'storageUnavailable',
      details: { file: 'a.csv', chunk: 1 },
    });
    keeps(texts.join(''));
    expect((await fetch(datasetOf(...texts), into)).fetched).toBe(2);
    expect(ranges).toEqual(['bytes=5-15']);
  });

  it.each([
    [5, 1],
    [7, 1],
    [11, 2],
    [0, 0],
  ])('that ends after %i bytes lacks chunk %i, which is its contributor’s to mend', async (until, chunk) => {
    keeps('firstsecondthird', { until });
    await expect(fetch(datasetOf('first', 'second', 'third'), fresh())).rejects.toMatchObject({
      code: 'missingChunk',
      details: { file: 'a.csv', chunk },
    });
  });

  it('of other bytes is refused by its first wrong chunk, of which nothing is written', async () => {
    keeps('firstsEcondthird');
    const into = fresh();
    await expect(fetch(datasetOf('first', 'second', 'third'), into)).rejects.toMatchObject({
      code: 'wrongHash',
      details: { file: 'a.csv', chunk: 1 },
    });
    expect(kept(into)).toMatch(/^first(\0{6}third)?$/);
  });

  it('is none where no object store is configured', async () => {
    const into = fresh();
    await expect(downloadDataset(datasetOf('first'), into, { clients })).rejects.toMatchObject({
      code: 'storageUnavailable',
      details: { bucket: 'livepod' },
    });
  });

  it('ends with its signal in the middle, by its reason', async () => {
    const stop = new AbortController();
    server.answer = (_, response) => {
      response.writeHead(200).write('first');
      setTimeout(() => stop.abort(new Error('enough')), 20);
    };
    const signal = stop.signal;
    await expect(downloadDataset(datasetOf('first', 'second'), fresh(), { clients, objects, signal })).rejects.toThrow(
      'enough',
    );
  });
});

describe('what is where a dataset should be', () => {
  it('is looked at by its size and one of its chunks', async () => {
    const manifest = datasetOf('first', 'other');
    keeps('firstother');
    const seen = new Set<string | undefined>([undefined]);
    for (let round = 0; round < 64 && seen.size < 3; round++) {
      expect(await absence(manifest, clients, objects)).toBeUndefined();
      for (const range of ranges) seen.add(range);
    }
    expect(seen).toEqual(new Set([undefined, 'bytes=0-4', 'bytes=5-9']));
    keeps('firsToTher');
    expect(await absence(manifest, clients, objects)).toMatch(/^chunk [01] of a\.csv has another hash/);
    keeps('firstother!');
    expect(await absence(manifest, clients, objects)).toBe(
      'a.csv has 11 bytes in the object store and 10 in the manifest',
    );
    server.answer = (_, response) => void response.writeHead(404).end();
    expect(await absence(manifest, clients, objects)).toBe('a.csv is missing from object store livepod');
    server.answer = (_, response) => void response.writeHead(403).end();
    await expect(absence(manifest, clients, objects)).rejects.toMatchObject({ code: 'storageUnavailable' });
  });
});
