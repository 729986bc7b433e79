/**
 * What programs of others ask of the canisters, on the embedded IC host: metadata, the token's standards, and pages
 * through the HTTP gateway.
 */
import { Certificate, HttpAgent, lookupResultToBuffer, lookup_path, reconstruct, Cbor } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import {
  CANISTERS,
  connect,
  everyPage,
  identityFromSeed,
  interfaces,
  transfer,
  trailOf,
  type Clients,
} from '@livepod/client';
import { installAll } from '@livepod/client/install';
import { IC_PROGRAM } from '@livepod/ic/program';
import { concat, hex, sha256, unhex, utf8 } from '@livepod/protocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const WASM = process.env['LIVEPOD_WASM'] ?? join(ROOT, '.cache', 'wasm');
const TOKEN = 100_000_000n;
const folder = mkdtempSync(join(tmpdir(), 'livepod-interoperability-'));
const seed = (name: string): Uint8Array => sha256(utf8(`interoperability ${name}`));
let host: ChildProcess;
let network: { icHost: string; rootKey: string; canisters: Awaited<ReturnType<typeof installAll>>['canisters'] };
let dao: Clients;

beforeAll(async () => {
  host = spawn(process.execPath, [IC_PROGRAM, '--port', '0', '--state', join(folder, 'ic')], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: host.stdout! }), 'line')) as [string];
  const { url: icHost, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
  const owner = identityFromSeed(seed('dao')).getPrincipal().toText();
  const { canisters } = await installAll({
    icHost,
    rootKey,
    wasmDir: WASM,
    identity: identityFromSeed(seed('dao')),
    parameters: {
      token: { symbol: 'POD', name: 'Live Pod', balances: [{ owner, amount: 100n * TOKEN }] },
      voting: { periodSeconds: 60, minimumDissolveDelaySeconds: 0 },
      vetkdKeyName: 'test_key_1',
      schnorrKeyName: 'test_key_1',
      minProviderBond: TOKEN,
      minContributorBond: TOKEN,
      bucketCapacityBytes: 64n << 20n,
      bucketCycles: 20_000_000_000_000n,
      operators: [owner],
      rootSeeds: [1, 2, 3].map((n) => new Uint8Array(32).fill(n)),
    },
  });
  network = { icHost, rootKey, canisters };
  dao = await connect(network, identityFromSeed(seed('dao')));
}, 600_000);

