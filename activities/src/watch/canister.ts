import { CanisterError, CANISTERS, type Clients } from '@livepod/client';
import { COLLECT_LIMIT, hex, PAGE_LIMIT } from '@livepod/protocol';
import type { ObjectStore } from '@livepod/transfer';
import { findLeftovers, settleLeftover, type Keepers } from './leftovers.js';
import { collectObjects } from './objects.js';
import type { WatchPort } from './port.js';
import type { Runs } from './runs.js';

export interface WatchParts extends Keepers {
  clients: Clients;
  runs: Runs;
  /** Without it nothing is collected in an object store. */
  store?: { objects: ObjectStore; bucket: string };
}

export function canisterWatch({ clients, runs, store, ...keepers }: WatchParts): WatchPort {
  return {
    leftovers: ({ quietSeconds }) => findLeftovers(clients, runs, quietSeconds),
    settle: (leftover) => settleLeftover(clients, runs, keepers, leftover),
    async rooms() {
      const rooms = new Set<string>();
      const buckets = new Set<string>();
      let bytes = 0n;
      for (let after: [] | [Uint8Array] = []; ;) {
        const collected = await clients.datasets.collect_expired({ after, limit: PAGE_LIMIT });
        for (const uid of collected.rooms) rooms.add(hex(new Uint8Array(uid)));
        for (const bucket of collected.buckets) buckets.add(bucket.toText());
        bytes += collected.bytes;
        const [next] = collected.next;
        if (next === undefined)
          return {
            rooms: rooms.size,
            bytes: Number(bytes),
            buckets: [...buckets],
            checkpoints: await collectChunks(clients),
          };
        after = [new Uint8Array(next)];
      }
    },
    objects: async ({ after }) =>
      store ? collectObjects(clients, store.objects, store.bucket, after) : { objects: 0, uploads: 0, next: null },
    async balances({ least }) {
      const buckets = await clients.datasets.list_buckets();
      const all = [
        ...CANISTERS.map((name) => ({
          canister: name as string,
          id: clients.network.canisters[name],
          ask: () => clients[name].cycles(),
        })),
        ...buckets.map(({ bucket }) => ({
          canister: 'bucket',
          id: bucket.toText(),
          ask: () => clients.bucketClient(bucket).cycles(),
        })),
      ];
      const low: { canister: string; id: string; cycles: string }[] = [];
      for (const { canister, id, ask } of all) {
        const cycles = await told(ask);
        if (cycles !== undefined && cycles < BigInt(least)) low.push({ canister, id, cycles: cycles.toString() });
      }
      return low;
    },
  };
}

/** Chunks that jobs have put which ended without a checkpoint. */
async function collectChunks(clients: Clients): Promise<{ jobs: number; bytes: number }> {
  const found = { jobs: 0, bytes: 0 };
  for (let after: [] | [bigint] = []; ;) {
    const { jobs, bytes, next } = await clients.models.collect_chunks({ after, limit: COLLECT_LIMIT });
    found.jobs += jobs.length;
    found.bytes += Number(bytes);
    if (next[0] === undefined) return found;
    after = [next[0]];
  }
}

/** Undefined for a canister that does not tell, as an SNS's own governance and ledger. */
async function told(ask: () => Promise<bigint>): Promise<bigint | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CanisterError && error.code === 'rejected') return undefined;
    throw error;
  }
}
