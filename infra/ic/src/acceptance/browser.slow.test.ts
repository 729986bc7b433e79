import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGUMENTS } from '../testing/chromium.js';
import { certifyPage } from '../testing/certified-page.js';
import { TestNetwork } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

const VERIFIER = fileURLToPath(
  new URL('../../../../node_modules/@dfinity/response-verification/dist/web/', import.meta.url),
);
const PAGE = { status: 200, type: 'text/html', body: '<h1>Certified</h1>' };
const TYPES: Record<string, string> = { js: 'text/javascript', wasm: 'application/wasm' };

/**
 * The verifier of the service worker where it is at home: in a browser, from a page of another origin than the
 * network's.
 */
(existsSync(CHROMIUM) ? describe : describe.skip)('in a browser', () => {
  const network = new TestNetwork();
  let canister: TestCanister;
  let site: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await network.start();
    canister = await network.deploy();
    site = createServer((request, response) => {
      const name = /^\/(web\.js|web_bg\.wasm)$/.exec(request.url ?? '')?.[1];
      response
        .writeHead(200, { 'content-type': name ? TYPES[name.split('.').at(-1)!]! : 'text/html' })
        .end(name ? readFileSync(VERIFIER + name) : '<title>test</title>');
    });
    await new Promise<void>((resolve) => {
      site.listen(0, '127.0.0.1', resolve);
    });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await network.remove();
  });

  const verify = async (body: string): Promise<string> => {
    const headers = await certifyPage(canister, 'index.html', PAGE);
    const given = {
      headers,
      body,
      canister: [...canister.id.toUint8Array()],
      rootKey: [...Buffer.from(network.rootKey, 'hex')],
    };
    return page.evaluate(async (sent) => {
      const library = (await import(new URL('/web.js', location.href).href)) as Record<
        string,
        (...args: unknown[]) => unknown
      >;
      await library.default!();
      try {
        const verified = library.verifyRequestResponsePair!(
          { method: 'GET', url: '/index.html', headers: [], body: [], certificate_version: [2] },
          { status_code: 200, headers: sent.headers, body: new TextEncoder().encode(sent.body) },
          Uint8Array.from(sent.canister),
          BigInt(Date.now()) * 1_000_000n,
          300_000_000_000n,
          Uint8Array.from(sent.rootKey),
          2,
        ) as { response?: { body: Uint8Array } };
        return new TextDecoder().decode(verified.response?.body);
      } catch (refusal) {
        return `refused: ${(refusal as { message: string }).message}`;
      }
    }, given);
  };

  it('a certified page is verified, and a forged one refused', async () => {
    expect(await verify(PAGE.body)).toBe(PAGE.body);
    expect(await verify('<h1>Forged</h1>')).toMatch(/^refused: .*hash/i);
  });

  it('the network may be asked from any origin, and serves canisters by name', async () => {
    const status = await page.evaluate(
      async (url) => (await fetch(`${url}/api/v2/status`)).headers.get('content-type'),
      network.url,
    );
    expect(status).toBe('application/cbor');
    await page.goto(`http://${canister.id.toText()}.raw.localhost:${new URL(network.url).port}/hello`);
    expect(await page.textContent('body')).toContain('GET /hello');
  });
});
