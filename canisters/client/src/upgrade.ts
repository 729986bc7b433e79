import { Principal } from '@dfinity/principal';
import { hex, sha256 } from '@livepod/protocol';
import type { Clients } from './connect.js';
import { CanisterError } from './errors.js';
import { managementOf } from './management.js';
import { CANISTERS, type CanisterName } from './network.js';
import { propose, type ProposalReceipt, type ProposalWords } from './proposals.js';

/** Enough for a canister that only keeps a module until its vote is over. */
const STORE_CYCLES = 1_000_000_000_000n;

export interface UpgradeRequest extends ProposalWords {
  canister: CanisterName | 'root';
  wasm: Uint8Array;
  /** What `post_upgrade` is given; nothing by default. */
  argument?: Uint8Array;
  /** A canister whose chunk store keeps the module until the vote is over, controlled by the caller. */
  store?: string;
}

/**
 * Puts a canister's new module to the vote by its hash. The module lies in the chunk store of a canister that the
 * proposer makes (local networks) or names, and pays for; what will install it becomes its controller too.
 *
 * @returns the proposal, the hash that voters compare, and the store
 */
export async function proposeUpgrade(
  clients: Clients,
  request: UpgradeRequest,
): Promise<ProposalReceipt & { hash: string; store: string }> {
  const { root, canisters } = clients.network;
  if (root === undefined)
    throw new CanisterError(
      'preconditionFailed',
      {},
      'The network has no root canister; whoever installed it upgrades.',
    );
  const toRoot = request.canister === 'root';
  const installer = Principal.fromText(toRoot ? canisters.governance : root);
  const management = await managementOf(clients.agent);
  const store = request.store ? Principal.fromText(request.store) : await management.create(STORE_CYCLES);
  await management.setControllers(store, [clients.principal, installer]);
  const chunks = await management.upload(store, request.wasm);
  const hash = sha256(request.wasm);
  const payload = {
    canister: Principal.fromText(toRoot ? root : canisters[request.canister as CanisterName]),
    wasm_hash: hash,
    store,
    chunk_hashes: chunks,
    arg: request.argument ?? new Uint8Array(),
  };
  const receipt = toRoot
    ? await propose(clients, { ...request, method: 'upgrade_root', payload })
    : await propose(clients, { ...request, method: 'upgrade_canister', payload });
  return { ...receipt, hash: hex(hash), store: store.toText() };
}

export const isUpgradable = (name: string): name is CanisterName | 'root' =>
  name === 'root' || CANISTERS.some((known) => known === name);
