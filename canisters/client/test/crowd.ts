/**
 * Very many neurons on the embedded IC host, with the real Wasm of governance and the ledger: each staked, claimed,
 * locked and told whom to follow by messages of its own, as anybody would, many at a time.
 */
import { Actor } from '@dfinity/agent';
import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { contentOf, envelopeOf, newSender, TestNetwork, UNLIMITED_RATES } from '@livepod/ic/testing';
import { decode } from 'cborg';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interfaces } from '../src/connect.js';
import type * as Governance from '../src/generated/governance.js';
import { managementOf } from '../src/management.js';
import { neuronId } from '../src/neurons.js';

const WASM = process.env['LIVEPOD_WASM'] ?? fileURLToPath(new URL('../../../.cache/wasm', import.meta.url));
export const TOKEN = 100_000_000n;
const AT_A_TIME = 128;
/** Accounts that fit into the argument of one installation. */
const FUNDED_AT_ONCE = 4_000;
/** Motions, which every shape here is tried with. */
const MOTION = 1n;

export interface CrowdOptions {
  neurons: number;
  parameters?: Partial<Governance.Parameters>;
  tell?: (line: string) => void;
}

/**
 * A crowd's neurons are numbered from 0. Each holds one token and is locked. Neuron `whale` holds nearly as much as all
 * others.
 */
export class Crowd {
  readonly #sender = newSender();
  readonly #tell: (line: string) => void;
  readonly whale: number;
  governance!: Governance._SERVICE;
  #ids!: { governance: Principal; ledger: Principal };

  private constructor(
    readonly network: TestNetwork,
    readonly options: CrowdOptions,
  ) {
    this.#tell = options.tell ?? (() => {});
    this.whale = options.neurons;
  }

  static async gather(options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(await new TestNetwork().start(UNLIMITED_RATES), options);
    try {
      await crowd.#install();
      await crowd.#stake();
    } catch (error) {
      await crowd.leave();
      throw error;
    }
    return crowd;
  }

  leave(): Promise<void> {
    return this.network.remove();
  }

  get #principal(): Principal {
    return Principal.fromUint8Array(this.#sender.principal);
  }

