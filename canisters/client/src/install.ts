import type { Identity } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { GOVERNED, GOVERNED_METHODS, hex, laneOf, sha256, validatorOf, type GovernedMethod } from '@livepod/protocol';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, interfaces, type Clients } from './connect.js';
import { controlInWords, controlOf } from './control.js';
import { CanisterError } from './errors.js';
import type { Articles, Init as GovernanceInit, NervousSystemFunction, Weight } from './generated/governance.js';
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
    /** what a rejected proposal costs its neuron, a tenth when taken back; default 1 token */ rejectCost?: bigint;
    /** how much longer a vote lasts that turns; default a quarter of the period */ waitForQuietSeconds?: number;
    /**
     * between passing and being carried out, but for what stops or takes back; default a day, and none for votes of
     * less than a day, which are for development
     */
    timeLockSeconds?: number;
    /** how each method's proposals weigh neurons, where not by stake */ weights?: Partial<
      Record<GovernedMethod, 'Capped' | 'SquareRoot' | 'Reputation'>
    >;
    /** what a capped vote weighs at most, in e8s of voting power; default without bound */ weightCap?: bigint;
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
  /** Holds `<canister>.wasm` for the seven canisters, `root.wasm` and `bucket.wasm`. */
  wasmDir: string;
  /** Becomes the controller of all canisters, until `handOver`. */
  identity: Identity;
  parameters: InstallParameters;
  /**
   * network.json: ids found there are used, and new ids written at once, so that an interrupted installation continues.
   */
  networkFile?: string;
  /** Ids known otherwise. */
  canisters?: Partial<CanisterIds>;
  root?: string;
  /** Told what happens, one line each. */
  tell?: (line: string) => void;
}

/** `awaitsVote`: another module is wanted, and the canister was handed over, so that a vote has to bring it. */
type Outcome = 'installed' | 'upgraded' | 'unchanged' | 'awaitsVote';

export interface Installation {
  canisters: CanisterIds;
  /** The canister that controls the others once `handOver` was called. */
  rootCanister: string;
  /** What clients pin beside the root key, as it stands in network.json. */
  vetkdMaster: string;
  /** The newest TUF root.json that is published, when there is one. */
  root?: Uint8Array;
  /** What was done: nothing where the module was the same already. */
  done: Record<CanisterName | 'root', Outcome>;
}

const ORDER = ['ledger', 'governance', 'treasury', 'datasets', 'access', 'models', 'fleet', 'root'] as const;

/**
 * Brings all canisters to the Wasm in `wasmDir`: creates, installs, upgrades what differs. Safe to repeat at any point.
 */
export async function installAll(request: InstallRequest): Promise<Installation> {
  const tell = request.tell ?? (() => {});
  const before = known(request);
  const rootBefore = request.root ?? kept(request).root;
  const vetkdMaster = request.parameters.vetkdMaster ?? vetkdMasterOf(request.rootKey, request.parameters.vetkdKeyName);
  const { agent } = await connect({ ...request, canisters: withPlaceholders(before) }, request.identity);
  const management = await managementOf(agent);
  const canisters = await createMissing(request, management, before, tell);
  const rootCanister = rootBefore ?? (await createRoot(request, management, tell));

  const ids = { ...canisters, root: rootCanister };
  const done = {} as Installation['done'];
  for (const name of ORDER) {
    done[name] = await bringUp(request, management, ids, name);
    tell(`${name} ${ids[name]} ${done[name]}`);
  }

  const clients = await connect({ icHost: request.icHost, rootKey: request.rootKey, canisters }, request.identity);
  if (await isTheirs(management, canisters.datasets, request.identity))
    await giveBucketWasm(request, clients, done.datasets === 'installed');
  await clients.access.dataset_public_key();
  const { rootController } = kept(request);
  const network = { icHost: request.icHost, rootKey: request.rootKey, canisters, root: rootCanister };
  const control = await controlOf(clients.agent, { ...network, ...(rootController && { rootController }) });
  tell(`the canisters are ${controlInWords(control)}`);
  if (request.networkFile) updateNetwork(request.networkFile, { vetkdMaster, root: rootCanister, control: control.by });
  const root = await installRoot(request, clients);
  return { canisters, rootCanister, vetkdMaster, done, ...(root && { root }) };
}

