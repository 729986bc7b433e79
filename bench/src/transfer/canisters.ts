import { approve, connect, identityFromSeed, type Clients } from '@livepod/client';
import { installAll } from '@livepod/client/install';
import { cache } from '@livepod/stack';
import { randomBytes } from 'node:crypto';
import type { IcReady } from './icHost.js';

const TOKEN = 100_000_000n;

/** A network of all canisters, and in it a contributor with a bond. @param capacity  bytes of a bucket */
export async function installedClients(ic: IcReady, capacity: bigint): Promise<{ clients: Clients; seed: Uint8Array }> {
  const seed = new Uint8Array(randomBytes(32));
  const identity = identityFromSeed(seed);
  const { canisters, vetkdMaster } = await installAll({
    icHost: ic.url,
    rootKey: ic.rootKey,
    wasmDir: cache('wasm'),
    identity,
    parameters: {
      token: {
        symbol: 'BENCH',
        name: 'Bench',
        balances: [{ owner: identity.getPrincipal().toText(), amount: 1_000n * TOKEN }],
      },
      vetkdKeyName: 'test_key_1',
      schnorrKeyName: 'test_key_1',
      minProviderBond: TOKEN,
      minContributorBond: TOKEN,
      bucketCapacityBytes: capacity,
      bucketCycles: 10_000_000_000_000n,
      operators: [],
    },
  });
  const clients = await connect({ icHost: ic.url, rootKey: ic.rootKey, canisters, vetkdMaster }, identity);
  await approve(clients, 10n * TOKEN);
  await clients.treasury.post_bond({ purpose: { contributor: null }, amount: TOKEN, client_ref: 'bench' });
  return { clients, seed };
}
