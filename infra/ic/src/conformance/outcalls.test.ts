import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performOutcall } from '../outcalls.js';
import type { Outcall, OutcallOutcome } from '../subnet/outcalls.js';
import { bytesOf, principalOf } from '../subnet/principals.js';
import { argumentsOf, LittleSubnet, shown } from '../testing/little-subnet.js';
import { append, bytes, call, caller, copied, reply, result, scripted, text } from '../testing/script.js';

const CYCLES = 1_000_000_000_000n;
const header = (name: number, value: number): { name: string; value: string } => ({
  name: 'n'.repeat(name),
  value: 'v'.repeat(value),
});
const headers = (count: number): { name: string; value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ name: `x-${index}`, value: 'v' }));
const wide = (total: number): { name: string; value: string }[] =>
  Array.from({ length: 7 }, (_, index) => header(10, index < 6 ? 8000 : total - 6 * 8010 - 10));
const URL_OF = (bytes_: number): string => `https://x/${'a'.repeat(bytes_ - 10)}`;

describe('a request', () => {
  const network = new LittleSubnet();
  afterAll(() => network.remove());
  const asker = network.deploy(
    scripted(
      {
        'update go': [
          call(text(''), 'http_request', {
            arg: copied('msg_arg_data', 65_536),
            cycles: CYCLES,
            onReject: [append(bytes(result('msg_cycles_refunded'))), reply(bytes(result('msg_reject_code')))],
          }),
        ],
        'query transform': [reply(caller)],
      },
      { memory: 40 },
    ),
    10n ** 16n,
  ).id;
  const other = network.deploy(scripted({ 'query transform': [reply()] })).id;
  const said = (more: object): string => {
    const request = {
      url: 'https://localhost/',
      max_response_bytes: [],
      method: { get: null },
      headers: [],
      body: [],
      transform: [],
      is_replicated: [],
      ...more,
    };
    const id = network.submit(asker, 'go', argumentsOf('http_request', request));
    network.round();
    return shown(network.answerOf(id));
  };

  it.each<[string, object]>([
    ['a URL of 8,192 bytes', { url: URL_OF(8192) }],
    ['64 headers', { headers: headers(64) }],
    ['a header name of 8,192 bytes', { headers: [header(8192, 1)] }],
    ['a header value of 8,192 bytes', { headers: [header(1, 8192)] }],
    ['48 KiB of headers', { headers: wide(48 * 1024) }],
    ['2,000,000 bytes in all', { method: { post: null }, headers: [header(5, 5)], body: [new Uint8Array(1_999_990)] }],
    ['a response of up to 2,000,000 bytes', { max_response_bytes: [2_000_000n] }],
    ['a transform of its own', { transform: [{ function: [principalOf(asker), 'transform'], context: [] }] }],
  ])('may have %s', (_, more) => expect(said(more)).toBe('none yet'));

  it.each<[string, object]>([
    ['a URL of 8,193 bytes', { url: URL_OF(8193) }],
    ['65 headers', { headers: headers(65) }],
    ['a header name of 8,193 bytes', { headers: [header(8193, 1)] }],
    ['a header value of 8,193 bytes', { headers: [header(1, 8193)] }],
    ['more than 48 KiB of headers', { headers: wide(48 * 1024 + 1) }],
    ['2,000,001 bytes in all', { method: { post: null }, headers: [header(5, 5)], body: [new Uint8Array(1_999_991)] }],
    ['a response of up to 2,000,001 bytes', { max_response_bytes: [2_000_001n] }],
    ["another canister's transform", { transform: [{ function: [principalOf(other), 'transform'], context: [] }] }],
    ['a method that replicas cannot all send', { method: { put: null } }],
  ])('may not have %s, and its cycles come back', (_, more) => {
    const answer = Buffer.from(said(more), 'latin1');
    expect(answer.readBigUInt64LE()).toEqual(CYCLES);
    expect(answer.readUInt32LE(8)).toBe(4);
  });

  it('is transformed in the name of the management canister', () => {
    const id = network.submit(
      asker,
      'go',
      argumentsOf('http_request', {
        url: 'https://localhost/',
        max_response_bytes: [],
        method: { get: null },
        headers: [],
        body: [],
        transform: [{ function: [principalOf(asker), 'transform'], context: [] }],
        is_replicated: [],
      }),
    );
    const last = Math.max(...network.subnet.state.outcalls!.keys());
    network.round({ outcalls: [{ id: last, outcome: { status: 200, headers: [], body: new Uint8Array() } }] });
    network.round();
    expect(shown(network.answerOf(id))).toBe('');
    expect(bytesOf('')).toEqual(new Uint8Array());
  });
});

