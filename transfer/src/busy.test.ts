import { Answering } from './answering.fixture.js';
import type { ObjectStore } from './index.js';

let server: Answering;
let objects: ObjectStore;
beforeAll(async () => {
  server = await Answering.start();
  objects = server.store({ pace: { graceMs: 3_000, bytesPerSecond: 1_000_000 } });
});
afterAll(async () => {
  objects.close();
  await server.stop();
});

/** Nothing is there; a few uploads are answered so, and the next ones are taken. */
function busy(status: number, times: number): void {
  server.asked = [];
  server.answer = (request, response) =>
    void response.writeHead(request.method === 'HEAD' ? 404 : times-- > 0 ? status : 200).end();
}
const uploads = (): number => server.asked.filter((asked) => asked.startsWith('PUT')).length;
const create = (): Promise<boolean> => objects.create('livepod', 'a', [new Uint8Array(3), new Uint8Array(4)], 'root');
const read = (from: number, to: number) => objects.get('livepod', 'a', { from, to });

describe('a store that is busy', () => {
  it.each([500, 503])('is sent a stream again (%i), which nobody else can send twice', async (status) => {
    busy(status, 1);
    expect(await create()).toBe(true);
    expect(uploads()).toBe(2);
    expect(server.latest.body).toHaveLength(7);
  });

  it('and stays so is given up, and named', async () => {
    busy(409, 100);
    await expect(create()).rejects.toMatchObject({
      code: 'storageUnavailable',
      origin: 'way',
      details: { bucket: 'livepod', key: 'a', status: 409 },
    });
    expect(uploads()).toBe(5);
  });
});

describe('an answer', () => {
  it('that says why something is refused may be longer than what was asked for', async () => {
    const why = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${'x'.repeat(500)}</Message></Error>`;
    server.answer = (_, response) => void response.writeHead(403).end(why);
    await expect(read(5, 15)).rejects.toMatchObject({ code: 'storageUnavailable', details: { status: 403 } });
  });

  it('to a part is held to the bytes of that part', async () => {
    server.answer = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 5-14/100' });
      response.end('x'.repeat(11));
    };
    await expect((await read(5, 15)).toArray()).rejects.toMatchObject({ code: 'tooLong', details: { limit: 10 } });
  });

  it.each([300, 399])('is no redirect, not even a rare one (%i)', async (status) => {
    server.answer = (_, response) => void response.writeHead(status, { location: '/b' }).end();
    await expect(read(5, 15)).rejects.toMatchObject({ code: 'badAnswer', details: { status } });
  });

  it('that nothing has changed is none to what was asked, and no redirect', async () => {
    server.answer = (_, response) => void response.writeHead(304).end();
    await expect(read(5, 15)).rejects.toMatchObject({ code: 'storageUnavailable' });
  });
});
