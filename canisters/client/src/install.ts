import type { Identity } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { GOVERNED, GOVERNED_METHODS, hex, sha256, validatorOf } from '@livepod/protocol';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, interfaces, type Clients } from './connect.js';
import { CanisterError } from './errors.js';
import type { Init as GovernanceInit, NervousSystemFunction } from './generated/governance.js';
import { managementOf, type Management } from './management.js';
import { CANISTERS, type CanisterIds, type CanisterName } from './network.js';
import { vetkdMasterOf } from './masterKeys.js';
import { updateNetwork } from './networkFile.js';
import { makeRoot } from './root.js';

/** What a new installation decides. Amounts in e8s. */
export interface InstallParameters {
  token: {
    symbol: string;
    name: string;
    /** default 10,000 */ transferFee?: bigint;
    balances: { owner: string; amount: bigint }[];
  };
  voting?: {
    /** default 345,600 (4 days) */ periodSeconds?: number;
    /** yes votes of all voting power needed at the deadline; default 300 (3 %) */ quorumBasisPoints?: number;
    /** default 1 token */ minimumStake?: bigint;
    /** a neuron with less delay may not vote; default 2,629,800 (one month) */ minimumDissolveDelaySeconds?: number;
  };
  /** Key names of the network: `key_1` on the main network; the embedded host names its own. */
  vetkdKeyName: string;
  /** Its master public key (hex of 96 bytes), on a network that is neither the main one nor one for tests. */
  vetkdMaster?: string;
  schnorrKeyName: string;
  minProviderBond: bigint;
  minContributorBond: bigint;
  /** How long before a bond is paid back; default a week. */
  bondNoticeSeconds?: number;
  /**
   * How long a submitted checkpoint that nobody decides on keeps its escrow; default four voting periods and a day, so
   * longer than any vote.
   */
  reviewSeconds?: number;
  /** How long what was slashed is held back for an appeal; default a week. */
  appealSeconds?: number;
  /** Bytes that fit in a bucket canister; a new one is created when none has room. */
  bucketCapacityBytes: bigint;
  /** Cycles given to each new bucket. */
  bucketCycles: bigint;
  /** How long room in a bucket waits for its dataset to be registered; default 604,800 (a week). */
  reservationSeconds?: number;
  /**
   * People who may pause, resume, advance, skip soaks of and abort releases, by their own calls or by tokens that they
   * sign.
   */
  operators: string[];
  /** Orchestrators' identities, which may advance, pause and abort by themselves. */
  drivers?: string[];
  /** Cycles of each new canister; default 100 T, datasets (which creates buckets) ten times that. */
  cycles?: bigint;
  /** Seeds of the three DAO root keys: with them the first TUF root is made and installed. */
  rootSeeds?: Uint8Array[];
}

export interface InstallRequest {
  icHost: string;
  rootKey: string;
  /** Holds `<canister>.wasm` for the seven canisters and `bucket.wasm`. */
  wasmDir: string;
  /** Becomes the controller of all canisters. */
  identity: Identity;
  parameters: InstallParameters;
  /**
   * network.json: ids found there are used, and new ids written at once, so that an interrupted installation continues.
   */
  networkFile?: string;
  /** Ids known otherwise. */
  canisters?: Partial<CanisterIds>;
  /** Told what happens, one line each. */
  tell?: (line: string) => void;
}

export interface Installation {
  canisters: CanisterIds;
  /** What clients pin beside the root key, as it stands in network.json. */
  vetkdMaster: string;
  /** The newest TUF root.json that is published, when there is one. */
  root?: Uint8Array;
  /** What was done: nothing where the module was the same already. */
  done: Record<CanisterName, 'installed' | 'upgraded' | 'unchanged'>;
}

/**
 * Brings all canisters to the Wasm in `wasmDir`: creates, installs, upgrades what differs. Safe to repeat at any point.
 */
export async function installAll(request: InstallRequest): Promise<Installation> {
  const tell = request.tell ?? (() => {});
  const before = known(request);
  const vetkdMaster = request.parameters.vetkdMaster ?? vetkdMasterOf(request.rootKey, request.parameters.vetkdKeyName);
  const { agent } = await connect({ ...request, canisters: withPlaceholders(before) }, request.identity);
  const management = await managementOf(agent);
  const canisters = await createMissing(request, management, before, tell);

  const order: CanisterName[] = ['ledger', 'governance', 'treasury', 'datasets', 'access', 'models', 'fleet'];
  const done = {} as Installation['done'];
  for (const name of order) {
    done[name] = await bringUp(request, management, canisters, name);
    tell(`${name} ${canisters[name]} ${done[name]}`);
  }

  const clients = await connect({ icHost: request.icHost, rootKey: request.rootKey, canisters }, request.identity);
  await giveBucketWasm(request, clients, done.datasets === 'installed');
  await clients.access.dataset_public_key();
  if (request.networkFile) updateNetwork(request.networkFile, { vetkdMaster });
  const root = await installRoot(request, clients);
  return { canisters, vetkdMaster, done, ...(root && { root }) };
}

