import { setTimeout as sleep } from 'node:timers/promises';
import { Answering } from './answering.fixture.js';

let server: Answering;
beforeAll(async () => void (server = await Answering.start()));
afterAll(() => server.stop());

describe('what is sent', () => {
  it('says how long it is, and is signed as a whole where it is one piece', async () => {
    const objects = server.store();
    server.answer = (request, response) => void response.writeHead(request.method === 'HEAD' ? 404 : 200).end();
    await objects.create('livepod', 'a', [new Uint8Array(3), new Uint8Array(4)], 'root');
    expect(server.latest.headers).toMatchObject({ 'content-length': '7', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' });
    await objects.create('livepod', 'a', [new Uint8Array(7)], 'root');
    expect(server.latest.headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
    objects.close();
  });
});

describe('what comes', () => {
  it('has the time of its own bytes, also beyond the time that an answer has to begin', async () => {
    // An answer has to begin within a second, and 3,000 bytes may take three.
    const objects = server.store({ pace: { graceMs: 200, bytesPerSecond: 1_000 } });
    server.answer = (_, response) => {
      response.writeHead(200).write('x'.repeat(2_999));
      void sleep(1_200).then(() => response.end('x'));
    };
    const body = await objects.get('livepod', 'a', { from: 0, to: 3_000, whole: true });
    expect(Buffer.concat(await body.toArray())).toHaveLength(3_000);
    objects.close();
  });
});
