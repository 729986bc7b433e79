import { Readable } from 'node:stream';
import { Answering, type Answer } from './answering.fixture.js';
import type { ObjectStore } from './index.js';

let server: Answering;
let objects: ObjectStore;
beforeAll(async () => {
  server = await Answering.start();
  objects = server.store({ pace: { graceMs: 3_000, bytesPerSecond: 1_000_000 } });
});
beforeEach(() => {
  server.asked = [];
});
afterAll(async () => {
  objects.close();
  await server.stop();
});

const says =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);
/** One answer after another; the last for good. */
const inTurn =
  (...answers: Answer[]): Answer =>
  (request, response) =>
    (answers.length > 1 ? answers.shift()! : answers[0]!)(request, response);
const code = (code: string, more = {}) => expect.objectContaining({ code, ...more });

async function read(from: number, to: number, whole = false): Promise<string> {
  const body = await objects.get('livepod', 'datasets/a', { from, to, whole });
  return Buffer.concat(await body.toArray()).toString();
}

describe('a part of an object', () => {
  const range = (of: string, length = 10): Answer => says(206, { 'content-range': of }, 'x'.repeat(length));

  it('is asked for by its range, and the whole by none', async () => {
    server.answer = range('bytes 5-14/100');
    expect(await read(5, 15)).toBe('x'.repeat(10));
    expect(server.latest.headers.range).toBe('bytes=5-14');
    server.answer = says(200, {}, 'whole');
    expect(await read(0, 5, true)).toBe('whole');
    expect(server.latest.headers.range).toBeUndefined();
  });

  it('may end before what was asked for, where the object does', async () => {
    server.answer = range('bytes 5-9/10', 5);
    expect(await read(5, 15)).toBe('xxxxx');
    // A server that knows no ranges may send the whole object where its beginning was asked for.
    server.answer = says(200, {}, 'short');
    expect(await read(0, 15)).toBe('short');
  });

  it.each<[string, Answer]>([
    ['a range that begins before it', range('bytes 4-14/100')],
    ['a range that begins after it', range('bytes 6-14/100')],
    ['a range that is one byte longer', range('bytes 5-15/100')],
    ['a range in other words', range('octets 5-14/100')],
    ['a range after something else', range('x bytes 5-14/100')],
    ['a range without its whole', range('bytes 5-14')],
    ['the whole', says(200, {}, 'x'.repeat(10))],
    ['one byte more', says(206, { 'content-range': 'bytes 5-14/100', 'content-length': '11' }, 'x'.repeat(11))],
  ])('is not %s', async (_, answer) => {
    server.answer = answer;
    await expect(read(5, 15)).rejects.toEqual(code('badAnswer'));
  });

  it.each(['gzip', 'deflate', 'br', 'x'])('is not encoded by %s', async (encoding) => {
    server.answer = says(200, { 'content-encoding': encoding }, 'x');
    await expect(read(0, 10, true)).rejects.toEqual(code('badAnswer', { details: { status: 200 } }));
  });
  it.each(['identity', 'aws-chunked', ''])('may be said to be encoded by %j, which is as it is', async (encoding) => {
    server.answer = says(200, { 'content-encoding': encoding }, 'plain');
    expect(await read(0, 10, true)).toBe('plain');
  });

  it.each([404, 416])('is missing by %i, and its contributor has to send it again', async (status) => {
    server.answer = says(status);
    await expect(read(5, 15)).rejects.toEqual(
      code('missingChunk', { details: { bucket: 'livepod', key: 'datasets/a', from: 5 } }),
    );
  });

  it.each([400, 403])('is not served by %i, and nobody is blamed for it', async (status) => {
    server.answer = says(status);
    await expect(read(5, 15)).rejects.toEqual(
      code('storageUnavailable', { details: { bucket: 'livepod', key: 'datasets/a', status } }),
    );
  });

  it('is not read on behind a bad answer: its body is let go', async () => {
    let closed = false;
    server.answer = (_, response) => {
      response.on('close', () => (closed = true));
      response.writeHead(200, { 'content-encoding': 'gzip' }).write('x');
    };
    await expect(read(0, 10, true)).rejects.toEqual(code('badAnswer'));
    for (let round = 0; round < 200 && !closed; round++) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed).toBe(true);
  });
});