  id(neuron: number): Uint8Array {
    return neuronId(this.#principal, BigInt(neuron));
  }

  async #install(): Promise<void> {
    const [governance, ledger] = [await this.network.create(), await this.network.create()];
    this.#ids = { governance, ledger };
    const { neurons } = this.options;
    const funded = Math.min(neurons, FUNDED_AT_ONCE);
    const stake = (neuron: number, amount: bigint): [object, bigint] => [
      { owner: governance, subaccount: [this.id(neuron)] },
      amount,
    ];
    await this.#put('ledger', {
      minting_account: { owner: governance, subaccount: [] },
      symbol: 'TST',
      name: 'Test',
      decimals: 8,
      transfer_fee: 10_000n,
      initial_balances: [
        [{ owner: this.#principal, subaccount: [] }, BigInt(2 * neurons) * TOKEN],
        stake(this.whale, (BigInt(98 * neurons) * TOKEN) / 100n),
        ...Array.from({ length: funded }, (_, neuron) => stake(neuron, TOKEN)),
      ],
    });
    const names = ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury'];
    await this.#put('governance', {
      governor: governance,
      peers: { ...Object.fromEntries(names.map((name) => [name, governance])), ledger },
      functions: [],
      articles: [],
      parameters: { ...PARAMETERS, ...this.options.parameters },
    });
    this.governance = Actor.createActor<Governance._SERVICE>(interfaces.governance.idlFactory as never, {
      agent: this.network.agent as never,
      canisterId: governance,
    });
  }

  async #put(name: 'ledger' | 'governance', init: unknown): Promise<void> {
    const wasm = new Uint8Array(readFileSync(join(WASM, `${name}.wasm`)));
    const argument = new Uint8Array(IDL.encode(interfaces[name].init({ IDL }), [init]));
    const management = await managementOf(this.network.agent);
    await management.install(this.#ids[name], wasm, argument, 'install');
  }

  async #stake(): Promise<void> {
    const { neurons } = this.options;
    const all = Array.from({ length: neurons }, (_, neuron) => neuron);
    await this.#each('transfers', all.slice(FUNDED_AT_ONCE), (neuron) => this.#transfer(neuron, TOKEN));
    await this.#each('claims', [...all, this.whale], (neuron) => this.#claim(neuron));
    await this.#each('locks', [...all, this.whale], (neuron) =>
      this.command(neuron, {
        Configure: { operation: [{ IncreaseDissolveDelay: { additional_dissolve_delay_seconds: 1_000_000 } }] },
      }),
    );
  }

  /** Lets neurons follow others on motions: whom each follows, or nobody. */
  follow(name: string, whom: (neuron: number) => number[]): Promise<void> {
    const all = Array.from({ length: this.options.neurons }, (_, neuron) => neuron);
    return this.#each(`follows: ${name}`, all, (neuron) =>
      this.command(neuron, {
        Follow: { function_id: MOTION, followees: whom(neuron).map((followee) => ({ id: this.id(followee) })) },
      }),
    );
  }

  /** Proposes a motion and returns its number. */
  async propose(neuron: number, title: string): Promise<bigint> {
    const reply = await this.command(neuron, {
      MakeProposal: { title, summary: '', url: '', action: [{ Motion: { motion_text: title } }] },
    });
    if (!('MakeProposal' in reply)) throw new Error(JSON.stringify(reply));
    return reply.MakeProposal.proposal_id[0]!.id;
  }

  /** Votes; after the decision, which followers may have brought about, it does nothing. */
  async vote(neuron: number, proposal: bigint, vote: 'yes' | 'no'): Promise<void> {
    try {
      await this.command(neuron, { RegisterVote: { vote: vote === 'yes' ? 1 : 2, proposal: [{ id: proposal }] } });
    } catch (error) {
      if (!(error as Error).message.includes('is decided')) throw error;
    }
  }

  async proposal(id: bigint): Promise<Governance.ProposalData> {
    const [result] = (await this.governance.get_proposal({ proposal_id: [{ id }] })).result;
    if (!result || 'Error' in result) throw new Error(`no proposal ${id}`);
    return result.Proposal;
  }

  /** Waits until a proposal is as it should be. */
  async until(id: bigint, as: (data: Governance.ProposalData) => boolean): Promise<Governance.ProposalData> {
    for (;;) {
      const data = await this.proposal(id);
      if (as(data)) return data;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Waits until something is so. */
  async untilTrue(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 200));
  }

  /** What the crowd's owner has outside of neurons. */
  async balance(): Promise<bigint> {
    return (await this.#send('ledger', 'icrc1_balance_of', { owner: this.#principal, subaccount: [] })) as bigint;
  }

  /** Stakes and claims one more neuron. */
  async stake(neuron: number, amount: bigint): Promise<void> {
    await this.#transfer(neuron, amount);
    await this.#claim(neuron);
  }

  #transfer(neuron: number, amount: bigint): Promise<unknown> {
    return this.#send('ledger', 'icrc1_transfer', {
      from_subaccount: [],
      to: { owner: this.#ids.governance, subaccount: [this.id(neuron)] },
      amount,
      fee: [],
      memo: [],
      created_at_time: [],
    });
  }

  #claim(neuron: number): Promise<unknown> {
    return this.command(neuron, {
      ClaimOrRefresh: { by: [{ MemoAndController: { controller: [], memo: BigInt(neuron) } }] },
    });
  }

  /** Sends a command to a neuron of the crowd's by somebody else's key. */
  byStranger(neuron: number, command: Governance.Command): Promise<unknown> {
    const request = { subaccount: this.id(neuron), command: [command] };
    return this.#send('governance', 'manage_neuron', request, newSender());
  }

  /** The most instructions of a message of each kind since the installation. */
  async costs(): Promise<Record<string, number>> {
    return Object.fromEntries((await this.governance.get_costs()).map(([kind, most]) => [kind, Number(most)]));
  }

  async command(neuron: number, command: Governance.Command): Promise<Governance.Command_1> {
    const reply = await this.#send('governance', 'manage_neuron', { subaccount: this.id(neuron), command: [command] });
    const [answer] = (reply as Governance.ManageNeuronResponse).command;
    if (!answer || 'Error' in answer) throw new Error(answer ? answer.Error.error_message : 'no answer');
    return answer;
  }

  async #each(what: string, neurons: number[], act: (neuron: number) => Promise<unknown>): Promise<void> {
    if (neurons.length === 0) return;
    const begun = Date.now();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < neurons.length) await act(neurons[next++]!);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    this.#tell(`${neurons.length} ${what} in ${Math.round((Date.now() - begun) / 1000)} s`);
  }

  /** One signed call, answered. What certifies the answer is not looked at: there are hundreds of thousands. */
  async #send(
    name: 'ledger' | 'governance',
    method: string,
    argument: unknown,
    sender = this.#sender,
  ): Promise<unknown> {
    const service = interfaces[name].idlFactory({ IDL });
    const signature = service._fields.find(([field]) => field === method)![1];
    const content = contentOf(sender, this.#ids[name].toUint8Array(), {
      method_name: method,
      arg: new Uint8Array(IDL.encode(signature.argTypes, [argument])),
    });
    const response = await fetch(`${this.network.url}/api/v3/canister/${this.#ids[name].toText()}/call`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: envelopeOf(sender, content) as Uint8Array<ArrayBuffer>,
    });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200)
      throw new Error(`${method}: HTTP ${response.status} ${new TextDecoder().decode(body)}`);
    const answer = decode(body.subarray(3), { allowBigInt: true }) as {
      certificate?: Uint8Array;
      reject_message?: string;
    };
    if (!answer.certificate) throw new Error(`${method}: ${answer.reject_message}`);
    return IDL.decode(signature.retTypes, replyIn(answer.certificate))[0];
  }
}

