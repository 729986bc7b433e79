import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestNetwork } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

describe('HTTP outcalls', () => {
  const network = new TestNetwork();
  let canister: TestCanister;
  let server: Server;
  let base = '';
  const seen: string[] = [];

  beforeAll(async () => {
    await network.start();
    canister = await network.deploy();
    server = createServer((request, response) => {
      let body = '';
      request
        .on('data', (part: Buffer) => {
          body += part.toString();
        })
        .on('end', () => {
          seen.push(
            `${request.method} ${request.url} ${request.headers['user-agent']} ${request.headers['x-test']} ${body}`,
          );
          if (request.url === '/redirect') response.writeHead(302, { location: '/' }).end();
          else if (request.url === '/large') response.end(Buffer.alloc(100_000));
          else response.writeHead(201, { 'X-Served': 'by test', date: 'now' }).end(`pong ${seen.length}`);
        });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.close();
    await network.remove();
  });

  it('reach a server on this machine', async () => {
    const answer = await canister.fetch(`${base}/a?b=c`, [], []);
    if (!('Ok' in answer)) throw new Error(answer.Err.join(' '));
    expect(answer.Ok[0]).toBe(201n);
    expect(Buffer.from(answer.Ok[2]).toString()).toBe('pong 1');
    expect(answer.Ok[1]).toContain('x-served: by test');
    expect(seen).toEqual(['POST /a?b=c ic/1.0 yes ping']);
  });

  it("go through the canister's own transform", async () => {
    const answer = await canister.fetch(base, [10_000n], ['without_headers']);
    expect(answer).toEqual({ Ok: [201n, [], expect.anything() as unknown] });
    if ('Ok' in answer) expect(Buffer.from(answer.Ok[2]).toString()).toMatch(/^seen: pong/);
  });

  it('follow no redirect', async () => {
    const answer = await canister.fetch(`${base}/redirect`, [], []);
    expect('Ok' in answer && answer.Ok[0]).toBe(302n);
  });

  it.each([
    ['a body beyond max_response_bytes', '/large', 50_000n, [], 1, 'Http body exceeds size limit of 50000 bytes.'],
    ['headers beyond max_response_bytes', '/', 10n, [], 1, 'Header size exceeds specified response size limit 10'],
    [
      "a limit beyond the network's",
      '/',
      2_000_001n,
      [],
      4,
      'max_response_bytes expected to be in the range [0..2000000], got 2000001',
    ],
    ['a transform that traps', '/', 1000n, ['trapping_transform'], 5, 'in the transform'],
    ['a transform that is not there', '/', 1000n, ['nowhere'], 5, "has no update method 'nowhere'"],
    [
      'a result of the transform that is too large',
      '/',
      1000n,
      ['longer_transform'],
      1,
      'Transformed http response exceeds limit: 1000',
    ],
  ] as const)('are refused for %s', async (_, path, most, transform, code, text) => {
    expect(await canister.fetch(base + path, [most], [...transform])).toEqual({
      Err: [code, expect.stringContaining(text)],
    });
  });

  it('never leave this machine', async () => {
    expect(await canister.fetch('https://example.com/', [], [])).toEqual({
      Err: [2, expect.stringContaining('loopback')],
    });
    expect(await canister.fetch('http://10.0.0.1/', [], [])).toEqual({
      Err: [2, expect.stringContaining('Connecting to 10.0.0.1 failed')],
    });
    expect(await canister.fetch('ftp://127.0.0.1/', [], [])).toEqual({ Err: [1, 'Url need to specify https scheme'] });
    expect(await canister.fetch('http://127.0.0.1:1/', [], [])).toEqual({
      Err: [2, expect.stringContaining('ECONNREFUSED')],
    });
  });

  it('are sent again by a host that was killed in between', async () => {
    let hang = true;
    server.on('request', (request) => {
      if (request.url === '/hang' && hang) request.socket.pause();
    });
    const before = seen.length;
    const slow = createServer((_, response) => {
      if (!hang) response.end('late');
    });
    await new Promise<void>((resolve) => {
      slow.listen(0, '127.0.0.1', resolve);
    });
    const asked = canister
      .fetch(`http://127.0.0.1:${(slow.address() as AddressInfo).port}/`, [], [])
      .catch(() => undefined);
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    await network.stop('SIGKILL');
    hang = false;
    await network.start();
    await asked;
    canister = network.canister(canister.id);
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    expect(await canister.increment()).toBe(1n);
    slow.close();
    slow.closeAllConnections();
    expect(seen.length).toBe(before);
  });
});
