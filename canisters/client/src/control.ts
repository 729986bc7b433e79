import { Certificate, LookupPathStatus, type HttpAgent } from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { hex, utf8 } from '@livepod/protocol';
import { controllersIn } from './controllers.js';
import { callError, CanisterError } from './errors.js';
import { CANISTERS, type CanisterName, type IcNetwork } from './network.js';
import { byNetworkTime } from './time.js';

/** Who can change one canister, as the network certifies it. */
export interface ControlOfCanister {
  name: CanisterName | 'root';
  canister: string;
  /** Who can change its code. */
  controllers: string[];
  /** Hex SHA-256 of its module; `npm run wasm -- --hash` prints those that the sources make. */
  module?: string;
  by: 'dao' | 'person';
}

export interface Control {
  /** `dao` when every canister answers to votes alone; `person` as long as somebody's key can change one of them. */
  by: 'dao' | 'person';
  /** Governance, or an SNS's root by configuration: what controls root. */
  rootController: string;
  canisters: ControlOfCanister[];
}

/**
 * Reads from certified state who controls each canister. The DAO does when root alone controls every canister, and
 * governance (or the SNS's root that network.json names) alone controls root.
 *
 * @throws CanisterError `untrusted` · `network`
 */
export async function controlOf(agent: HttpAgent, network: IcNetwork): Promise<Control> {
  const canisters = await Promise.all(
    controlled(network).map(async ({ name, canister }): Promise<ControlOfCanister> => {
      const { controllers, module } = await certifiedCanister(agent, Principal.fromText(canister));
      const dao = controllers.length === 1 && controllersWanted(network, name).includes(controllers[0]!);
      return { name, canister, controllers, ...(module !== undefined && { module }), by: dao ? 'dao' : 'person' };
    }),
  );
  return {
    by: canisters.every(({ by }) => by === 'dao') ? 'dao' : 'person',
    rootController: network.rootController ?? network.canisters.governance,
    canisters,
  };
}

/** Every canister that somebody has to control: root last, so that it can be handed over last. */
export function controlled({ canisters, root }: IcNetwork): { name: CanisterName | 'root'; canister: string }[] {
  const all = CANISTERS.map((name) => ({ name, canister: canisters[name] }));
  return root === undefined ? all : [...all, { name: 'root' as const, canister: root }];
}

/**
 * Who alone may control a canister that votes govern, the usual one first: root, and governance of root. Where a real
 * SNS governs, its root has governance, may have the ledger, and has our root.
 */
export function controllersWanted(network: IcNetwork, name: CanisterName | 'root'): string[] {
  const { root, rootController, canisters } = network;
  if (root === undefined) return [];
  if (name === 'root') return [rootController ?? canisters.governance];
  if (rootController === undefined) return [root];
  if (name === 'governance') return [rootController];
  return name === 'ledger' ? [root, rootController] : [root];
}

/** What a person reads, wherever control is shown. */
export function controlInWords({ by, canisters }: Pick<Control, 'by' | 'canisters'>): string {
  if (by === 'dao') return 'under the DAO’s control: votes alone change the canisters';
  const theirs = canisters.filter((one) => one.by === 'person').map(({ name }) => name);
  return `under a person’s control: a key can change ${theirs.join(', ')}; hand over with livepod network handover`;
}

/** Controllers and module of a canister, from certified state; the certificate also proves when there is no module. */
export async function certifiedCanister(
  agent: HttpAgent,
  canister: Principal,
): Promise<{ controllers: string[]; module?: string }> {
  const path = (what: string): Uint8Array[] => [utf8('canister'), canister.toUint8Array(), utf8(what)];
  const paths = [path('controllers'), path('module_hash')];
  try {
    const { certificate } = await byNetworkTime(agent, canister, () => agent.readState(canister, { paths }));
    const state = await Certificate.create({ certificate, rootKey: agent.rootKey!, canisterId: canister, agent });
    const [controllers, module] = paths.map((each) => state.lookup_path(each));
    const leftOut = [controllers, module].some(
      (found) => found?.status !== LookupPathStatus.Found && found?.status !== LookupPathStatus.Absent,
    );
    if (leftOut || controllers?.status !== LookupPathStatus.Found)
      throw new CanisterError(
        'untrusted',
        { canister: canister.toText() },
        `The certificate leaves out who controls ${canister.toText()}; ask another node.`,
      );
    const known = controllersIn(controllers.value as Uint8Array);
    return module?.status === LookupPathStatus.Found
      ? { controllers: known, module: hex(module.value as Uint8Array) }
      : { controllers: known };
  } catch (error) {
    throw callError(canister.toText(), 'read_state controllers', error);
  }
}
