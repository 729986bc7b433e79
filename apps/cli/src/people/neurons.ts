import type { Principal } from '@dfinity/principal';
import type { Clients, Governance } from '@livepod/client';
import { PAGE_LIMIT } from '@livepod/protocol';

/** Somebody's neurons, at most a page of them. */
export async function neuronsOf(clients: Clients, owner: Principal = clients.principal): Promise<Governance.Neuron[]> {
  const { neurons } = await clients.governance.list_neurons({
    of_principal: [owner],
    limit: PAGE_LIMIT,
    start_page_at: [],
  });
  return neurons;
}

/** What the caller's neurons hold, e8s. */
export const stakeOf = async (clients: Clients): Promise<bigint> =>
  (await neuronsOf(clients)).reduce((sum, each) => sum + each.cached_neuron_stake_e8s, 0n);
