import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentId } from '@livepod/protocol';
import { firstChunks, inFlight, VerifiedFile, type ExpectedChunk } from './index.js';
import { ownFolder, plainNames } from './places.js';

const chunk = (text: string): ExpectedChunk => ({
  sha256: contentId(Buffer.from(text)).slice(7),
  bytes: text.length,
});
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'livepod-files-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(folder, String(count++));

describe('a file of chunks', () => {
  const chunks = ['first', 'and second', 'x'].map(chunk);

  it('takes each right chunk at its place, in any order, and lacks the others', async () => {
    const path = fresh();
    const file = await VerifiedFile.open(path, 'a.csv', chunks);
    expect(await file.missing()).toEqual([0, 1, 2]);
    await file.write(2, Buffer.from('x'));
    expect(await file.missing()).toEqual([0, 1]);
    await file.write(0, Buffer.from('first'));
    expect(await file.missing()).toEqual([1]);
    await file.write(1, Buffer.from('and second'));
    expect(await file.missing()).toEqual([]);
    expect([0, 1, 2].map((index) => file.offset(index))).toEqual([0, 5, 15]);
    expect(Buffer.from(await file.read(1)).toString()).toBe('and second');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('firstand secondx');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('takes nothing that was not signed, and writes nothing of it', async () => {
    const path = fresh();
    const file = await VerifiedFile.open(path, 'a.csv', chunks);
    for (const wrong of ['firsT', 'firs', 'first!', '', 'and second'])
      await expect(file.write(0, Buffer.from(wrong))).rejects.toMatchObject({
        code: 'wrongHash',
        details: { file: 'a.csv', chunk: 0 },
      });
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('is found again as it was left, and what was cut or altered is missing', async () => {
    const path = fresh();
    writeFileSync(path, 'firstand secon');
    const cut = await VerifiedFile.open(path, 'a.csv', chunks);
    expect(await cut.missing()).toEqual([1, 2]);
    await cut.close();
    writeFileSync(path, 'firstAnd secondx');
    const altered = await VerifiedFile.open(path, 'a.csv', chunks);
    expect(await altered.missing()).toEqual([1]);
    await altered.close();
  });

  it('is no folder, and none that may not be opened is made anew', async () => {
    const path = fresh();
    mkdirSync(path);
    await expect(VerifiedFile.open(path, 'a.csv', chunks)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('steps in flight', () => {
  it('are as many at once as they may be, and answer in order', async () => {
    let now = 0;
    let most = 0;
    const results = await inFlight([5, 1, 4, 2, 3], 2, async (item, index) => {
      most = Math.max(most, ++now);
      await sleep(item);
      now--;
      return [item, index];
    });
    expect(most).toBe(2);
    expect(results).toEqual([
      [5, 0],
      [1, 1],
      [4, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(await inFlight([], 3, async () => 1)).toEqual([]);
    expect(await inFlight([1], 3, async (item) => item)).toEqual([1]);
  });

  it('end with the first failure: no further one begins', async () => {
    const begun: number[] = [];
    const failing = inFlight([0, 1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      await sleep(item === 0 ? 1 : 5);
      if (item === 0) throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await sleep(20);
    expect(begun).toEqual([0, 1]);
  });

  it('end with their signal, by its reason', async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    const stopped = inFlight(
      [0, 1, 2],
      1,
      async (item) => {
        begun.push(item);
        stop.abort(new Error('enough'));
      },
      stop.signal,
    );
    await expect(stopped).rejects.toThrow('enough');
    expect(begun).toEqual([0]);
  });
});

describe('a dataset’s places', () => {
  it('number the chunks of all its files through', () => {
    const file = (chunks: number) => ({ chunks: new Array(chunks).fill(0) });
    expect(firstChunks({ files: [file(2), file(1), file(3)] } as never)).toEqual([0, 2, 3]);
    expect(firstChunks({ files: [] })).toEqual([]);
  });

  it('are its own folder, whatever it says of a bucket', () => {
    const of = { contributor: '2vxsx-fae', salt: '00'.repeat(16) };
    const own = ownFolder({ ...of, storage: { kind: 'bucket', bucket: 'aaaaa-aa' } });
    expect(own).toMatch(/^datasets\/[0-9a-f]{64}\/$/);
    expect(ownFolder({ ...of, storage: { kind: 's3', bucket: 'b', prefix: own } })).toBe(own);
    expect(() => ownFolder({ ...of, storage: { kind: 's3', bucket: 'b', prefix: own.slice(0, -1) } })).toThrow(
      expect.objectContaining({ code: 'foreignStorage', details: { prefix: own.slice(0, -1), own } }),
    );
  });

  it('have names of 200 letters at most, each quoted when it is refused', () => {
    expect(() => plainNames([{ name: 'a'.repeat(200) }, { name: 'b' }])).not.toThrow();
    const refusal =
      (...names: string[]) =>
      () =>
        plainNames(names.map((name) => ({ name })));
    expect(refusal('a'.repeat(201))).toThrow(`"${'a'.repeat(80)}" is no plain file name; `);
    expect(refusal('a', 'b', 'B')).toThrow('"B" and "b" are one name on some computers; ');
  });
});