interface Kept {
  canisters?: Partial<CanisterIds>;
  bucketWasm?: string;
}

function kept(request: InstallRequest): Kept {
  if (!request.networkFile) return {};
  try {
    return JSON.parse(readFileSync(request.networkFile, 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function known(request: InstallRequest): Partial<CanisterIds> {
  return { ...kept(request).canisters, ...request.canisters };
}

function withPlaceholders(ids: Partial<CanisterIds>): CanisterIds {
  return Object.fromEntries(CANISTERS.map((name) => [name, ids[name] ?? 'aaaaa-aa'])) as CanisterIds;
}

async function createMissing(
  request: InstallRequest,
  management: Management,
  ids: Partial<CanisterIds>,
  tell: (line: string) => void,
): Promise<CanisterIds> {
  const each = request.parameters.cycles ?? 100_000_000_000_000n;
  for (const name of CANISTERS) {
    if (ids[name]) continue;
    ids[name] = (await management.create(name === 'datasets' ? each * 10n : each)).toText();
    if (request.networkFile)
      updateNetwork(request.networkFile, { icHost: request.icHost, rootKey: request.rootKey, canisters: ids });
    tell(`${name} ${ids[name]} created`);
  }
  if (request.networkFile)
    updateNetwork(request.networkFile, { icHost: request.icHost, rootKey: request.rootKey, canisters: ids });
  return ids as CanisterIds;
}

async function bringUp(
  request: InstallRequest,
  management: Management,
  ids: CanisterIds,
  name: CanisterName,
): Promise<'installed' | 'upgraded' | 'unchanged'> {
  const canister = Principal.fromText(ids[name]);
  const wasm = wasmOf(request, name);
  const wanted = hex(sha256(wasm));
  const present = await management.moduleHash(canister);
  if (present === undefined) {
    await management.install(canister, wasm, initArgument(name, ids, request.parameters), 'install');
    return 'installed';
  }
  if (present !== wanted) {
    await management.stop(canister); // waits for calls under way: an upgrade in their middle would lose the answers
    await management.install(canister, wasm, initArgument(name, ids, request.parameters), 'upgrade');
  }
  await management.start(canister); // also after an upgrade that was interrupted before its start
  return present === wanted ? 'unchanged' : 'upgraded';
}

function wasmOf(request: InstallRequest, name: CanisterName | 'bucket'): Uint8Array {
  const path = join(request.wasmDir, `${name}.wasm`);
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new CanisterError('invalid', { path }, `${path} cannot be read; build the canisters first.`, {
      cause: error,
    });
  }
}

/** The init argument of a canister: the governor and its peers, and what only this canister is told. */
export function initArgument(name: CanisterName, ids: CanisterIds, parameters: InstallParameters): Uint8Array {
  return IDL.encode(interfaces[name].init({ IDL }), [initRecord(name, ids, parameters)]);
}

function initRecord(name: CanisterName, ids: CanisterIds, parameters: InstallParameters): unknown {
  const principals = Object.fromEntries(
    CANISTERS.map((peer) => [peer, Principal.fromText(ids[peer])]),
  ) as unknown as Record<CanisterName, Principal>;
  const parties = { governor: principals.governance, peers: principals };
  switch (name) {
    case 'ledger':
      return {
        minting_account: { owner: principals.governance, subaccount: [] }, // as on SNS: governance's main account
        symbol: parameters.token.symbol,
        name: parameters.token.name,
        decimals: 8,
        transfer_fee: parameters.token.transferFee ?? 10_000n,
        initial_balances: parameters.token.balances.map(({ owner, amount }) => [
          { owner: Principal.fromText(owner), subaccount: [] },
          amount,
        ]),
      };
    case 'governance':
      return {
        ...parties,
        parameters: votingParameters(parameters),
        functions: governedFunctions(principals),
      } satisfies GovernanceInit;
    case 'treasury':
      return {
        ...parties,
        bond_notice_seconds: parameters.bondNoticeSeconds === undefined ? [] : [BigInt(parameters.bondNoticeSeconds)],
        appeal_seconds: parameters.appealSeconds === undefined ? [] : [BigInt(parameters.appealSeconds)],
        review_seconds: [BigInt(parameters.reviewSeconds ?? 4 * votingPeriod(parameters) + 86_400)],
      };
    case 'datasets':
      return {
        ...parties,
        min_contributor_bond: parameters.minContributorBond,
        bucket_capacity_bytes: parameters.bucketCapacityBytes,
        bucket_cycles: parameters.bucketCycles,
        reservation_seconds: parameters.reservationSeconds === undefined ? [] : [BigInt(parameters.reservationSeconds)],
      };
    case 'access':
      return { ...parties, vetkd_key_name: parameters.vetkdKeyName, min_provider_bond: parameters.minProviderBond };
    case 'models':
      return { ...parties, schnorr_key_name: parameters.schnorrKeyName, initial_root: [] };
    case 'fleet':
      return {
        ...parties,
        operators: parameters.operators.map((operator) => Principal.fromText(operator)),
        drivers: (parameters.drivers ?? []).map((driver) => Principal.fromText(driver)),
      };
  }
}

const votingPeriod = ({ voting }: InstallParameters): number => voting?.periodSeconds ?? 345_600;

function votingParameters(parameters: InstallParameters): GovernanceInit['parameters'] {
  const { voting } = parameters;
  return {
    voting_period_seconds: BigInt(votingPeriod(parameters)),
    quorum_basis_points: BigInt(voting?.quorumBasisPoints ?? 300),
    neuron_minimum_stake_e8s: voting?.minimumStake ?? 100_000_000n,
    neuron_minimum_dissolve_delay_to_vote_seconds: BigInt(voting?.minimumDissolveDelaySeconds ?? 2_629_800),
    max_dissolve_delay_seconds: 252_460_800n, // 8 years, as SNS has it by default
    max_dissolve_delay_bonus_percentage: 100n,
    max_neuron_age_for_age_bonus: 126_230_400n, // 4 years
    max_age_bonus_percentage: 25n,
  };
}

function governedFunctions(ids: Record<CanisterName, Principal>): NervousSystemFunction[] {
  return GOVERNED_METHODS.map((method) => {
    const { id, canister, says } = GOVERNED[method];
    return {
      id: BigInt(id),
      name: method,
      description: [`${says} (${method} of the ${canister} canister)`],
      function_type: [
        {
          GenericNervousSystemFunction: {
            validator_canister_id: [ids[canister]],
            target_canister_id: [ids[canister]],
            validator_method_name: [validatorOf(method)],
            target_method_name: [method],
          },
        },
      ],
    };
  });
}

const ONE_MESSAGE_BYTES = 1_900_000;

/** Gives datasets the bucket's Wasm, unless network.json says that it has this one. */
async function giveBucketWasm(request: InstallRequest, clients: Clients, fresh: boolean): Promise<void> {
  const wasm = wasmOf(request, 'bucket');
  const wanted = hex(sha256(wasm));
  if (!fresh && kept(request).bucketWasm === wanted) return;
  for (let attempt = 1; ; attempt += 1) {
    let at = 0;
    for (; wasm.length - at > ONE_MESSAGE_BYTES; at += ONE_MESSAGE_BYTES) {
      await clients.datasets.append_bucket_wasm(wasm.subarray(at, at + ONE_MESSAGE_BYTES));
    }
    const present = hex(await clients.datasets.set_bucket_wasm(wasm.subarray(at)));
    if (present === wanted) break;
    // An interrupted attempt left bytes behind; setting took them away.
    if (attempt === 2)
      throw new CanisterError(
        'rejected',
        { present, wanted },
        'datasets keeps another bucket Wasm than the one sent; reinstall it.',
      );
  }
  if (request.networkFile) updateNetwork(request.networkFile, { bucketWasm: wanted } as object);
}

async function installRoot(request: InstallRequest, clients: Clients): Promise<Uint8Array | undefined> {
  let { root_version: version } = await clients.models.get_publication();
  if (version === 0 && request.parameters.rootSeeds) {
    const chainKey = await clients.models.public_key();
    await clients.models.install_first_root(makeRoot({ version: 1, daoSeeds: request.parameters.rootSeeds, chainKey }));
    version = 1;
  }
  return version === 0 ? undefined : publishedRoot(clients, version);
}

/** A published root.json by its version. Its own signatures vouch for it. */
async function publishedRoot(clients: Clients, version: number): Promise<Uint8Array> {
  const url = `/tuf/${version}.root.json`;
  const answer = await clients.models.http_request({
    method: 'GET',
    url,
    headers: [],
    body: new Uint8Array(),
    certificate_version: [],
  });
  if (answer.status_code !== 200)
    throw new CanisterError(
      'notFound',
      { canister: 'models', url },
      `models answers ${answer.status_code} for ${url}; see its get_publication.`,
    );
  return answer.body;
}
