import { availableParallelism, loadavg } from 'node:os';
import { selfAuthenticating } from '@livepod/ic/certificates';
import type { TestNetwork } from '@livepod/ic/testing';
import type { BenchOptions, BenchRow } from '../benchmark.js';
import { median } from '../measuring.js';
import { bareCalls } from './bare.js';
import { drive, type Figures } from './clients.js';
import { coldStart } from './coldStart.js';
import type { Load } from './load.js';
import { emptyProcess, restart, startHost, type Target } from './network.js';
import { parts, processorTime } from './parts.js';
import { startPocketIc } from './pocketIc.js';
import { roundCosts } from './rounds.js';

export const name = 'ic';
export const what =
  'the embedded Internet Computer: updates, queries, uploads, rounds, restarts; beside the bare Wasm call and PocketIC';

/** How much is measured; a test makes it tiny. */
export interface Sizes {
  /** Clients, and requests of each measurement. */
  updates: [[clients: number, requests: number], ...[clients: number, requests: number][]];
  queries: [clients: number, requests: number];
  /** Of 1 MiB; a canister's store takes 100. */
  chunks: number;
  /** That are added to a canister's heap to make it large. */
  heapBytes: number;
  rounds: number;
  bareSeconds: number;
  restarts: number;
  /** Of stable memory for the cold start; 0 leaves it out. */
  coldBytes: number;
}

const SIZES: Sizes = {
  updates: [
    [1, 1000],
    [16, 5000],
    [256, 10_000],
  ],
  queries: [32, 30_000],
  chunks: 96,
  heapBytes: 256 * 2 ** 20,
  rounds: 300,
  bareSeconds: 1,
  restarts: 3,
  coldBytes: 10 * 2 ** 30,
};
const informs = { peer: null, peerValue: null, ratio: null, target: null } as const;

export async function run(options: BenchOptions, sizes: Sizes = SIZES): Promise<BenchRow[]> {
  const { note, progress } = options;
  const { network, seed, target } = await startHost();
  let pocket: Target | undefined;
  try {
    const controller = selfAuthenticating(new Uint8Array(network.identity.getPublicKey().toDer()));
    pocket = await startPocketIc(controller);
    if (!pocket)
      note('No PocketIC server here (LIVEPOD_POCKET_IC names its program), so there is no column of its figures.');
    note('The host runs with --no-rate-limits: the main network lets a canister write 75 MiB a second and no more.');
    note(
      'Clients run in a process of their own on the same cores, with envelopes signed beforehand; the host ' +
        'verifies each one: Ed25519 signature, expiry, replay. Every 500th certificate is verified to the root ' +
        'key afterwards.',
    );
    const rows: BenchRow[] = [];
    const used: string[] = [];
    const measure = async (of: string, requests: number, work: Promise<BenchRow[]>): Promise<void> => {
      const before = processorTime(network);
      rows.push(...(await work));
      used.push(`${(((processorTime(network) - before) * 1000) / requests).toPrecision(2)} ms per ${of}`);
    };
    await measure(
      'update',
      sizes.updates.reduce((sum, [, requests]) => sum + requests, 0),
      updates(target, pocket, seed, sizes, options),
    );
    await measure('query', sizes.queries[1], queries(target, pocket, seed, sizes, options));
    await measure('chunk', sizes.chunks, upload(target, seed, sizes, options));
    rows.push(...(await rounds(sizes, options)));
    note(
      `Processor time of the host, all its threads: ${used.join(', ')}; ${availableParallelism()} cores, ` +
        `shared with the clients, under a load of ${loadavg()[0]!.toFixed(1)}.`,
    );
    note(whatIsIn(parts(seed, target.canister)));
    progress('restarts');
    const clean = await middle(sizes.restarts, () => restart(network, 'SIGTERM'));
    const killed = await middle(sizes.restarts, () => restart(network, 'SIGKILL'));
    rows.push(
      { ...informs, name: 'restart after SIGTERM to readiness', value: clean, unit: 's', target: 1, bound: 'most' },
      { ...informs, name: 'restart after SIGKILL to readiness', value: killed, unit: 's', target: 1, bound: 'most' },
    );
    rows.push(await largeHeap(network, seed, target, sizes, options));
    rows.push({
      ...informs,
      name: `restart with a heap of ${sizes.heapBytes / 2 ** 20} MiB`,
      value: await middle(sizes.restarts, () => restart(network, 'SIGTERM')),
      unit: 's',
    });
    note(`Of a restart, ${(await emptyProcess()).toFixed(2)} s are the start of Node.`);
    return [...rows, ...(await coldStart(sizes.coldBytes, options))];
  } finally {
    await pocket?.stop();
    await target.stop();
  }
}

const whatIsIn = (cost: ReturnType<typeof parts>): string =>
  `What is in it, each done alone: envelope read and verified ${milli(cost.envelope)}, the node’s Ed25519 ` +
  `signature on a query ${milli(cost.nodeSignature)}; per round the BLS signature ` +
  `${milli(cost.subnetSignature)} and fdatasync ${milli(cost.flush)}. The rest is HTTP, CBOR, hashing and ` +
  'passing between threads.';

/** A figure with PocketIC's beside it where there is one; targets are absolute. */
function beside(
  row: Pick<BenchRow, 'name' | 'value' | 'unit'>,
  peerValue: number | undefined,
  held?: Pick<BenchRow, 'target' | 'bound'>,
): BenchRow {
  const peer =
    peerValue === undefined
      ? { peer: null, peerValue: null, ratio: null }
      : { peer: 'PocketIC', peerValue, ratio: row.value / peerValue };
  return { ...row, ...peer, target: null, ...held, ...(held && { held: 'value' as const }) };
}

