/**
 * An installation on the embedded IC host with one voter who decides at once, and what is voted on: a provider, a
 * recipe, an evaluator, datasets, a paid job. Governance is ours, or a real SNS's (`sns.ts`).
 */
import { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import {
  approve,
  connect,
  decision,
  identityFromSeed,
  propose,
  proposeFunction,
  stake,
  type Clients,
  type Decision,
  type Governance,
  type GovernedMethod,
  type GovernedPayloads,
  type IcNetwork,
  type ProposalReceipt,
} from '@livepod/client';
import { installAll, type InstallRequest } from '@livepod/client/install';
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
import { IC_PROGRAM } from '@livepod/ic/program';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installSns, registerAll, snsWasm } from './sns.js';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const TOKEN = 100_000_000n;
const NAMES = ['dao', 'provider', 'evaluator', 'contributor', 'stranger'] as const;
export type Name = (typeof NAMES)[number];

export const seedOf = (name: Name): Uint8Array => sha256(utf8(`governed ${name}`));
const publicKeyOf = (name: Name): string =>
  hex(ed25519Der(new Uint8Array(Ed25519KeyIdentity.generate(seedOf(name)).getPublicKey().toRaw())));

export interface World {
  network: IcNetwork;
  networkFile: string;
  request: InstallRequest;
  clients: Record<Name, Clients>;
  /** Whether a real SNS governs. */
  sns: boolean;
  recipe: string;
  end(): Promise<void>;
}

export const wasmDir = (): string => process.env['LIVEPOD_WASM'] ?? join(ROOT, '.cache/wasm');

/** Installs everything, locks the voter's stake, and has provider, recipe and evaluator voted in. */
export async function begin(modules = wasmDir()): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'livepod-governed-'));
  const host = spawn(process.execPath, [IC_PROGRAM, '--port', '0', '--state', join(folder, 'ic'), '--quiet'], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(host.stdout!), 'line')) as [string];
  const { url, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
  const request: InstallRequest = {
    icHost: url,
    rootKey,
    wasmDir: modules,
    identity: identityFromSeed(seedOf('dao')),
    networkFile: join(folder, 'network.json'),
    parameters: {
      token: {
        symbol: 'POD',
        name: 'Live Pod',
        balances: NAMES.map((name) => ({
          owner: identityFromSeed(seedOf(name)).getPrincipal().toText(),
          amount: 10_000n * TOKEN,
        })),
      },
      // What upgrades is decided at the deadline of the longer vote, twice as far.
      voting: { periodSeconds: 4, minimumDissolveDelaySeconds: 1_000 },
      vetkdKeyName: 'test_key_1',
      schnorrKeyName: 'test_key_1',
      minProviderBond: 10n * TOKEN,
      minContributorBond: TOKEN,
      bucketCapacityBytes: 16n << 20n,
      bucketCycles: 5_000_000_000_000n,
      operators: [],
      rootSeeds: [1, 2, 3].map((n) => new Uint8Array(32).fill(n)),
    },
  };
  const sns = snsWasm();
  const snsIds = sns ? await installSns(request, sns) : undefined;
  const installed = await installAll({ ...request, ...snsIds?.ids });
  const network: IcNetwork = {
    icHost: url,
    rootKey,
    canisters: installed.canisters,
    root: installed.rootCanister,
    vetkdMaster: installed.vetkdMaster,
    ...(snsIds && { rootController: snsIds.rootController }),
  };
  const clients = {} as World['clients'];
  for (const name of NAMES) clients[name] = await connect(network, identityFromSeed(seedOf(name)));
  await stake(clients.dao, { amount: 1_000n * TOKEN, dissolveDelaySeconds: 20_000 });
  const world: World = {
    ...{ network, networkFile: request.networkFile!, request, clients, sns: sns !== undefined, recipe: '' },
    end: () => end(host, folder),
  };
  if (sns) await registerAll(network, (add) => passFunction(world, { add }));
  await bond(clients.provider, 'provider', 10n * TOKEN);
  await bond(clients.contributor, 'contributor', TOKEN);
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
  world.recipe = documentId(document);
  await clients.provider.access.submit_recipe({ document });
  await clients.provider.access.register_provider({ name: 'provider-1', class: { bonded: null } });
  return world;
}

