/** Who takes what is not his, and who keeps others from theirs: on the embedded IC host, with every canister real. */
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import { TransportSecretKey } from '@dfinity/vetkeys';
import {
  approve,
  balance,
  connect,
  decision,
  identityFromSeed,
  propose,
  stake,
  type Access,
  type CanisterIds,
  type Clients,
  type GovernedPayloads,
} from '@livepod/client';
import { installAll } from '@livepod/client/install';
import {
  canonicalJson,
  datasetUid,
  documentId,
  ed25519Der,
  hex,
  merkleRoot,
  sealFile,
  sha256,
  signDocument,
  utf8,
} from '@livepod/protocol';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { IC_PROGRAM } from '@livepod/ic/program';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const HOUR = 3_600_000_000_000n;
const TOKEN = 100_000_000n;
const FEE = 10_000n;
const LICENCE = TOKEN / 2n;
const REWARD = 5n * TOKEN;
const who = { dao: 1, contributor: 2, provider: 3, stranger: 4, payer: 5 } as const;
type Person = keyof typeof who;

let host: ChildProcess;
let state: string;
let network: { icHost: string; rootKey: string; canisters: CanisterIds };
let recipe: string;
const clients = {} as Record<Person, Clients>;

const seedOf = (name: Person): Uint8Array => new Uint8Array(32).fill(who[name]);
const identityOf = (name: Person): Ed25519KeyIdentity => identityFromSeed(seedOf(name));
const principalOf = (name: Person): Principal => identityOf(name).getPrincipal();