afterAll(async () => {
  host?.kill('SIGTERM');
  await once(host, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

describe('metadata', () => {
  it.each([...CANISTERS, 'bucket'] as const)('%s: its Wasm carries its interface as public metadata', (name) => {
    const sections = WebAssembly.Module.customSections(
      new WebAssembly.Module(readFileSync(join(WASM, `${name}.wasm`))),
      'icp:public candid:service',
    );
    const did = readFileSync(join(ROOT, 'canisters', name, `${name}.did`));
    expect(sections.map((section) => hex(sha256(new Uint8Array(section))))).toEqual([hex(sha256(did))]);
  });

  it.each(CANISTERS)('%s: anybody reads its interface from the network, certified', async (name) => {
    const agent = await HttpAgent.create({ host: network.icHost });
    const id = Principal.fromText(network.canisters[name]);
    const path = [utf8('canister'), id.toUint8Array(), utf8('metadata'), utf8('candid:service')];
    const { certificate } = await agent.readState(id, { paths: [path] });
    const state = await Certificate.create({ certificate, rootKey: unhex(network.rootKey), canisterId: id });
    const found = lookupResultToBuffer(state.lookup_path(path));
    expect(new TextDecoder().decode(found)).toBe(readFileSync(join(ROOT, 'canisters', name, `${name}.did`), 'utf8'));
  });
});

describe('the token, for wallets', () => {
  it('says which standards it keeps (ICRC-10)', async () => {
    const names = (await dao.ledger.icrc10_supported_standards()).map(({ name }) => name);
    expect(names).toEqual(['ICRC-1', 'ICRC-2', 'ICRC-3', 'ICRC-10', 'ICRC-21']);
  });

  it('has a log that follows from a certificate (ICRC-3)', async () => {
    await transfer(dao, Principal.fromUint8Array(new Uint8Array(29).fill(9)), 5n);
    const tip = (await dao.ledger.icrc3_get_tip_certificate())!;
    const id = dao.ledger.canisterId;
    const state = await Certificate.create({
      certificate: new Uint8Array(tip.certificate),
      rootKey: unhex(network.rootKey),
      canisterId: id,
    });
    const tree = Cbor.decode(new Uint8Array(tip.hash_tree)) as Parameters<typeof reconstruct>[0];
    const certified = lookupResultToBuffer(
      state.lookup_path([utf8('canister'), id.toUint8Array(), utf8('certified_data')]),
    )!;
    expect(hex(await reconstruct(tree))).toBe(hex(new Uint8Array(certified)));
    const leaf = (name: string) => new Uint8Array(lookupResultToBuffer(lookup_path([utf8(name)], tree))!);
    const { blocks, log_length } = await dao.ledger.icrc3_get_blocks([{ start: 0n, length: 100n }]);
    expect(leaf('last_block_index')).toEqual(Uint8Array.of(Number(log_length) - 1));
    blocks.forEach(({ block }, index) => {
      const parent = field(block, 'phash');
      expect(parent && 'Blob' in parent ? hex(new Uint8Array(parent.Blob)) : null).toBe(
        index === 0 ? null : hex(hashOf(blocks[index - 1]!.block)),
      );
    });
    expect(hex(leaf('last_block_hash'))).toBe(hex(hashOf(blocks.at(-1)!.block)));
    expect(await dao.ledger.icrc3_get_archives({ from: [] })).toEqual([]);
    expect((await dao.ledger.icrc3_supported_block_types()).map(({ block_type }) => block_type)).toContain('1xfer');
  });

  it('tells a call in words (ICRC-21)', async () => {
    const method = interfaces.ledger.idlFactory({ IDL })._fields.find(([name]) => name === 'icrc1_transfer')![1];
    const to = { owner: Principal.fromUint8Array(new Uint8Array(29).fill(9)), subaccount: [] };
    const arg = { from_subaccount: [], to, amount: 150_000_000n, fee: [], memo: [], created_at_time: [] };
    const { consent_message } = await dao.ledger.icrc21_canister_call_consent_message({
      method: 'icrc1_transfer',
      arg: new Uint8Array(IDL.encode(method.argTypes, [arg])),
      user_preferences: { metadata: { language: 'en', utc_offset_minutes: [] }, device_spec: [] },
    });
    expect(consent_message).toEqual({ GenericDisplayMessage: expect.stringContaining('**Amount:** `1.5 POD`') });
  });
});

describe('pages through the gateway', () => {
  const page = (canister: keyof typeof network.canisters, path: string, raw = ''): string =>
    `${network.icHost}${path}${path.includes('?') ? '&' : '?'}canisterId=${network.canisters[canister]}${raw}`;

  it('serves the repository certified: files, their heads, what did not change, and what is not there', async () => {
    while ((await dao.models.get_publication()).version === 0n)
      await new Promise((resolve) => setTimeout(resolve, 200));
    const whole = await fetch(page('models', '/tuf/timestamp.json'));
    expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'application/json']);
    const bytes = new Uint8Array(await whole.arrayBuffer());
    const head = await fetch(page('models', '/tuf/timestamp.json'), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
    const known = { headers: { 'if-none-match': whole.headers.get('etag')! } };
    expect((await fetch(page('models', '/tuf/timestamp.json'), known)).status).toBe(304);
    expect((await fetch(page('models', '/tuf/1.root.json'))).status).toBe(200);
    const absent = await fetch(page('models', '/tuf/2.root.json'));
    expect([absent.status, absent.headers.get('x-ic-error-cause')]).toEqual([404, null]);
    expect((await fetch(page('models', '/targets/none.json'))).status).toBe(404);
    expect((await fetch(page('models', `/chunks/${'0'.repeat(64)}`))).status).toBe(404);
    const list = await fetch(page('models', '/checkpoints'));
    expect([list.status, await list.json()]).toEqual([200, { checkpoints: [], before: null }]);
  });

  it.each([
    ['governance', 'proposals'],
    ['datasets', 'datasets'],
    ['access', 'jobs'],
    ['models', 'checkpoints'],
    ['fleet', 'releases'],
    ['treasury', 'escrows'],
    ['treasury', 'accounts'],
  ] as const)('%s lists its %s for people', async (canister, kind) => {
    const answer = await fetch(page(canister, `/${kind}`, '.raw'), { headers: { accept: 'text/html' } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const html = await answer.text();
    expect(html).toContain(`<h1>${kind}</h1>`);
    expect(html).toContain(`/jobs?canisterId=${network.canisters.access}.raw`);
  });

  it('has a page of every account, with its payments, and of its balance', async () => {
    const name = dao.principal.toText();
    const account = await fetch(page('treasury', `/accounts/${name}`, '.raw'));
    expect([account.status, await account.json()]).toEqual([200, { account: name, bonds: [], payments: [] }]);
    const balance = await fetch(page('ledger', `/balances/${name}`, '.raw'));
    expect(await balance.json()).toMatchObject({ account: name, balance: expect.stringContaining(' POD') });
  });
});

describe('lists', () => {
  it('go on page by page, and are empty where nothing is', async () => {
    expect(
      await everyPage(
        (asked) => dao.fleet.newest_releases({ about: [], ...asked }),
        ({ id }) => id,
      ),
    ).toEqual([]);
    expect(await trailOf(dao, `sha256:${'0'.repeat(64)}`)).toBeUndefined();
  });
});

type Value = Awaited<ReturnType<Clients['ledger']['icrc3_get_blocks']>>['blocks'][number]['block'];

const field = (value: Value, name: string): Value | undefined =>
  'Map' in value ? value.Map.find(([given]) => given === name)?.[1] : undefined;

/** ICRC-3: Value Hash, written from the standard's text. */
function hashOf(value: Value): Uint8Array {
  if ('Blob' in value) return sha256(new Uint8Array(value.Blob));
  if ('Text' in value) return sha256(utf8(value.Text));
  if ('Nat' in value) return sha256(leb128(value.Nat));
  if ('Array' in value) return sha256(concat(...value.Array.map(hashOf)));
  if ('Map' in value) {
    const pairs = value.Map.map(([name, inner]) => hex(concat(sha256(utf8(name)), hashOf(inner)))).sort();
    return sha256(unhex(pairs.join('')));
  }
  throw new Error('a block of this ledger has no signed numbers');
}

function leb128(number: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = number;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
