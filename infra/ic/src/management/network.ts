import type { Principal } from '@dfinity/principal';
import { idOf, principalOf, textOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import type { Subnet } from '../subnet/subnet.js';
import type { Method, Request } from './request.js';

const VERSION = 'livepod-ic';

const subnetInfo: Method = (request, { subnet_id }: { subnet_id: Principal }) => {
  checkSubnet(request, subnet_id);
  return [{ replica_version: VERSION, registry_version: 1n }];
};

const subnetMetrics: Method = (request, { subnet_id }: { subnet_id: Principal }) => {
  checkSubnet(request, subnet_id);
  const { subnet } = request;
  const canisters = [...subnet.canisters.values()];
  return [
    {
      block_height: BigInt(subnet.state.round),
      num_canisters: BigInt(canisters.length),
      canister_state_bytes: canisters.reduce((sum, one) => sum + one.memoryBytes(), 0n),
      consumed_cycles_total: canisters
        .flatMap(({ state }) => Object.values(state.consumed ?? {}))
        .reduce((sum, cycles) => sum + cycles, 0n),
      update_transactions_total: subnet.state.messages ?? 0n,
    },
  ];
};

/** The one node has proposed every block and failed at none. */
const nodeMetricsHistory: Method = (
  request,
  { subnet_id, start_at_timestamp_nanos }: { subnet_id: Principal; start_at_timestamp_nanos: bigint },
) => {
  checkSubnet(request, subnet_id);
  const { round, time } = request.subnet.state;
  if (start_at_timestamp_nanos > time) return [[]];
  const node = {
    node_id: principalOf(idOf(request.subnet.network.nodeId)),
    num_blocks_proposed_total: BigInt(round),
    num_block_failures_total: 0n,
  };
  return [[{ timestamp_nanos: time, node_metrics: [node] }]];
};

function checkSubnet({ subnet }: Request, given: Principal): void {
  const id = idOf(given.toUint8Array());
  if (id !== idOf(subnet.network.subnetId)) throw new Reject('subnetNotFound', `Subnet ${textOf(id)} is not there.`);
}

/** `list_canisters`: for subnet admins, of whom this subnet has none. */
export function listCanisters(_subnet: Subnet, caller: Id): unknown {
  throw new Reject(
    'invalidSubnetAdmin',
    `Only subnet admins can call list_canisters; ${textOf(caller)} is none of them.`,
  );
}

export const networkMethods = {
  subnet_info: subnetInfo,
  subnet_metrics: subnetMetrics,
  node_metrics_history: nodeMetricsHistory,
};