async function until<T>(what: string, read: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const value = await read();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} did not happen within a minute`);
}

/** The DAO's only neuron decides at once. */
async function voted<M extends keyof GovernedPayloads>(method: M, payload: GovernedPayloads[M]): Promise<void> {
  const { proposal } = await propose(clients.dao, {
    ...{ method, payload, title: method, summary: method },
    clientRef: `${method}-${Math.random()}`.slice(0, 50),
  });
  await until(`the vote on ${method}`, async () => {
    const { outcome, failure } = await decision(clients.dao, proposal);
    if (outcome === 'open' || outcome === 'adopted' || outcome === 'executed') return outcome === 'executed';
    throw new Error(`${method}: ${outcome} ${failure}`);
  });
}

/** A dataset of one small file in a bucket, accepted. */
async function dataset(saltByte: number, access: 'fee' | 'vote', splits?: [Principal, number][]) {
  const { contributor } = clients;
  const salt = new Uint8Array(16).fill(saltByte);
  const uid = datasetUid(contributor.principal.toUint8Array(), salt);
  const plain = utf8('time,ax\n0,1\n');
  const [chunk] = await sealFile(plain, { uid, dataKey: sha256(salt), fileIndex: 0 });
  const stored = { sha256: sha256(chunk!), bytes: chunk!.length };
  const { bucket } = await contributor.datasets.reserve({ salt, chunks: [stored] });
  await contributor.bucketClient(bucket).put_chunk({ uid, index: 0, bytes: chunk! });
  const root = hex(merkleRoot([stored.sha256]));
  const document = canonicalJson({
    type: 'livepod.dataset/v1',
    title: `Walking ${saltByte}`,
    modality: 'motion',
    schema: { channels: [{ name: 'ax', unit: 'g' }], rateMilliHz: 50_000, labels: ['walking'], device: 'watch' },
    salt: hex(salt),
    contributor: contributor.principal.toText(),
    publicKey: hex(ed25519Der(new Uint8Array(identityOf('contributor').getPublicKey().toRaw()))),
    keyEpoch: 0,
    files: [
      {
        name: 's.csv',
        bytes: plain.length,
        chunks: [{ sha256: hex(stored.sha256), bytes: stored.bytes }],
        merkleRoot: root,
      },
    ],
    merkleRoot: root,
    storage: { kind: 'bucket', bucket: bucket.toText() },
    wrappedKey: '11'.repeat(168),
    licence: {
      ...{ fee: LICENCE.toString(), access, purposes: ['motion-recognition'], providerClasses: ['bonded'] },
      termDays: 365,
      splits: (splits ?? [[contributor.principal, 10_000]]).map(([account, basisPoints]) => ({
        account: account.toText(),
        basisPoints,
      })),
    },
    statistics: { records: 1, milliseconds: 20, labels: { walking: 1 } },
  });
  const signature = signDocument(document, seedOf('contributor'));
  const { id } = await contributor.datasets.register({ manifest: document, signature });
  await voted('accept_dataset', { dataset: id });
  return { id, uid, bucket };
}

let jobs = 0;
const nextJob = (datasets: string[]): Promise<Access.Job> => {
  jobs += 1;
  const approval = canonicalJson({
    type: 'livepod.approval/v2',
    payer: principalOf('payer').toText(),
    ceiling: (LICENCE * BigInt(datasets.length) + REWARD).toString(),
    recipe,
    arguments: { epochs: 12 },
    seed: jobs,
    datasets: datasets.sort().map((id) => ({ id, epoch: 0 })),
    base: null,
    resources: { memoryMiB: 1024, seconds: 600 },
    egress: 'none',
    privacy: null,
    provider: principalOf('provider').toText(),
    reward: REWARD.toString(),
    deadline: String(BigInt(Date.now()) * 1_000_000n + HOUR),
  });
  return clients.provider.access.request_access({ client_ref: `job-${jobs}`, approval });
};

/** Approves what the job takes and opens its escrow. */
async function pay(name: Person, job: Access.Job) {
  const by = clients[name];
  const quote = await by.treasury.quote_escrow({ job: job.id });
  await approve(by, quote.approve, { owner: by.treasury.canisterId, subaccount: [quote.subaccount] });
  const agreed = { approval: [job.approval_digest] as [string], at_most: [quote.amount] as [bigint] };
  return by.treasury.open_escrow({ job: job.id, client_ref: `job-${job.id}`, ...agreed });
}

const takeKey = async (grant: bigint): Promise<unknown> =>
  clients.provider.access.release_key({
    grant,
    transport_public_key: TransportSecretKey.random().publicKeyBytes(),
  });

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'livepod-money-'));
  host = spawn(process.execPath, [IC_PROGRAM, '--port', '0', '--state', state, '--quiet'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(host.stdout!), 'line')) as [string];
  const { url, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
  const { canisters } = await installAll({
    icHost: url,
    rootKey,
    wasmDir: process.env['LIVEPOD_WASM'] ?? join(ROOT, '.cache/wasm'),
    identity: identityOf('dao'),
    parameters: {
      token: {
        symbol: 'POD',
        name: 'Live Pod',
        balances: (Object.keys(who) as Person[]).map((name) => ({
          owner: principalOf(name).toText(),
          amount: 1_000n * TOKEN,
        })),
      },
      voting: { periodSeconds: 60, minimumDissolveDelaySeconds: 1_000 },
      vetkdKeyName: 'test_key_1',
      schnorrKeyName: 'test_key_1',
      minProviderBond: 10n * TOKEN,
      minContributorBond: TOKEN,
      bucketCapacityBytes: 2_000_000n,
      bucketCycles: 5_000_000_000_000n,
      operators: [],
    },
  });
  network = { icHost: url, rootKey, canisters };
  for (const name of Object.keys(who) as Person[]) clients[name] = await connect(network, identityOf(name));
  await stake(clients.dao, { amount: 100n * TOKEN, dissolveDelaySeconds: 10_000 });
  for (const [name, purpose, amount] of [
    ['contributor', { contributor: null }, TOKEN],
    ['provider', { provider: null }, 10n * TOKEN],
  ] as const) {
    await approve(clients[name], amount + FEE);
    await clients[name].treasury.post_bond({ purpose, amount, client_ref: 'bond' });
  }
  const document = canonicalJson({
    type: 'livepod.recipe/v1',
    name: 'motion-cnn',
    version: '1.0.0',
    bundle: `sha256:${'00'.repeat(32)}`,
    hyperparameters: { epochs: { kind: 'integer', min: 1, max: 50, default: 12 } },
    resources: { memoryMiB: 2048, seconds: 3600 },
    outputs: ['model.onnx'],
    purposes: ['motion-recognition'],
  });
  recipe = documentId(document);
  await clients.provider.access.submit_recipe({ document });
  await clients.provider.access.register_provider({ name: 'provider-1', class: { bonded: null } });
  await voted('approve_recipe', { recipe });
  await voted('approve_provider', { provider: principalOf('provider') });
}, 600_000);

afterAll(async () => {
  if (host && host.exitCode === null) {
    host.kill('SIGTERM');
    await once(host, 'exit');
  }
  rmSync(state, { recursive: true, force: true });
});

describe('attacks on a job and its escrow', () => {
  it('a stranger becomes the payer, then fails the job; or its payer kills it after the grant', async () => {
    const { id } = await dataset(1, 'fee');
    const job = await nextJob([id]);
    await expect(pay('stranger', job)).rejects.toMatchObject({ code: 'wrongPrincipal' });
    await pay('payer', job);
    const granted = (await clients.provider.access.get_job(job.id))!;
    expect(granted).toMatchObject({ state: { granted: null }, payer: [principalOf('payer')] });
    const kill = { job: job.id, reason: 'no more' };
    const paid = await balance(clients.contributor);
    await takeKey(granted.grants[0]!);
    await until('the share is paid', async () => (await balance(clients.contributor)) === paid + LICENCE);
    await expect(clients.stranger.access.fail_job(kill)).rejects.toMatchObject({ code: 'notAuthorized' });
    await expect(clients.payer.access.fail_job(kill)).rejects.toMatchObject({ code: 'notYet' });
    await clients.provider.access.fail_job(kill);
  });

  it('a provider takes the keys, fails the job, and the fee comes back; and its reads stay open', async () => {
    const one = await dataset(2, 'fee');
    const other = await dataset(3, 'fee');
    const job = await nextJob([one.id, other.id]);
    const before = await balance(clients.payer);
    const escrow = await pay('payer', job);
    const { datasets, grants } = (await clients.provider.access.get_job(job.id))!;
    const grant = grants[datasets.findIndex(({ dataset }) => dataset === one.id)]!;
    const paid = await balance(clients.contributor);
    await takeKey(grant);
    // Its share leaves at once, before anybody knows how the job ends.
    await until('the share is paid', async () => (await balance(clients.contributor)) === paid + LICENCE);

    const read = () => clients.provider.bucketClient(one.bucket).get_chunk({ uid: one.uid, index: 0 });
    await read();
    await clients.provider.access.fail_job({ job: job.id, reason: 'the disk is full' });
    expect(await clients.stranger.treasury.refund(escrow.id)).toMatchObject({ state: { refunded: null } });
    // The other licence and the reward are back, less the approval, the deposit, one share and the refund.
    expect(await balance(clients.payer)).toBe(before - LICENCE - 4n * FEE);
    expect(await balance(clients.contributor)).toBe(paid + LICENCE);
    await until('the reads end', () =>
      read().then(
        () => false,
        () => true,
      ),
    );
    await expect(takeKey(grant)).rejects.toMatchObject({ code: 'grantRevoked' });
  });

  it('the keys of a mixed job are out before the vote', async () => {
    const free = await dataset(4, 'fee');
    const asked = await dataset(5, 'vote');
    const job = await nextJob([free.id, asked.id]);
    await pay('payer', job);
    const asking = (await clients.provider.access.get_job(job.id))!;
    expect([asking.state, ...asking.grants]).toEqual([{ requested: null }]);
    await voted('grant_access', { job: job.id });
    const granted = (await clients.provider.access.get_job(job.id))!;
    expect(granted.state).toEqual({ granted: null });
    expect(granted.grants).toHaveLength(2);
  });

  it('one payee that cannot be paid blocks the others', async () => {
    // The minting account takes nothing less than the ledger's fee of 10,000 e8s.
    const minting = Principal.fromText(network.canisters.governance);
    const { id } = await dataset(6, 'fee', [
      [minting, 1],
      [principalOf('contributor'), 9_999],
    ]);
    const job = await nextJob([id]);
    const escrow = await pay('payer', job);
    expect(escrow.payments.map(({ amount }) => amount)).toEqual([5_000n, LICENCE - 5_000n, REWARD]);
    const { grants } = (await clients.provider.access.get_job(job.id))!;
    await takeKey(grants[0]!);
    const lines = await until('both lines are tried', async () => {
      const { payments } = (await clients.payer.treasury.get_escrow(escrow.id))!;
      return payments.slice(0, 2).every(({ block, refused }) => block.length + refused.length > 0) && payments;
    });
    expect(lines[0]!.refused[0]).toContain('BadBurn');
    expect(lines[1]!.block).toHaveLength(1);
  });
});