describe('whether an object is there', () => {
  it('is its size and the root that it was stored under', async () => {
    server.answer = says(200, { 'content-length': '7', 'x-amz-meta-livepod-merkle-root': 'root' });
    expect(await objects.head('livepod', 'a')).toEqual({ bytes: 7, root: 'root' });
    server.answer = says(200, { 'content-length': '0' });
    expect(await objects.head('livepod', 'a')).toEqual({ bytes: 0, root: undefined });
    server.answer = says(404);
    expect(await objects.head('livepod', 'a')).toBeUndefined();
  });

  it('is not known where looking is forbidden, or the store fails', async () => {
    for (const status of [403, 400]) {
      server.answer = says(status);
      await expect(objects.head('livepod', 'a')).rejects.toEqual(code('storageUnavailable'));
    }
  });

  it('is asked of the configured bucket alone', async () => {
    await expect(objects.head('another', 'a')).rejects.toEqual(
      code('foreignStorage', { details: { bucket: 'another', configured: 'livepod' } }),
    );
    expect(server.asked).toEqual([]);
    const any = server.store({ bucket: undefined as never });
    server.answer = says(404);
    expect(await any.head('another', 'a')).toBeUndefined();
    expect(server.asked).toEqual(['HEAD /another/a']);
    any.close();
  });
});

describe('storing an object', () => {
  const create = (...parts: number[]): Promise<boolean> =>
    objects.create(
      'livepod',
      'a',
      parts.map((bytes) => new Uint8Array(bytes)),
      'root',
    );
  const there = (bytes: number, root: string): Answer =>
    says(200, { 'content-length': String(bytes), 'x-amz-meta-livepod-merkle-root': root });

  it('says that nothing may be written over, how long it is, and its root', async () => {
    server.answer = inTurn(says(404), says(200));
    expect(await create(3)).toBe(true);
    expect(server.asked).toEqual(['HEAD /livepod/a', 'PUT /livepod/a?x-id=PutObject']);
    expect(server.latest.headers).toMatchObject({
      ...{ 'if-none-match': '*', 'content-length': '3', 'x-amz-meta-livepod-merkle-root': 'root' },
    });
    server.answer = inTurn(says(404), says(200));
    expect(await create(3, 4)).toBe(true);
    expect(server.latest.body).toHaveLength(7);
  });

  it('sends nothing where the same is there, and refuses where another is', async () => {
    server.answer = there(7, 'root');
    expect(await create(3, 4)).toBe(false);
    for (const other of [there(7, 'other'), there(8, 'root')]) {
      server.answer = other;
      await expect(create(3, 4)).rejects.toEqual(code('wrongHash', { details: { bucket: 'livepod', key: 'a' } }));
    }
    expect(server.asked.every((asked) => asked.startsWith('HEAD'))).toBe(true);
  });

  it('that somebody else stored meanwhile is the same, another, or not to be seen', async () => {
    const meanwhile = (after: Answer) => {
      server.answer = inTurn(says(404), says(412), after);
      return create(3);
    };
    expect(await meanwhile(there(3, 'root'))).toBe(false);
    expect(await meanwhile(says(403))).toBe(false);
    for (const after of [there(3, 'other'), there(4, 'root'), says(404)])
      await expect(meanwhile(after)).rejects.toEqual(code('wrongHash'));
  });

  it.each([409, 429])('is tried again where the store is busy with it (%i)', async (status) => {
    server.answer = inTurn(says(404), says(status), says(200));
    expect(await create(3, 4)).toBe(true);
    expect(server.asked.filter((asked) => asked.startsWith('PUT'))).toHaveLength(2);
  });

  it.each([400, 403])('is not tried again where it is refused (%i)', async (status) => {
    server.answer = inTurn(says(404), says(status));
    await expect(create(3, 4)).rejects.toEqual(code('storageUnavailable'));
    expect(server.asked.filter((asked) => asked.startsWith('PUT'))).toHaveLength(1);
  });

  it('ends with its signal, by its reason, and is not tried again', async () => {
    const stop = new AbortController();
    server.answer = inTurn(says(404), (_, response) => {
      stop.abort(new Error('enough'));
      response.writeHead(409).end();
    });
    const parts = [new Uint8Array(3), new Uint8Array(4)];
    await expect(objects.create('livepod', 'a', parts, 'root', stop.signal)).rejects.toThrow('enough');
    expect(server.asked.filter((asked) => asked.startsWith('PUT'))).toHaveLength(1);
  });
});

