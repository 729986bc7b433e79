import { Certificate, Cbor, lookup_path, reconstruct, type HashTree } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import type { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import {
  DerivedPublicKey,
  EncryptedVetKey,
  IbeCiphertext,
  IbeIdentity,
  IbeSeed,
  TransportSecretKey,
} from '@dfinity/vetkeys';
import {
  approve,
  connect,
  decision,
  identityFromSeed,
  propose,
  stake,
  type CanisterIds,
  type Clients,
  type GovernedPayloads,
} from '@livepod/client';
import { installAll } from '@livepod/client/install';
import {
  canonicalJson,
  concat,
  datasetUid,
  documentId,
  ed25519Der,
  hex,
  merkleRoot,
  openFile,
  sealFile,
  sha256,
  signDocument,
  u64be,
  unhex,
  utf8,
  lengthPrefixed,
  vetkdInput,
} from '@livepod/protocol';
import { managementOf } from '../src/management.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { IC_PROGRAM } from '@livepod/ic/program';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const DAY = 86_400_000_000_000n;
const TOKEN = 100_000_000n;
const who = { dao: 1, contributor: 2, provider: 3, outsider: 4 } as const;

let host: ChildProcess;
let state: string;
let network: { icHost: string; rootKey: string; canisters: CanisterIds };
const clients = {} as Record<keyof typeof who, Clients>;

const seedOf = (name: keyof typeof who): Uint8Array => new Uint8Array(32).fill(who[name]);
const identityOf = (name: keyof typeof who): Ed25519KeyIdentity => identityFromSeed(seedOf(name));
const principalOf = (name: keyof typeof who): Principal => identityOf(name).getPrincipal();
const publicKeyOf = (name: keyof typeof who): string =>
  hex(ed25519Der(new Uint8Array(identityOf(name).getPublicKey().toRaw())));

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'livepod-keys-'));
  host = spawn(process.execPath, [IC_PROGRAM, '--port', '0', '--state', state, '--quiet'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(host.stdout!), 'line')) as [string];
  const { url, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
  const { canisters } = await installAll({
    icHost: url,
    rootKey,
    wasmDir: join(ROOT, '.cache/wasm'),
    identity: identityOf('dao'),
    parameters: {
      token: {
        symbol: 'POD',
        name: 'Live Pod',
        balances: (Object.keys(who) as (keyof typeof who)[]).map((name) => ({
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
  for (const name of Object.keys(who) as (keyof typeof who)[]) clients[name] = await connect(network, identityOf(name));
  await stake(clients.dao, { amount: 100n * TOKEN, dissolveDelaySeconds: 10_000 });
}, 300_000);

afterAll(async () => {
  if (host && host.exitCode === null) {
    host.kill('SIGTERM');
    await once(host, 'exit');
  }
  rmSync(state, { recursive: true, force: true });
});

/** The DAO's only neuron decides at once. */
async function voted<M extends keyof GovernedPayloads>(method: M, payload: GovernedPayloads[M]): Promise<void> {
  const { proposal } = await propose(clients.dao, {
    method,
    payload,
    clientRef: `${method}-${Math.random()}`.slice(0, 50),
    title: method,
    summary: method,
  });
  for (;;) {
    const { outcome, failure } = await decision(clients.dao, proposal);
    if (outcome === 'executed') return;
    if (outcome !== 'open' && outcome !== 'adopted') throw new Error(`${method}: ${outcome} ${failure}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function bond(name: keyof typeof who, purpose: 'provider' | 'contributor', amount: bigint): Promise<void> {
  await approve(clients[name], amount + 10_000n);
  await clients[name].treasury.post_bond({
    purpose: { [purpose]: null } as never,
    amount,
    client_ref: `${name}-${purpose}`,
  });
}

/** A dataset of two files under a salt, sealed; the plain bytes stay here. */
async function sealedDataset(saltByte: number, plain: Uint8Array[]) {
  const salt = new Uint8Array(16).fill(saltByte);
  const uid = datasetUid(principalOf('contributor').toUint8Array(), salt);
  const dataKey = sha256(Uint8Array.of(saltByte));
  const files = await Promise.all(plain.map((bytes, fileIndex) => sealFile(bytes, { uid, dataKey, fileIndex })));
  const dpk = DerivedPublicKey.deserialize(new Uint8Array((await clients.contributor.access.cached_public_key())!));
  const wrappedKey = IbeCiphertext.encrypt(
    dpk,
    IbeIdentity.fromBytes(vetkdInput(uid, 0)),
    dataKey,
    IbeSeed.random(),
  ).serialize();
  const chunk = (stored: Uint8Array) => ({ sha256: hex(sha256(stored)), bytes: stored.length });
  const manifestIn = (bucket: Principal) => ({
    type: 'livepod.dataset/v1',
    title: 'Walking and sitting',
    modality: 'motion',
    schema: { channels: [{ name: 'ax', unit: 'g' }], rateMilliHz: 50_000, labels: ['walking'], device: 'watch' },
    salt: hex(salt),
    contributor: principalOf('contributor').toText(),
    publicKey: publicKeyOf('contributor'),
    keyEpoch: 0,
    files: files.map((stored, index) => ({
      name: `s${index}.csv`,
      bytes: plain[index]!.length,
      chunks: stored.map(chunk),
      merkleRoot: hex(merkleRoot(stored.map(sha256))),
    })),
    merkleRoot: hex(merkleRoot(files.flat().map(sha256))),
    storage: { kind: 'bucket', bucket: bucket.toText() },
    wrappedKey: hex(wrappedKey),
    licence: {
      fee: '100000000',
      access: 'fee',
      purposes: ['motion-recognition'],
      providerClasses: ['bonded'],
      termDays: 365,
      splits: [{ account: principalOf('contributor').toText(), basisPoints: 10_000 }],
    },
    statistics: { records: plain.length, milliseconds: 20, labels: { walking: 1 } },
  });
  return { salt, uid, dataKey, files, stored: files.flat(), wrappedKey, manifestIn };
}

async function upload(saltByte: number, plain: Uint8Array[]) {
  const sealed = await sealedDataset(saltByte, plain);
  const chunks = sealed.stored.map((stored) => ({ sha256: sha256(stored), bytes: stored.length }));
  const { bucket } = await clients.contributor.datasets.reserve({ salt: sealed.salt, chunks });
  const store = clients.contributor.bucketClient(bucket);
  for (const [index, bytes] of sealed.stored.entries()) await store.put_chunk({ uid: sealed.uid, index, bytes });
  const document = canonicalJson(sealed.manifestIn(bucket));
  return {
    ...sealed,
    bucket,
    store,
    chunks,
    document,
    signature: signDocument(document, seedOf('contributor')),
    id: documentId(document),
  };
}

const PLAIN = [new Uint8Array(1_000_000).map((_, index) => index % 251), new Uint8Array()];

describe('a dataset on its way to a provider', () => {
  it('is refused without a bond', async () => {
    const { salt, stored } = await sealedDataset(9, [utf8('x')]);
    const chunks = stored.map((bytes) => ({ sha256: sha256(bytes), bytes: bytes.length }));
    await expect(clients.contributor.datasets.reserve({ salt, chunks })).rejects.toMatchObject({ code: 'bondMissing' });
    await bond('contributor', 'contributor', TOKEN);
  });

  it('is refused while chunks are missing, and with a wrong signature; then it is taken in once', async () => {
    const sealed = await sealedDataset(1, PLAIN);
    const chunks = sealed.stored.map((bytes) => ({ sha256: sha256(bytes), bytes: bytes.length }));
    const { bucket } = await clients.contributor.datasets.reserve({ salt: sealed.salt, chunks });
    const store = clients.contributor.bucketClient(bucket);
    const document = canonicalJson(sealed.manifestIn(bucket));
    const signature = signDocument(document, seedOf('contributor'));
    await store.put_chunk({ uid: sealed.uid, index: 0, bytes: sealed.stored[0]! });
    expect([...(await store.missing(sealed.uid))]).toEqual([1, 2]);
    await expect(clients.contributor.datasets.register({ manifest: document, signature })).rejects.toMatchObject({
      code: 'missingChunks',
    });
    await expect(store.put_chunk({ uid: sealed.uid, index: 1, bytes: sealed.stored[2]! })).rejects.toMatchObject({
      code: 'wrongHash',
    });
    await expect(
      clients.outsider.bucketClient(bucket).put_chunk({ uid: sealed.uid, index: 1, bytes: sealed.stored[1]! }),
    ).rejects.toMatchObject({ code: 'notAuthorized' });
    for (const [index, bytes] of sealed.stored.entries()) await store.put_chunk({ uid: sealed.uid, index, bytes });
    await expect(
      clients.contributor.datasets.register({
        manifest: document,
        signature: signDocument(document, seedOf('outsider')),
      }),
    ).rejects.toMatchObject({ code: 'wrongSignature' });

    const dataset = await clients.contributor.datasets.register({ manifest: document, signature });
    expect(dataset).toMatchObject({ id: documentId(document), status: { submitted: null }, chunks: 3 });
    expect(await clients.contributor.datasets.register({ manifest: document, signature })).toEqual(dataset);
    await expect(clients.outsider.bucketClient(bucket).get_chunk({ uid: sealed.uid, index: 0 })).rejects.toMatchObject({
      code: 'notAuthorized',
    });
  });

  it('goes to a second bucket when the first is full, and leaves nothing there when it is withdrawn', async () => {
    const first = (await clients.dao.datasets.list_buckets())[0]!;
    const second = await upload(2, [new Uint8Array(1_500_000)]);
    expect(second.bucket.toText()).not.toBe(first.bucket.toText());
    const { id } = await clients.contributor.datasets.register({
      manifest: second.document,
      signature: second.signature,
    });
    await expect(clients.outsider.datasets.withdraw(id)).rejects.toMatchObject({ code: 'notAuthorized' });
    expect(await clients.contributor.datasets.withdraw(id)).toMatchObject({ status: { withdrawn: null } });
    expect(await second.store.status()).toMatchObject({ used: 0n, reserved: 0n, datasets: 0n });
  });

  it('is read and opened by the provider of a paid job, and by nobody else', async () => {
    const sealed = await upload(3, [utf8('time,ax\n0,1\n')]);
    const { id } = await clients.contributor.datasets.register({
      manifest: sealed.document,
      signature: sealed.signature,
    });
    const recipe = canonicalJson({
      type: 'livepod.recipe/v1',
      name: 'motion-cnn',
      version: '1.0.0',
      bundle: `sha256:${'00'.repeat(32)}`,
      hyperparameters: { epochs: { kind: 'integer', min: 1, max: 50, default: 12 } },
      resources: { memoryMiB: 2048, seconds: 3600 },
      outputs: ['model.onnx'],
      purposes: ['motion-recognition'],
    });
    await clients.provider.access.submit_recipe({ document: recipe });
    await clients.provider.access.register_provider({ name: 'provider-1', class: { bonded: null } });
    const deadline = BigInt(Date.now()) * 1_000_000n + DAY;
    const approval = canonicalJson({
      type: 'livepod.approval/v1',
      recipe: documentId(recipe),
      arguments: { epochs: 12 },
      seed: 1,
      datasets: [{ id, epoch: 0 }],
      base: null,
      resources: { memoryMiB: 1024, seconds: 600 },
      egress: 'none',
      privacy: null,
      provider: principalOf('provider').toText(),
      reward: '500000000',
      deadline: String(deadline),
    });
    const ask = () => clients.provider.access.request_access({ client_ref: 'round-1', approval });
    await expect(ask()).rejects.toMatchObject({ code: 'notApproved' });
    await voted('approve_provider', { provider: principalOf('provider') });
    await voted('approve_recipe', { recipe: documentId(recipe) });
    await expect(ask()).rejects.toMatchObject({ code: 'bondMissing' });
    await bond('provider', 'provider', 10n * TOKEN);
    await expect(ask()).rejects.toMatchObject({ code: 'notApproved' });
    await voted('accept_dataset', { dataset: id });
    const job = await ask();
    expect(job).toMatchObject({
      state: { requested: null },
      fees: TOKEN,
      reward: 5n * TOKEN,
      approval_digest: documentId(approval),
    });
    expect(await ask()).toEqual(job);

    const { approve: allowance, subaccount } = await clients.dao.treasury.quote_escrow({ job: job.id });
    await approve(clients.dao, allowance, { owner: clients.dao.treasury.canisterId, subaccount: [subaccount] });
    await clients.dao.treasury.open_escrow({ job: job.id, client_ref: 'round-1', approval: [], at_most: [] });
    const paid = (await clients.provider.access.get_job(job.id))!;
    expect(paid).toMatchObject({ state: { granted: null }, payer: [principalOf('dao')] });
    const grant = paid.grants[0]!;

    const chunk = await clients.provider.bucketClient(sealed.bucket).get_chunk({ uid: sealed.uid, index: 0 });
    await expect(
      clients.outsider.bucketClient(sealed.bucket).get_chunk({ uid: sealed.uid, index: 0 }),
    ).rejects.toMatchObject({ code: 'notAuthorized' });
    const transport = TransportSecretKey.random();
    const release = (name: keyof typeof who, to = transport) =>
      clients[name].access.release_key({ grant, transport_public_key: to.publicKeyBytes() });
    await expect(release('outsider')).rejects.toMatchObject({ code: 'wrongPrincipal' });
    await expect(release('dao')).rejects.toMatchObject({ code: 'wrongPrincipal' });

    const { encrypted_key } = await release('provider');
    const dpk = DerivedPublicKey.deserialize(new Uint8Array((await clients.provider.access.cached_public_key())!));
    const vetKey = EncryptedVetKey.deserialize(new Uint8Array(encrypted_key)).decryptAndVerify(
      transport,
      dpk,
      vetkdInput(sealed.uid, 0),
    );
    const dataKey = IbeCiphertext.deserialize(sealed.wrappedKey).decrypt(vetKey);
    expect(hex(dataKey)).toBe(hex(sealed.dataKey));
    const opened = await openFile([new Uint8Array(chunk)], { uid: sealed.uid, dataKey, fileIndex: 0 });
    expect(new TextDecoder().decode(opened)).toBe('time,ax\n0,1\n');

    // A transport key off the curve: the use is counted all the same.
    await expect(
      clients.provider.access.release_key({ grant, transport_public_key: new Uint8Array(48) }),
    ).rejects.toMatchObject({ code: 'unavailable' });
    expect(await clients.provider.access.get_grant(grant)).toMatchObject({ uses_left: 1 });
    // The same transport key again: the same answer, for a provider that did not hear it, and no further use.
    expect(await release('provider')).toEqual({ encrypted_key });
    expect(await clients.provider.access.get_grant(grant)).toMatchObject({ uses_left: 1 });
    await release('provider', TransportSecretKey.random());
    await expect(release('provider', TransportSecretKey.random())).rejects.toMatchObject({ code: 'grantSpent' });

    await clients.provider.access.fail_job({ job: job.id, reason: 'the disk is full' });
    await expect(release('provider')).rejects.toMatchObject({ code: 'grantRevoked' });
  }, 120_000);

  it('is not accepted by anybody but the governor', async () => {
    const { id } = await upload(4, [utf8('y')]).then((sealed) =>
      clients.contributor.datasets.register({ manifest: sealed.document, signature: sealed.signature }),
    );
    await expect(clients.dao.datasets.accept_dataset({ dataset: id })).rejects.toMatchObject({ code: 'rejected' });
    await expect(
      clients.dao.datasets.open_reads({ dataset: id, reader: principalOf('dao'), until: 1n }),
    ).rejects.toMatchObject({ code: 'rejected' });
  });

  it('is all there after an upgrade of every canister that keeps it', async () => {
    const before = await kept();
    const management = await managementOf(clients.dao.agent);
    for (const name of ['datasets', 'access'] as const) {
      const canister = Principal.fromText(network.canisters[name]);
      await management.stop(canister);
      await management.install(
        canister,
        readFileSync(join(ROOT, `.cache/wasm/${name}.wasm`)),
        IDL.encode([], []),
        'upgrade',
      );
      await management.start(canister);
    }
    expect(await kept()).toEqual(before);
    // Who may do what is kept too.
    await expect(
      clients.outsider.access.release_key({ grant: 1n, transport_public_key: new Uint8Array(48) }),
    ).rejects.toMatchObject({ code: 'wrongPrincipal' });
  });

  const kept = async () => [
    await clients.dao.datasets.list_datasets({ after: [], limit: 100, status: [] }),
    await clients.dao.datasets.list_buckets(),
    (await clients.dao.datasets.audit_tip()).hash,
    await clients.dao.access.list_jobs({ after: [], limit: 100 }),
    await clients.dao.access.list_recipes({ after: [], limit: 100 }),
    await clients.dao.access.list_grants({ job: 1n }),
    await clients.dao.access.cached_public_key(),
    (await clients.dao.access.audit_tip()).hash,
  ];

  it('leaves a chain of audit entries whose tip the network certifies', async () => {
    for (const name of ['datasets', 'access'] as const) {
      const canister = clients.outsider[name];
      const tip = await canister.audit_tip();
      let previous: Uint8Array = new Uint8Array(32);
      for (let start = 0n; start < tip.length; start += 100n) {
        for (const entry of await canister.audit_log({ start, length: 100 })) {
          const head = concat(
            lengthPrefixed(utf8('livepod.audit/v1')),
            previous,
            u64be(entry.index),
            u64be(entry.at),
            lengthPrefixed(entry.caller.toUint8Array()),
            utf8(entry.event),
          );
          expect(hex(new Uint8Array(entry.hash))).toBe(hex((previous = sha256(head))));
        }
      }
      expect(hex(new Uint8Array(tip.hash))).toBe(hex(previous));

      const canisterId = Principal.fromText(network.canisters[name]);
      const certificate = await Certificate.create({
        certificate: new Uint8Array(tip.certificate[0]!),
        rootKey: unhex(network.rootKey),
        canisterId,
      });
      const certified = certificate.lookup_path(['canister', canisterId.toUint8Array(), 'certified_data']) as {
        value: Uint8Array;
      };
      const witness = Cbor.decode<HashTree>(new Uint8Array(tip.witness));
      expect(hex(await reconstruct(witness))).toBe(hex(certified.value));
      expect(hex((lookup_path(['audit_tip'], witness) as { value: Uint8Array }).value)).toBe(hex(previous));
    }
  });
});