async function updates(
  target: Target,
  pocket: Target | undefined,
  seed: string,
  sizes: Sizes,
  { note, progress }: BenchOptions,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  let most = 0;
  for (const [clients, requests] of sizes.updates) {
    progress(`updates, ${clients} clients`);
    const ask = { seed, kind: 'update', clients, requests, warmUp: Math.ceil(requests / 6) } as const;
    const ours = await drive({ ...ask, ...target });
    const theirs = pocket && (await drive({ ...ask, ...fewer(requests, clients * 20), ...pocket }));
    most = Math.max(most, ours.rate);
    rows.push(
      beside(
        { name: `certified updates, ${of(clients)}`, value: ours.rate, unit: '/s' },
        theirs?.rate,
        clients >= 256 ? { target: 1000 } : undefined,
      ),
      beside(
        { name: `update p50, ${of(clients)}`, value: ours.p50, unit: 'ms' },
        theirs?.p50,
        clients === 1 ? { target: 15, bound: 'most' } : undefined,
      ),
      beside({ name: `update p99, ${of(clients)}`, value: ours.p99, unit: 'ms' }, theirs?.p99),
    );
  }
  const bare = bareCalls('canister_update increment', sizes.bareSeconds);
  note(
    `The limit: V8 makes ${Math.round(bare).toLocaleString('en-US')} bare calls of the same method per ` +
      `second, so Wasm itself is ${((100 * most) / bare).toPrecision(2)} % of the best rate's time; the rest is ` +
      'HTTP, CBOR, Ed25519, the state tree, the signature and fdatasync.',
  );
  rows.push({
    name: 'certified updates, best rate',
    value: most,
    unit: '/s',
    peer: 'bare Wasm call in V8',
    peerValue: bare,
    ratio: most / bare,
    target: null,
  });
  return rows;
}

/** What a message costs in a canister whose heap is large. */
async function largeHeap(
  network: TestNetwork,
  seed: string,
  target: Target,
  { heapBytes, updates: [[, requests]] }: Sizes,
  { progress }: BenchOptions,
): Promise<BenchRow> {
  const size = `heap of ${heapBytes / 2 ** 20} MiB`;
  progress(`updates, ${size}`);
  const ask = {
    seed,
    kind: 'update',
    clients: 1,
    requests,
    warmUp: Math.ceil(requests / 6),
    ...target,
    url: network.url,
  } as const;
  const little = await drive(ask);
  const canister = await network.deploy();
  await canister.grow_heap(BigInt(heapBytes));
  const large = await drive({ ...ask, canister: canister.id.toText() });
  return {
    name: `update p50, 1 client, ${size}`,
    value: large.p50,
    unit: 'ms',
    peer: 'heap of 1 MiB',
    peerValue: little.p50,
    ratio: large.p50 / little.p50,
    target: 1.2,
    bound: 'most',
  };
}

async function queries(
  target: Target,
  pocket: Target | undefined,
  seed: string,
  { queries: [clients, requests], bareSeconds }: Sizes,
  { progress }: BenchOptions,
): Promise<BenchRow[]> {
  progress(`queries, ${clients} clients`);
  const ask = { seed, kind: 'query', clients, requests, warmUp: Math.ceil(requests / 6) } as const;
  const ours: Figures = await drive({ ...ask, ...target });
  const theirs = pocket && (await drive({ ...ask, ...fewer(requests, 4000), ...pocket }));
  const bare = bareCalls('canister_query counter', bareSeconds);
  return [
    beside({ name: `signed queries, ${clients} clients`, value: ours.rate, unit: '/s' }, theirs?.rate, {
      target: 5000,
    }),
    beside({ name: `query p50, ${clients} clients`, value: ours.p50, unit: 'ms' }, theirs?.p50),
    beside({ name: `query p99, ${clients} clients`, value: ours.p99, unit: 'ms' }, theirs?.p99),
    {
      name: 'signed queries',
      value: ours.rate,
      unit: '/s',
      peer: 'bare Wasm call in V8',
      peerValue: bare,
      ratio: ours.rate / bare,
      target: null,
    },
  ];
}

async function upload(
  target: Target,
  seed: string,
  { chunks }: Sizes,
  { progress }: BenchOptions,
): Promise<BenchRow[]> {
  progress('chunk upload');
  const { rate } = await drive({
    seed,
    kind: 'chunk',
    clients: Math.min(4, chunks),
    requests: chunks,
    warmUp: Math.min(8, chunks >> 1),
    ...target,
  } satisfies Load);
  return [{ ...informs, name: 'upload of 1 MiB chunks, 4 clients', value: rate * 1.048576, unit: 'MB/s', target: 60 }];
}

async function rounds(sizes: Sizes, { progress }: BenchOptions): Promise<BenchRow[]> {
  progress('rounds');
  const { empty, certificate } = await roundCosts(sizes.rounds);
  return [
    { ...informs, name: 'a round with nothing in it: journal and fdatasync', value: empty, unit: 'ms' },
    { ...informs, name: 'state tree and signature of a round', value: certificate, unit: 'ms' },
  ];
}

/** PocketIC may be slow: it is asked at most so often. */
const fewer = (requests: number, most: number): Pick<Load, 'requests' | 'warmUp'> => ({
  requests: Math.min(requests, most),
  warmUp: Math.ceil(Math.min(requests, most) / 6),
});

const milli = (value: number): string => `${value.toPrecision(2)} ms`;

async function middle(times: number, take: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  while (taken.length < times) taken.push(await take());
  return median(taken);
}

const of = (clients: number): string => (clients === 1 ? '1 client' : `${clients} clients`);