async function end(host: ChildProcess, folder: string): Promise<void> {
  if (host.exitCode === null) {
    host.kill('SIGTERM');
    await once(host, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
}

export async function bond(clients: Clients, purpose: 'provider' | 'contributor', amount: bigint): Promise<void> {
  await approve(clients, amount + 10_000n);
  const ref = `${purpose}-${Math.random()}`;
  await clients.treasury.post_bond({ purpose: { [purpose]: null } as never, amount, client_ref: ref });
}

const words = (title: string) => ({ clientRef: `${title}-${Math.random()}`.slice(0, 50), title, summary: title });

/** Waits until a proposal is over. */
export async function over({ clients }: World, { proposal }: ProposalReceipt): Promise<Decision> {
  for (;;) {
    const now = await decision(clients.dao, proposal);
    if (now.outcome !== 'open' && now.outcome !== 'adopted') return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Proposes a governed method; the DAO's only neuron decides at once. */
export async function vote<M extends GovernedMethod>(
  world: World,
  method: M,
  payload: GovernedPayloads[M],
): Promise<Decision> {
  return over(world, await propose(world.clients.dao, { method, payload, ...words(method) }));
}

/** The same, which has to be carried out. */
export async function pass<M extends GovernedMethod>(
  world: World,
  method: M,
  payload: GovernedPayloads[M],
): Promise<Decision> {
  const decided = await vote(world, method, payload);
  if (decided.outcome !== 'executed') throw new Error(`${method}: ${decided.outcome} ${decided.failure}`);
  return decided;
}

/** Votes a function into the table, or out of it. */
export async function passFunction(
  world: World,
  change: { add: Governance.NervousSystemFunction } | { remove: number },
): Promise<Decision> {
  return over(world, await proposeFunction(world.clients.dao, { ...words('functions'), ...change }));
}

/** A small dataset in a bucket, registered; voted in unless said otherwise. */
export async function contribute(world: World, saltByte: number, access: 'fee' | 'vote' = 'fee'): Promise<string> {
  const { contributor } = world.clients;
  const salt = new Uint8Array(16).fill(saltByte);
  const uid = datasetUid(contributor.principal.toUint8Array(), salt);
  const dataKey = sha256(salt);
  const [chunk] = await sealFile(utf8('time,ax\n0,1\n'), { uid, dataKey, fileIndex: 0 });
  const hash = sha256(chunk!);
  const { bucket } = await contributor.datasets.reserve({ salt, chunks: [{ sha256: hash, bytes: chunk!.length }] });
  await contributor.bucketClient(bucket).put_chunk({ uid, index: 0, bytes: chunk! });
  const root = hex(merkleRoot([hash]));
  const manifest = canonicalJson({
    type: 'livepod.dataset/v1',
    title: 'A walk',
    modality: 'motion',
    schema: { channels: [{ name: 'ax', unit: 'g' }], rateMilliHz: 50_000, labels: ['walking'], device: 'watch' },
    salt: hex(salt),
    contributor: contributor.principal.toText(),
    publicKey: publicKeyOf('contributor'),
    keyEpoch: 0,
    files: [{ name: 's.csv', bytes: 12, chunks: [{ sha256: hex(hash), bytes: chunk!.length }], merkleRoot: root }],
    merkleRoot: root,
    storage: { kind: 'bucket', bucket: bucket.toText() },
    wrappedKey: '00'.repeat(168),
    licence: {
      ...{ fee: '100000000', access, purposes: ['motion-recognition'], providerClasses: ['bonded'], termDays: 365 },
      splits: [{ account: contributor.principal.toText(), basisPoints: 10_000 }],
    },
    statistics: { records: 1, milliseconds: 20, labels: { walking: 1 } },
  });
  const signature = signDocument(manifest, seedOf('contributor'));
  const { id } = await contributor.datasets.register({ manifest, signature });
  await pass(world, 'accept_dataset', { dataset: id });
  return id;
}

/** A job on a dataset, paid. @returns its number, and the grant that it has when its licence asks for no vote */
export async function paidJob(world: World, dataset: string): Promise<{ job: bigint; grant: bigint }> {
  const { provider, dao } = world.clients;
  const reference = `job-${Math.random()}`;
  const approval = canonicalJson({
    ...{ type: 'livepod.approval/v1', recipe: world.recipe, arguments: { epochs: 12 }, seed: 1 },
    ...{ datasets: [{ id: dataset, epoch: 0 }], base: null, egress: 'none', privacy: null, reward: '500000000' },
    resources: { memoryMiB: 1024, seconds: 600 },
    provider: provider.principal.toText(),
    deadline: String(BigInt(Date.now() + 86_400_000) * 1_000_000n),
  });
  const { id: job } = await provider.access.request_access({ client_ref: reference, approval });
  const quote = await dao.treasury.quote_escrow({ job });
  await approve(dao, quote.approve, { owner: dao.treasury.canisterId, subaccount: [quote.subaccount] });
  await dao.treasury.open_escrow({ job, client_ref: reference, approval: [], at_most: [] });
  return { job, grant: (await provider.access.get_job(job))!.grants[0] ?? 0n };
}

/** Any principal that nobody holds the key of. */
export const somebody = (n: number): Principal => Principal.fromUint8Array(new Uint8Array(10).fill(n));