const xml = (name: string, inner: string): Answer => says(200, {}, `<?xml version="1.0"?><${name}>${inner}</${name}>`);
const tag = (name: string, inner: string | boolean): string => `<${name}>${inner}</${name}>`;

describe('a list of objects', () => {
  const page = (keys: string[], next = ''): Answer =>
    xml(
      'ListBucketResult',
      tag('IsTruncated', next !== '') +
        (next && tag('NextContinuationToken', next)) +
        keys.map((key) => tag('Contents', tag('Key', key) + tag('LastModified', '2026-01-02T03:04:05.000Z'))).join(''),
    );

  it('has every page, each asked for where the one before ended', async () => {
    server.answer = inTurn(page(['p/a', 'p/b'], 'two'), page(['p/c'], 'three'), page([]));
    const listed = await objects.list('livepod', 'p/');
    expect(listed.map(({ key }) => key)).toEqual(['p/a', 'p/b', 'p/c']);
    expect(listed[0]!.modified).toEqual(new Date('2026-01-02T03:04:05Z'));
    expect(server.asked.map((asked) => /continuation-token=(\w+)/.exec(asked)?.[1])).toEqual([
      undefined,
      'two',
      'three',
    ]);
  });

  it('is none where the store refuses, and says of what', async () => {
    server.answer = says(403);
    await expect(objects.list('livepod', 'p/')).rejects.toEqual(
      code('storageUnavailable', { details: { bucket: 'livepod', key: 'p/', status: 403 } }),
    );
  });

  it('is believed below its prefix alone, on every page', async () => {
    server.answer = inTurn(page(['p/a'], 'two'), page(['q/a']));
    await expect(objects.list('livepod', 'p/')).rejects.toEqual(
      code('badAnswer', { details: { prefix: 'p/', key: 'q/a' } }),
    );
  });
});

describe('a list of folders', () => {
  const page = (folders: string[], keys: string[] = [], truncated = false): Answer =>
    xml(
      'ListBucketResult',
      tag('IsTruncated', truncated) +
        folders.map((folder) => tag('CommonPrefixes', tag('Prefix', folder))).join('') +
        keys.map((key) => tag('Contents', tag('Key', key))).join(''),
    );

  it('goes on after the last thing of a page, also where that is no folder', async () => {
    server.answer = page(['p/a/', 'p/b/'], [], true);
    expect(await objects.folders('livepod', 'p/', null, 2)).toEqual({ folders: ['p/a/', 'p/b/'], next: 'p/b/' });
    expect(server.asked[0]).toMatch(/delimiter=%2F/);
    expect(server.asked[0]).toMatch(/max-keys=2/);
    expect(server.asked[0]).not.toMatch(/start-after/);
    server.answer = page(['p/a/'], ['p/z', 'p/c'], true);
    expect(await objects.folders('livepod', 'p/', null, 2)).toMatchObject({ next: 'p/z' });
    server.answer = page(['p/c/']);
    expect(await objects.folders('livepod', 'p/', 'p/b/', 2)).toEqual({ folders: ['p/c/'], next: null });
    expect(server.asked.at(-1)).toMatch(/start-after=p%2Fb%2F/);
  });

  it('leaves out what it was to begin after, and ends where a page is empty', async () => {
    server.answer = page(['p/a/', 'p/b/', 'p/c/']);
    expect(await objects.folders('livepod', 'p/', 'p/b/', 9)).toEqual({ folders: ['p/c/'], next: null });
    server.answer = page([], [], true);
    expect(await objects.folders('livepod', 'p/', null, 9)).toEqual({ folders: [], next: null });
  });

  it('is believed below its prefix alone, and is none where the store refuses', async () => {
    server.answer = page(['p/a/', 'q/']);
    await expect(objects.folders('livepod', 'p/', null, 9)).rejects.toEqual(code('badAnswer'));
    server.answer = says(403);
    await expect(objects.folders('livepod', 'p/', null, 9)).rejects.toEqual(code('storageUnavailable'));
  });
});

