import { AnonymousIdentity, HttpAgent, type Identity } from '@dfinity/agent';
import type { IDL } from '@dfinity/candid';
import { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import { unhex } from '@livepod/protocol';
import * as access from './generated/access.js';
import * as bucket from './generated/bucket.js';
import * as datasets from './generated/datasets.js';
import * as fleet from './generated/fleet.js';
import * as governance from './generated/governance.js';
import * as ledger from './generated/ledger.js';
import * as models from './generated/models.js';
import * as root from './generated/root.js';
import * as treasury from './generated/treasury.js';
import { heldFetch } from './held.js';
import type { CanisterName, IcNetwork } from './network.js';
import { certifiedInterface, typedClient, type Client } from './typed.js';

export const interfaces = { governance, datasets, access, models, fleet, treasury, ledger, bucket, root } as const;

export interface Canisters {
  governance: Client<governance._SERVICE>;
  datasets: Client<datasets._SERVICE>;
  access: Client<access._SERVICE>;
  models: Client<models._SERVICE>;
  fleet: Client<fleet._SERVICE>;
  treasury: Client<treasury._SERVICE>;
  ledger: Client<ledger._SERVICE>;
  bucketClient(canisterId: Principal | string): Client<bucket._SERVICE>;
  rootClient(canisterId: Principal | string): Client<root._SERVICE>;
}

export interface Clients extends Canisters {
  /**
   * The same canisters, where queries too are answered by the whole subnet and under its certificate (IC spec:
   * replicated queries). A query otherwise is one node's word. It takes a round, a second or two, and the canister's
   * cycles: for what is read before something that cannot be taken back. Canisters work for nobody who does not sign
   * (`inspect_message`), so without an identity these questions are signed with a key made for them.
   */
  certified: Canisters;
  /** Whose calls these are. */
  principal: Principal;
  network: IcNetwork;
  agent: HttpAgent;
}

export interface ConnectOptions {
  /**
   * Repeats of a request that the network did not take, with the same signed bytes, so that it runs once. Default 5,
   * about 8 s.
   */
  retryTimes?: number;
}

/** An agent that verifies every certificate and every query's signature under the network's root key. */
export async function connectAgent(
  network: { icHost: string; rootKey: string },
  identity?: Identity,
  options: ConnectOptions = {},
): Promise<HttpAgent> {
  const retryTimes = options.retryTimes ?? 5;
  return HttpAgent.create({
    host: network.icHost,
    fetch: heldFetch(),
    identity: identity ?? new AnonymousIdentity(),
    rootKey: unhex(network.rootKey),
    verifyQuerySignatures: true,
    retryTimes,
    backoffStrategy: () => backoff(retryTimes),
  });
}

/** 250 ms, doubling, at most 4 s; the agent does not export its own. */
function backoff(times: number): { next(): number | null } {
  let count = 0;
  return { next: () => (count < times ? Math.min(250 * 2 ** count++, 4_000) : null) };
}

/** Typed clients of all canisters, for one identity (anonymous without: queries only). */
export async function connect(network: IcNetwork, identity?: Identity, options: ConnectOptions = {}): Promise<Clients> {
  const agent = await connectAgent(network, identity, options);
  const asking = identity ? agent : await connectAgent(network, Ed25519KeyIdentity.generate(), options);
  return {
    ...canistersOf(agent, network),
    certified: canistersOf(asking, network, certifiedInterface),
    principal: await agent.getPrincipal(),
    network,
    agent,
  };
}

function canistersOf(
  agent: HttpAgent,
  network: IcNetwork,
  as: (factory: IDL.InterfaceFactory) => IDL.InterfaceFactory = (factory) => factory,
): Canisters {
  const client = <S>(name: CanisterName | 'bucket' | 'root', id: Principal | string): Client<S> =>
    typedClient<S>(agent, name, typeof id === 'string' ? Principal.fromText(id) : id, as(interfaces[name].idlFactory));
  const known = <S>(name: CanisterName): Client<S> => client(name, network.canisters[name]);
  return {
    governance: known('governance'),
    datasets: known('datasets'),
    access: known('access'),
    models: known('models'),
    fleet: known('fleet'),
    treasury: known('treasury'),
    ledger: known('ledger'),
    bucketClient: (canisterId) => client('bucket', canisterId),
    rootClient: (canisterId) => client('root', canisterId),
  };
}