interface Kept {
  canisters?: Partial<CanisterIds>;
  root?: string;
  rootController?: string;
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

async function createRoot(
  request: InstallRequest,
  management: Management,
  tell: (line: string) => void,
): Promise<string> {
  const root = (await management.create(request.parameters.cycles ?? 100_000_000_000_000n)).toText();
  if (request.networkFile) updateNetwork(request.networkFile, { root });
  tell(`root ${root} created`);
  return root;
}

const isTheirs = async (management: Management, canister: string, identity: Identity): Promise<boolean> =>
  (await management.controllers(Principal.fromText(canister))).includes(identity.getPrincipal().toText());

async function bringUp(
  request: InstallRequest,
  management: Management,
  ids: AllIds,
  name: CanisterName | 'root',
): Promise<Outcome> {
  const canister = Principal.fromText(ids[name]);
  const wasm = wasmOf(request, name);
  const wanted = hex(sha256(wasm));
  const present = await management.moduleHash(canister);
  if (!(await isTheirs(management, ids[name], request.identity)))
    return present === wanted ? 'unchanged' : 'awaitsVote';
  const argument = initArgument(name, ids, request.parameters);
  if (present === undefined) {
    await management.install(canister, wasm, argument, 'install');
    return 'installed';
  }
  if (present !== wanted) {
    await management.stop(canister); // waits for calls under way: an upgrade in their middle would lose the answers
    await management.install(canister, wasm, argument, 'upgrade');
  }
  await management.start(canister); // also after an upgrade that was interrupted before its start
  return present === wanted ? 'unchanged' : 'upgraded';
}

function wasmOf(request: InstallRequest, name: CanisterName | 'bucket' | 'root'): Uint8Array {
  const path = join(request.wasmDir, `${name}.wasm`);
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new CanisterError('invalid', { path }, `${path} cannot be read; build the canisters first.`, {
      cause: error,
    });
  }
}

/** The canisters and root, which controls them once they are handed over. */
export type AllIds = CanisterIds & { root: string };

/** The init argument of a canister: the governor and its peers, and what only this canister is told. */
export function initArgument(name: CanisterName | 'root', ids: AllIds, parameters: InstallParameters): Uint8Array {
  return IDL.encode(interfaces[name].init({ IDL }), [initRecord(name, ids, parameters)]);
}

function initRecord(name: CanisterName | 'root', ids: AllIds, parameters: InstallParameters): unknown {
  const principals = Object.fromEntries(
    [...CANISTERS, 'root' as const].map((peer) => [peer, Principal.fromText(ids[peer])]),
  ) as unknown as Record<CanisterName | 'root', Principal>;
  const parties = { governor: principals.governance, peers: principals };
  switch (name) {
    case 'root':
      return { governor: principals.governance };
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
        articles: [articles(parameters)],
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
        submission_seconds: [],
        deposit_e8s_per_mib: [],
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
    reject_cost_e8s: [voting?.rejectCost ?? 100_000_000n],
    max_open_proposals_per_neuron: [],
    max_neurons: [],
    wait_for_quiet_deadline_increase_seconds:
      voting?.waitForQuietSeconds === undefined ? [] : [BigInt(voting.waitForQuietSeconds)],
    time_lock_seconds: [BigInt(voting?.timeLockSeconds ?? defaultTimeLock(voting?.periodSeconds))],
  };
}

const DAY_SECONDS = 86_400;
const defaultTimeLock = (periodSeconds = 345_600): number => (periodSeconds < DAY_SECONDS ? 0 : DAY_SECONDS);

/** What bounds later votes: half of what the installation begins with, and a longer vote of twice the time. */
function articles(parameters: InstallParameters): Articles {
  const { voting } = parameters;
  const first = votingParameters(parameters);
  const half = (value: bigint | undefined): bigint => (value ?? 0n) / 2n;
  const quorum = first.quorum_basis_points;
  return {
    minima: {
      voting_period_seconds: half(first.voting_period_seconds + 1n),
      quorum_basis_points: half(quorum),
      wait_for_quiet_deadline_increase_seconds: half(
        first.wait_for_quiet_deadline_increase_seconds[0] ?? first.voting_period_seconds / 4n,
      ),
      time_lock_seconds: half(first.time_lock_seconds[0]),
      reject_cost_e8s: half(first.reject_cost_e8s[0]),
      neuron_minimum_stake_e8s: half(first.neuron_minimum_stake_e8s),
      neuron_minimum_dissolve_delay_to_vote_seconds: half(first.neuron_minimum_dissolve_delay_to_vote_seconds),
    },
    long_vote: {
      voting_period_seconds: 2n * first.voting_period_seconds,
      quorum_basis_points: quorum > CRITICAL_QUORUM ? quorum : CRITICAL_QUORUM,
      time_lock_seconds: 2n * (first.time_lock_seconds[0] ?? 0n),
    },
    weight_cap_e8s: voting?.weightCap ?? (1n << 64n) - 1n,
    rules: GOVERNED_METHODS.map((method) => ({
      function_id: BigInt(GOVERNED[method].id),
      lane: LANES[laneOf(method)],
      weight: { [voting?.weights?.[method] ?? 'Stake']: null } as Weight,
    })),
  };
}

/** SNS: what a critical proposal needs of all power, 20 %. */
const CRITICAL_QUORUM = 2_000n;
const LANES = {
  stop: { Stop: null },
  ordinary: { Ordinary: null },
  constitutional: { Constitutional: null },
} as const;

function governedFunctions(ids: Record<CanisterName | 'root', Principal>): NervousSystemFunction[] {
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