describe('removing objects', () => {
  it('takes a thousand at a time, every one of them', async () => {
    const bodies: string[] = [];
    server.answer = (_, response) => {
      bodies.push(server.latest.body);
      response.end('<?xml version="1.0"?><DeleteResult></DeleteResult>');
    };
    await objects.remove(
      'livepod',
      Array.from({ length: 2001 }, (__, at) => `k${at}`),
    );
    expect(bodies.map((body) => body.match(/<Key>/g)!.length)).toEqual([1000, 1000, 1]);
    expect(bodies.map((body) => /<Key>(\w+)/.exec(body)![1])).toEqual(['k0', 'k1000', 'k2000']);
    await objects.remove('livepod', []);
    expect(bodies).toHaveLength(3);
  });

  it('is not done where the store says of one that it is not', async () => {
    const refusal = (inner: string): Answer => xml('DeleteResult', tag('Error', tag('Key', 'a') + inner));
    server.answer = refusal(tag('Code', 'AccessDenied') + tag('Message', 'not yours'));
    await expect(objects.remove('livepod', ['a'])).rejects.toEqual(
      code('storageUnavailable', { message: expect.stringContaining('(not yours)') }),
    );
    server.answer = refusal(tag('Code', 'AccessDenied'));
    await expect(objects.remove('livepod', ['a'])).rejects.toThrow('(AccessDenied)');
    server.answer = refusal('');
    await expect(objects.remove('livepod', ['a'])).rejects.toThrow('(not removed)');
  });
});

describe('uploads in parts that were left', () => {
  const page = (keys: string[], next = ''): Answer =>
    xml(
      'ListMultipartUploadsResult',
      tag('IsTruncated', next !== '') +
        (next && tag('NextKeyMarker', next) + tag('NextUploadIdMarker', `id-${next}`)) +
        keys
          .map((key) =>
            tag('Upload', tag('Key', key) + tag('UploadId', `id-${key}`) + tag('Initiated', '2026-01-02T03:04:05Z')),
          )
          .join(''),
    );

  it('are listed with every page', async () => {
    server.answer = inTurn(page(['p/a'], 'p/a'), page(['p/b']));
    expect(await objects.uploadsInParts('livepod', 'p/')).toEqual(
      ['p/a', 'p/b'].map((key) => ({ key, id: `id-${key}`, initiated: new Date('2026-01-02T03:04:05Z') })),
    );
    expect(server.asked[0]).not.toMatch(/key-marker/);
    expect(server.asked[1]).toMatch(/key-marker=p%2Fa&.*upload-id-marker=id-p%2Fa/);
  });

  it('are not listed for ever, nor believed beside their prefix', async () => {
    server.answer = page([], 'p/a');
    await expect(objects.uploadsInParts('livepod', 'p/')).rejects.toEqual(
      code('badAnswer', { details: { bucket: 'livepod', prefix: 'p/' } }),
    );
    server.answer = page(['q/a']);
    await expect(objects.uploadsInParts('livepod', 'p/')).rejects.toEqual(code('badAnswer'));
    server.answer = says(403);
    await expect(objects.uploadsInParts('livepod', 'p/')).rejects.toEqual(code('storageUnavailable'));
  });

  it('are ended; one that is over is no error, and one that is refused is', async () => {
    server.answer = says(204);
    await objects.endUpload('livepod', 'p/a', 'id');
    expect(server.asked.at(-1)).toBe('DELETE /livepod/p/a?uploadId=id&x-id=AbortMultipartUpload');
    server.answer = says(404);
    await objects.endUpload('livepod', 'p/a', 'id');
    server.answer = says(403);
    await expect(objects.endUpload('livepod', 'p/a', 'id')).rejects.toEqual(code('storageUnavailable'));
  });
});

it('an answer that is no object is held to 8 MiB', async () => {
  server.answer = (_, response) =>
    void Readable.from(
      (function* () {
        yield '<?xml version="1.0"?><ListBucketResult>';
        for (let at = 0; at < 9; at++) yield ' '.repeat(2 ** 20);
        yield '</ListBucketResult>';
      })(),
    ).pipe(response);
  await expect(objects.list('livepod', 'p/')).rejects.toEqual(
    code('tooLong', { details: { of: 'An answer of the store', limit: 8 * 2 ** 20 } }),
  );
});
