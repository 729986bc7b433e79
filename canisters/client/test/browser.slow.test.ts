import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM, CHROMIUM_ARGUMENTS, TestNetwork } from '@livepod/ic/testing';
import type * as Client from '../src/index.js';
import { identityFromSeed } from '../src/index.js';
import { installAll } from '../src/installation.js';

const ROOT = join(import.meta.dirname, '../../..');
const SEED = new Uint8Array(32).fill(5);
const TOKEN = 100_000_000n;

/** The door `.` as a web app has it: one file for a browser, which has nothing of Node. */
async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../src/index.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

it('has nothing of Node behind its door for browsers', async () => {
  expect(await bundled()).not.toMatch(/from\s*["']node:/);
});

(existsSync(CHROMIUM) ? describe : describe.skip)('the client in a browser', () => {
  const network = new TestNetwork();
  let installed: Client.IcNetwork;
  let site: Server;
  let browser: Browser;

  beforeAll(async () => {
    await network.start();
    const identity = identityFromSeed(SEED);
    const owner = identity.getPrincipal().toText();
    const { canisters } = await installAll({
      icHost: network.url,
      rootKey: network.rootKey,
      wasmDir: process.env['LIVEPOD_WASM'] ?? join(ROOT, '.cache/wasm'),
      identity,
      parameters: {
        token: { symbol: 'POD', name: 'Live Pod', balances: [{ owner, amount: 7n * TOKEN }] },
        voting: { periodSeconds: 60, minimumDissolveDelaySeconds: 0 },
        vetkdKeyName: 'test_key_1',
        schnorrKeyName: 'test_key_1',
        minProviderBond: TOKEN,
        minContributorBond: TOKEN,
        bucketCapacityBytes: 64n << 20n,
        bucketCycles: 20_000_000_000_000n,
        operators: [owner],
        rootSeeds: [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)),
      },
    });
    installed = { icHost: network.url, rootKey: network.rootKey, canisters };
    const script = await bundled();
    site = createServer((request, response) => {
      const isScript = request.url === '/client.js';
      response
        .writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
        .end(isScript ? script : '<!doctype html><title>client</title>');
    });
    await new Promise<void>((resolve) => {
      site.listen(0, '127.0.0.1', resolve);
    });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await network.remove();
  });

  it('queries and calls canisters, verified under the root key', async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    const told = await page.evaluate(
      async ({ where, seed }) => {
        const client = (await import(new URL('/client.js', location.href).href)) as typeof Client;
        const clients = await client.connect(where, client.identityFromSeed(Uint8Array.from(seed)));
        const before = await client.balance(clients);
        await client.transfer(clients, client.newIdentity().getPrincipal(), 1_000_000n);
        const after = await client.balance(clients);
        return { principal: clients.principal.toText(), before: String(before), after: String(after) };
      },
      { where: installed, seed: [...SEED] },
    );
    expect(told.principal).toBe(identityFromSeed(SEED).getPrincipal().toText());
    expect(told.before).toBe(String(7n * TOKEN));
    expect(told.after).toBe(String(7n * TOKEN - 1_000_000n - 10_000n));
  });

  it('refuses another network’s answers', async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    const other = installed.rootKey.slice(0, -2) + (installed.rootKey.endsWith('00') ? '01' : '00');
    const code = await page.evaluate(
      async ({ where, seed }) => {
        const client = (await import(new URL('/client.js', location.href).href)) as typeof Client;
        const clients = await client.connect(where, client.identityFromSeed(Uint8Array.from(seed)));
        return client.balance(clients).then(
          () => 'believed',
          (error: Client.CanisterError) => error.code,
        );
      },
      { where: { ...installed, rootKey: other }, seed: [...SEED] },
    );
    expect(code).toBe('untrusted');
  });
});