type Tree = [0] | [1, Tree, Tree] | [2, Uint8Array, Tree] | [3, Uint8Array] | [4, Uint8Array];

/** The reply that a certificate shows. */
function replyIn(certificate: Uint8Array): Uint8Array {
  const { tree } = decode(certificate.subarray(3), { useMaps: false, tags: TAGS }) as { tree: Tree };
  const found = leafAt(tree, 'reply');
  if (!found) throw new Error(new TextDecoder().decode(leafAt(tree, 'reject_message') ?? new Uint8Array()));
  return found;
}

const TAGS = Object.assign([], { 55799: (value: unknown) => value });

function leafAt(tree: Tree, label: string): Uint8Array | undefined {
  switch (tree[0]) {
    case 1:
      return leafAt(tree[1], label) ?? leafAt(tree[2], label);
    case 2: {
      const [, name, below] = tree;
      if (new TextDecoder().decode(name) === label && below[0] === 3) return below[1];
      return leafAt(below, label);
    }
    default:
      return undefined;
  }
}

const PARAMETERS: Governance.Parameters = {
  voting_period_seconds: 3_600n,
  quorum_basis_points: 300n,
  neuron_minimum_stake_e8s: TOKEN,
  neuron_minimum_dissolve_delay_to_vote_seconds: 60n,
  max_dissolve_delay_seconds: 252_460_800n,
  max_dissolve_delay_bonus_percentage: 100n,
  max_neuron_age_for_age_bonus: 126_230_400n,
  max_age_bonus_percentage: 25n,
  reject_cost_e8s: [],
  max_open_proposals_per_neuron: [],
  max_neurons: [],
  wait_for_quiet_deadline_increase_seconds: [],
  time_lock_seconds: [],
};
