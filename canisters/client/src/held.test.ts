import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { connectAgent } from './connect.js';
import { heldFetch } from './held.js';

describe('a node that is hostile', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked: string[];
  let url: string;
  const held = heldFetch({ bytes: 100_000, ms: 60_000 });

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const endless = (response: ServerResponse): void => {
    const write = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(20_000)));
      if (!response.destroyed) response.once('drain', write);
    };
    write();
  };
  const body = async (asking = held): Promise<ArrayBuffer> => (await asking(url)).arrayBuffer();

  it('cannot send a body without an end', async () => {
    answer = (_, response) => endless(response);
    await expect(body()).rejects.toMatchObject({ code: 'network', details: { bytes: 100_000 } });
  });

  it('cannot send little that unpacks to much', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    await expect(body()).rejects.toMatchObject({ code: 'network' });
  });

  it('cannot hold its reader by a byte now and then', async () => {
    let drips: NodeJS.Timeout;
    answer = (_, response) => {
      response.writeHead(200);
      drips = setInterval(() => response.write('x'), 50);
    };
    const began = performance.now();
    await expect(body(heldFetch({ bytes: 100_000, ms: 500 }))).rejects.toThrow('aborted due to timeout');
    clearInterval(drips!);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('cannot send its reader elsewhere', async () => {
    answer = (_, response) => response.writeHead(307, { location: `${url}/elsewhere` }).end();
    await expect(held(`${url}/here`)).rejects.toThrow('fetch failed');
    expect(asked).toEqual(['/here']);
  });

  it('gives what it has, when it has no more than it may', async () => {
    answer = (_, response) => response.writeHead(201, { 'x-a': 'b' }).end(Buffer.alloc(100_000));
    const whole = await held(url);
    expect([whole.status, whole.headers.get('x-a'), (await whole.arrayBuffer()).byteLength]).toEqual([
      201,
      'b',
      100_000,
    ]);
  });

  it('is asked in this way by every client', async () => {
    answer = (_, response) => endless(response);
    const agent = await connectAgent({ icHost: url, rootKey: '00'.repeat(133) }, undefined, { retryTimes: 0 });
    await expect(agent.status()).rejects.toThrow('more than 8388608 bytes');
  }, 60_000);
});