describe('a response', () => {
  let server: Server;
  let base = '';
  let serve: { headers?: { name: string; value: string }[]; body?: number } = {};

  beforeAll(async () => {
    server = createServer((_, response) => {
      response.sendDate = false;
      for (const { name, value } of serve.headers ?? []) response.appendHeader(name, value);
      response.removeHeader('connection');
      response.shouldKeepAlive = false;
      response.end(Buffer.alloc(serve.body ?? 0));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => void server.close());

  const ask = (more: Partial<Outcall> = {}): Promise<OutcallOutcome> =>
    performOutcall({
      id: 1,
      origin: { kind: 'task' } as never,
      canister: '',
      url: base,
      method: 'GET',
      headers: [],
      maxResponseBytes: 2_000_000,
      replicated: true,
      refund: 0n,
      timeout: 0n,
      ...more,
    });
  /** What the server adds. */
  const OWN = 1;

  it.each<[string, { name: string; value: string }[]]>([
    ['64 headers', headers(64 - OWN)],
    ['a header name of 8,192 bytes', [header(8192, 1)]],
    ['a header value of 8,192 bytes', [header(1, 8192)]],
    ['nearly 48 KiB of headers', wide(48 * 1024 - 100)],
  ])('may have %s', async (_, sent) => {
    serve = { headers: sent };
    expect(await ask()).toMatchObject({ status: 200 });
  });

  it.each<[string, { name: string; value: string }[], RegExp]>([
    ['65 headers', headers(65 - OWN), /^number of all http headers 65 exceeds 64$/],
    [
      'a header name of 8,193 bytes',
      [header(8193, 1)],
      /^number of bytes to represent some http header name 8193 exceeds 8192$/,
    ],
    [
      'a header value of 8,193 bytes',
      [header(1, 8193)],
      /^number of bytes to represent some http header value 8193 exceeds 8192$/,
    ],
    [
      'more than 48 KiB of headers',
      wide(48 * 1024),
      /^total number of bytes to represent all http header names and values \d+ exceeds 49152$/,
    ],
  ])('may not have %s', async (_, sent, words) => {
    serve = { headers: sent };
    expect(await ask()).toEqual({ code: 1, message: expect.stringMatching(words) });
  });

  it('may be as long as was said, headers and body, and no longer', async () => {
    serve = { body: 5000 };
    const whole = (await ask()) as { headers: { name: string; value: string }[]; body: Uint8Array };
    const size = whole.headers.reduce((sum, { name, value }) => sum + name.length + value.length, whole.body.length);
    expect(await ask({ maxResponseBytes: size })).toMatchObject({ status: 200 });
    expect(await ask({ maxResponseBytes: size - 1 })).toMatchObject({ code: 1 });
    expect(await ask({ maxResponseBytes: size - 5000 - 1 })).toMatchObject({ code: 1 });
  });

  it.each([
    ['beyond ASCII', 'ascii/안녕하세요'],
    ['with a space', 'a b'],
  ])('is not asked for under a URL %s', async (_, path) => {
    expect(await ask({ url: base + path })).toMatchObject({
      code: 1,
      message: expect.stringMatching(/^Failed to parse URL/),
    });
  });
});
