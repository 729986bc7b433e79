import type { Principal } from '@dfinity/principal';
import { Settings } from '../management/candid.js';
import { ask, type Seen } from '../testing/browser.js';
import { servePages } from '../testing/certified-page.js';
import { TestNetwork, testWasm } from '../testing/network.js';
import type { ServedPage, TestCanister } from '../testing/test-canister.js';
import { i32, leb, op, wasmModule } from '../testing/wasm-writer.js';

const HTML = { status: 200, type: 'text/html', body: '<h1>Certified</h1>' };
const page = (more: Partial<ServedPage> = {}): ServedPage => ({
  status_code: 200,
  headers: [],
  body: Buffer.from('page'),
  upgrade: [],
  streaming_strategy: [],
  ...more,
});
const UNCHANGED = Object.fromEntries(Settings._fields.map(([name]) => [name, []]));

function customSection(name: string, content: string): Uint8Array {
  const body = [...leb(name.length), ...Buffer.from(name + content)];
  return Uint8Array.from([0, ...leb(body.length), ...body]);
}

describe('HTTP gateway', () => {
  const network = new TestNetwork();
  let canister: TestCanister;
  let raw: (path: string, options?: Parameters<typeof ask>[3]) => Promise<Seen>;
  let certified: typeof raw;

  beforeAll(async () => {
    await network.start(['--delegated']);
    canister = await network.deploy();
    raw = (path, options) => ask(network, `${canister.id.toText()}.raw.localhost`, path, options);
    certified = (path, options) => ask(network, `${canister.id.toText()}.localhost`, path, options);
  });
  afterAll(() => network.remove());

  describe('asks the canister', () => {
    it('with method, url, headers, body and the version of certificates that it verifies', async () => {
      const answer = await raw('/echo?a=1&b=%20', {
        method: 'POST',
        headers: { 'X-Mine': 'yes', 'content-type': 'a/b', 'x-request-id': '7' },
        body: 'body',
      });
      expect(answer.status).toBe(200);
      expect(answer.text).toMatch(/^POST \/echo\?a=1&b=%20 version Some\(2\)\n/);
      expect(answer.text).toMatch(/\nhost: .*raw\.localhost\n/);
      expect(answer.text).toMatch(/\nx-mine: yes\ncontent-type: a\/b\n/);
      expect(answer.text).not.toContain('x-request-id');
      expect(answer.text.endsWith('\n\nbody')).toBe(true);
    });

    it('for bodies that are not encoded too, which it can verify', async () => {
      expect((await raw('/echo', { headers: { 'accept-encoding': 'gzip, br' } })).text).toContain(
        'accept-encoding: gzip, br, identity\n',
      );
      expect((await raw('/echo', { headers: { 'accept-encoding': 'Identity' } })).text).toContain(
        'accept-encoding: Identity\n',
      );
    });

    it('again by an update when it says so, through its inspect_message', async () => {
      const before = await canister.counter();
      const answer = await certified('/increment', { method: 'POST', body: 'x' });
      expect(answer.status).toBe(201);
      expect(answer.text).toEqual(String(before + 1n));
      expect(answer.headers['x-seen']).toBe('POST /increment None');
      const refused = await certified('/refused', { method: 'POST' });
      expect(refused.status).toBe(503);
      expect(refused.headers['x-ic-error-cause']).toBe('canister_reject');
      expect(await canister.counter()).toBe(before + 1n);
    });

    it('by no update with more than an update can carry', async () => {
      const answer = await certified('/increment', { method: 'POST', body: Buffer.alloc(3 << 20) });
      expect(answer.status).toBe(413);
      expect(answer.headers['x-ic-error-cause']).toBe('client_body_too_large');
    });

    it('by callbacks for what does not fit in one answer', async () => {
      expect((await raw('/stream')).text).toBe('part 0, part 1, part 2, end');
      expect((await raw('/stream/12')).text).toMatch(/^part 0, part 1, .*part 11, end$/);
    });

    it('by callbacks of its own only, and by a thousand at most', async () => {
      const other = await network.deploy();
      const strategy = (owner: Principal, path: string): ServedPage =>
        page({ streaming_strategy: [{ Callback: { callback: [owner, 'http_streaming'], token: { part: 1, path } } }] });
      await canister.serve('GET /foreign', strategy(other.id, '/stream'));
      await canister.serve(
        'GET /nowhere',
        page({
          streaming_strategy: [
            { Callback: { callback: [canister.id, 'no_such_method'], token: { part: 1, path: '' } } },
          ],
        }),
      );
      expect((await raw('/foreign')).headers['x-ic-error-cause']).toBe('backend_http_gateway');
      expect((await raw('/nowhere')).headers['x-ic-error-cause']).toBe('canister_error');
      const endless = await raw('/stream/4000000000');
      expect(endless.status).toBe(200);
      expect(endless.broken).toBe(true);
    });

    it('and breaks the connection when a later part traps, so that nobody takes half for the whole', async () => {
      expect((await raw('/stream/trap/2')).headers['x-ic-error-cause']).toBe('canister_error');
      const late = await raw('/stream/trap/9');
      expect(late.status).toBe(200);
      expect(late.broken).toBe(true);
    });
  });

  describe('serves under a certified name', () => {
    it('what the canister certified, with the certified headers only', async () => {
      await servePages(canister, [{ ...HTML, path: '/index.html', more: [['x-certified', 'yes']] }]);
      const served = await certified('/index.html');
      expect(served.status).toBe(200);
      expect(served.text).toEqual(HTML.body);
      expect(served.headers['content-type']).toBe('text/html');
      expect(served.headers['x-certified']).toBe('yes');
      expect((await ask(network, '127.0.0.1', `/index.html?canisterId=${canister.id.toText()}`)).text).toBe(HTML.body);
    });

    it.each<[string, Partial<ServedPage>, number]>([
      ['another body', { body: Buffer.from('<h1>Forged</h1>') }, 503],
      ['another status', { status_code: 404 }, 503],
      ['another certified header', { headers: [['content-type', 'text/plain']] }, 503],
      ['a header that is not certified: it is left out', { headers: [['set-cookie', 'a=b']] }, 200],
    ])('and not the same with %s', async (_, change, status) => {
      await servePages(canister, [{ ...HTML, path: '/page' }]);
      const proof = (await raw('/page')).headers;
      const headers: [string, string][] = [
        ...(change.headers ?? []),
        ...['content-type', 'ic-certificateexpression', 'ic-certificate'].map((name): [string, string] => [
          name,
          proof[name] as string,
        ]),
      ];
      await canister.serve(
        'GET /page',
        page({
          body: Buffer.from(HTML.body),
          ...change,
          headers: headers.filter(([name], at) => headers.findIndex(([one]) => one === name) === at),
        }),
      );
      const answer = await certified('/page');
      expect(answer.status).toEqual(status);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(answer.headers['x-ic-error-cause']).toEqual(status === 200 ? undefined : 'backend_response_verification');
      expect(answer.text.includes('Forged')).toBe(false);
    });

    it('no page without a certificate, which is served under the raw name only', async () => {
      const refused = await certified('/hello');
      expect(refused.status).toBe(503);
      expect(refused.headers['x-ic-error-cause']).toBe('backend_response_verification');
      expect(refused.text.includes('GET /hello')).toBe(false);
      expect((await raw('/hello')).text).toBe('GET /hello 0');
      expect((await ask(network, 'localhost', `/hello?canisterId=${canister.id.toText()}.raw`)).status).toBe(200);
    });

    it("no page with another canister's certificate", async () => {
      const other = await network.deploy();
      await servePages(other, [{ ...HTML, path: '/stolen' }]);
      const { headers } = await ask(network, `${other.id.toText()}.raw.localhost`, '/stolen');
      await canister.serve(
        'GET /stolen',
        page({
          body: Buffer.from(HTML.body),
          headers: ['content-type', 'ic-certificateexpression', 'ic-certificate'].map((name) => [
            name,
            headers[name] as string,
          ]),
        }),
      );
      expect((await certified('/stolen')).headers['x-ic-error-cause']).toBe('backend_response_verification');
    });

    it('what is certified to need no certificate, with all headers', async () => {
      await servePages(canister, [{ ...HTML, path: '/live', how: 'nothing', more: [['x-any', '1']] }]);
      const answer = await certified('/live');
      expect(answer.status).toBe(200);
      expect(answer.text).toEqual(HTML.body);
      expect(answer.headers['x-any']).toBe('1');
    });

    it('by version 1: path and body, but neither redirects nor rules for caches', async () => {
      const old = {
        ...HTML,
        how: 'version 1' as const,
        more: [
          ['cache-control', 'max-age=9999'],
          ['x-other', '1'],
        ] as [string, string][],
      };
      await servePages(canister, [
        { ...old, path: '/old' },
        { ...old, path: '/moved', status: 302 },
      ]);
      const answer = await certified('/old');
      expect(answer.status).toBe(200);
      expect(answer.text).toEqual(HTML.body);
      expect(answer.headers['cache-control']).toBeUndefined();
      expect(answer.headers['x-other']).toBe('1');
      expect((await certified('/moved')).headers['x-ic-error-cause']).toBe('backend_response_verification');
    });

    it('not by version 1 when the canister says that it certifies by version 2', async () => {
      const two = network.canister(await network.create());
      await network.install(
        two.id,
        { install: null },
        Buffer.concat([testWasm(), customSection('icp:public supported_certificate_versions', '1,2')]),
      );
      await servePages(two, [{ ...HTML, path: '/old', how: 'version 1' }]);
      expect((await ask(network, `${two.id.toText()}.localhost`, '/old')).headers['x-ic-error-cause']).toBe(
        'backend_response_verification',
      );
    });

    it('streams of up to four parts verified as a whole, and longer ones as they come', async () => {
      expect((await certified('/stream')).headers['x-ic-error-cause']).toBe('backend_response_verification');
      expect((await certified('/stream/12')).text).toMatch(/^part 0, part 1, .*end$/);
    });

    it('a large page put together from ranges, each certified', async () => {
      const part = (text: string, from: number, range?: string): Parameters<typeof servePages>[1][0] => ({
        path: '/big',
        status: 206,
        type: 'text/plain',
        body: text,
        range,
        more: [['content-range', `bytes ${from}-${from + text.length - 1}/15`]],
      });
      await servePages(canister, [part('first', 0), part(' then', 5, 'bytes=5-'), part(' last', 10, 'bytes=10-')]);
      const whole = await certified('/big');
      expect(whole.status).toBe(200);
      expect(whole.text).toBe('first then last');
      expect(whole.headers['content-length']).toBe('15');
      expect(whole.headers['content-range']).toBeUndefined();
      const one = await certified('/big', { headers: { range: 'bytes=5-' } });
      expect(one.status).toBe(206);
      expect(one.text).toBe(' then');
      expect(one.headers['content-range']).toBe('bytes 5-9/15');
      await canister.serve(
        'GET /big bytes=10-',
        page({ status_code: 206, headers: [['content-range', 'bytes 10-14/15']], body: Buffer.from('FALSE') }),
      );
      const forged = await certified('/big');
      expect(forged.broken).toBe(true);
      expect(forged.text.includes('FALSE')).toBe(false);
    });

    it.each([
      ['none', []],
      ['of another beginning', [['content-range', 'bytes 5-8/9']]],
      ['no numbers', [['content-range', 'bytes a-b/c']]],
      ['beyond its end', [['content-range', 'bytes 0-9/4']]],
    ] as [string, [string, string][]][])(
      'no 206 for the whole with a content-range that cannot be: %s',
      async (_, headers) => {
        await canister.serve('GET /ranges', page({ status_code: 206, headers }));
        expect((await raw('/ranges')).headers['x-ic-error-cause']).toBe('backend_http_gateway');
      },
    );
  });

  describe('passes on', () => {
    it('status and headers, repeated ones too, but none of the connection', async () => {
      await canister.serve(
        'GET /headers',
        page({
          status_code: 418,
          headers: [
            ['Set-Cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['Connection', 'close'],
            ['Transfer-Encoding', 'chunked'],
            ['Content-Length', '99'],
            ['X-Mine', 'yes'],
          ],
        }),
      );
      const { status, headers, text } = await raw('/headers');
      expect(status).toBe(418);
      expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
      expect(headers['x-mine']).toBe('yes');
      expect(headers['content-length']).toBe('4');
      expect(headers['transfer-encoding']).toBeUndefined();
      expect(text).toBe('page');
      expect(headers['x-ic-canister-id']).toBe(canister.id.toText());
    });

    it('a head without a body, with the length that the canister says', async () => {
      await canister.serve('HEAD /head', page({ headers: [['content-length', '1234']], body: [] }));
      const answer = await raw('/head', { method: 'HEAD' });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-length']).toBe('1234');
      expect(answer.text).toBe('');
    });

    it.each([204, 304])('no body with status %i', async (status) => {
      await canister.serve('GET /empty', page({ status_code: status }));
      const answer = await raw('/empty');
      expect(answer.status).toEqual(status);
      expect(answer.text).toBe('');
      expect(answer.headers['content-length']).toBeUndefined();
    });

    it('permission for any origin, unless the canister has its own', async () => {
      expect((await raw('/hello')).headers['access-control-allow-origin']).toBe('*');
      await canister.serve('GET /strict', page({ headers: [['Access-Control-Allow-Origin', 'https://example.com']] }));
      expect((await raw('/strict')).headers['access-control-allow-origin']).toBe('https://example.com');
    });

    it("a canister's answer to a preflight if it is one, and permission otherwise", async () => {
      const own = page({
        status_code: 200,
        headers: [
          ['access-control-allow-methods', 'GET'],
          ['access-control-allow-origin', 'https://example.com'],
        ],
        body: [],
      });
      await canister.serve('OPTIONS /own', own);
      const { headers } = await raw('/own', { method: 'OPTIONS' });
      expect(headers['access-control-allow-methods']).toBe('GET');
      expect(headers['access-control-allow-origin']).toBe('https://example.com');
      const other = await certified('/own', { method: 'OPTIONS' }); // not certified
      expect(other.status).toBe(204);
      expect(other.headers['access-control-allow-origin']).toBe('*');
      expect(other.headers['access-control-allow-methods']).toEqual(expect.stringContaining('DELETE'));
    });
  });

  describe('survives', () => {
    it.each<[string, Partial<ServedPage>]>([
      ['a header with a line break', { headers: [['x-evil', 'a\r\nset-cookie: b=1']] }],
      ['a header without a name', { headers: [['', 'a']] }],
      ['a header name with a space', { headers: [['a b', 'c']] }],
      ['a header beyond Latin-1', { headers: [['x-evil', '☃']] }],
      ['status 0', { status_code: 0 }],
      ['status 101', { status_code: 101 }],
      ['status 65535', { status_code: 65_535 }],
    ])('%s from a canister', async (_, change) => {
      await canister.serve('GET /evil', page(change));
      const answer = await raw('/evil');
      expect(answer.status).toBe(503);
      expect(answer.headers['x-ic-error-cause']).toBe('backend_http_gateway');
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect((await raw('/hello')).status).toBe(200);
    });

    it.each<[string, string, string]>([
      ['without a certificate in it', '', 'certificate'],
      ['with nonsense', 'certificate=:AAAA:, tree=:AAAA:, version=2, expr_path=:AAAA:', 'CBOR'],
      ['of version 9', 'certificate=:2dn3oA==:, tree=:2dn3gQA=:, version=9', ''],
    ])('an ic-certificate %s', async (_, header) => {
      await canister.serve(
        'GET /evil',
        page({
          headers: [
            ['ic-certificate', header],
            ['ic-certificateexpression', 'default_certification('],
          ],
        }),
      );
      expect((await certified('/evil')).headers['x-ic-error-cause']).toBe('backend_response_verification');
      expect((await raw('/hello')).status).toBe(200);
    });

    it.each<[string, number[], string, number]>([
      ['bytes that are no Candid', [...i32(0), ...i32(3), ...op.call(0), ...op.call(1)], 'backend_http_gateway', 503],
      ['no answer', [], 'canister_error', 503],
      ['a reject', [...i32(0), ...i32(3), ...op.call(2)], 'canister_reject', 503],
    ])('a canister that gives %s', async (_, code, cause, status) => {
      const odd = await network.create();
      await network.install(
        odd,
        { install: null },
        wasmModule({
          imports: [
            ['msg_reply_data_append', 'ii:'],
            ['msg_reply', ':'],
            ['msg_reject', 'ii:'],
          ],
          functions: [{ exports: ['canister_query http_request'], code }],
          memory: 1,
        }),
      );
      const answer = await ask(network, `${odd.toText()}.localhost`, '/');
      expect(answer.status).toEqual(status);
      expect(answer.headers['x-ic-error-cause']).toEqual(cause);
    });
  });

  describe('says why there is no page', () => {
    it.each<[string, () => [host: string, path: string], number, string]>([
      ['a canister that is not there', () => ['bkyz2-fmaaa-aaaaa-qaaaq-cai.localhost', '/'], 404, 'canister_not_found'],
      ['a canister that traps', () => [`${canister.id.toText()}.localhost`, '/trap'], 503, 'canister_error'],
      ['another host name', () => ['example.com', '/'], 400, 'client_unknown_domain'],
      ['no canister named', () => ['localhost', '/page'], 400, 'canister_id_not_resolved'],
      ['no canister id', () => ['localhost', '/?canisterId=x'], 400, 'canister_id_incorrect'],
    ])('%s', async (_, where, status, cause) => {
      const answer = await ask(network, ...where());
      expect(answer.status).toEqual(status);
      expect(answer.headers['x-ic-error-cause']).toEqual(cause);
      expect(JSON.parse(answer.text)).toEqual(expect.objectContaining({ error_type: cause }));
    });

    it('a canister without code', async () => {
      const empty = await network.create();
      const answer = await ask(network, `${empty.toText()}.localhost`, '/');
      expect(answer.status).toBe(503);
      expect(answer.headers['x-ic-error-cause']).toBe('canister_error');
    });

    it('a canister without cycles', async () => {
      const { canister_id } = await network.management.provisional_create_canister_with_cycles({
        amount: [10n ** 12n],
        settings: [],
        specified_id: [],
        sender_canister_version: [],
      });
      await network.install(canister_id);
      await network.management.update_settings({
        canister_id,
        settings: { ...UNCHANGED, freezing_threshold: [10n ** 12n] },
        sender_canister_version: [],
      });
      const answer = await ask(network, `${canister_id.toText()}.localhost`, '/');
      expect(answer.status).toBe(503);
      expect(answer.headers['x-ic-error-cause']).toBe('canister_frozen');
    });

    it('a header that is not ASCII', async () => {
      expect((await raw('/hello', { headers: { 'x-name': 'ä' } })).headers['x-ic-error-cause']).toBe(
        'client_malformed_request',
      );
    });

    it("to browsers as a page, in which nothing of the canister's is markup", async () => {
      const answer = await ask(network, 'localhost', '/?canisterId=<script>', { headers: { accept: 'text/html,*/*' } });
      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.text.includes('<script>')).toBe(false);
      expect(answer.text).toContain('&lt;script&gt;');
    });
  });
});
