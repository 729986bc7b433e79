import { Principal } from '@icp-sdk/core/principal';
import { HttpAgent } from '@icp-sdk/core/agent';
import { Ed25519KeyIdentity } from '@icp-sdk/core/identity';
import { IcrcLedgerCanister } from '@icp-sdk/canisters/ledger/icrc';
import { SnsGovernanceCanister } from '@icp-sdk/canisters/sns';
import { IDL } from '@dfinity/candid';
import { interfaces } from '@livepod/client';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { TestNetwork } from '../testing/network.js';

const wasm = (name: string): Uint8Array =>
  gzipSync(readFileSync(fileURLToPath(new URL(`../../../../.cache/wasm/${name}.wasm`, import.meta.url))));
const TOKEN = 100_000_000n;
/** SNS's numbers; the package's types leave out its enums under Node's module resolution. */
const YES = 1;
const OPEN = 1;
const EXECUTED = 4;

/** The clients that wallets and governance apps use, as published, against the project's own ledger and governance. */
describe('@icp-sdk/canisters 3.6', () => {
  const network = new TestNetwork();
  const alice = Ed25519KeyIdentity.generate();
  let ledger: IcrcLedgerCanister;
  let governance: SnsGovernanceCanister;
  let governanceId: Principal;

  beforeAll(async () => {
    await network.start();
    const ledgerId = await network.create();
    const ownId = await network.create();
    governanceId = Principal.fromText(ownId.toText());
    const install = (id: Principal, name: 'ledger' | 'governance', init: unknown): Promise<void> =>
      network.management.install_code({
        mode: { install: null },
        canister_id: id,
        wasm_module: wasm(name),
        arg: new Uint8Array(IDL.encode(interfaces[name].init({ IDL }), [init])),
        sender_canister_version: [],
      });
    const owner = Principal.fromText(alice.getPrincipal().toText());
    await install(ledgerId as never, 'ledger', {
      minting_account: { owner: ownId, subaccount: [] },
      symbol: 'TST',
      name: 'Test',
      decimals: 8,
      transfer_fee: 10_000n,
      initial_balances: [[{ owner, subaccount: [] }, 100n * TOKEN]],
    });
    const peers = Object.fromEntries(
      ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury'].map((name) => [name, ownId]),
    );
    await install(ownId as never, 'governance', {
      governor: ownId,
      peers: { ...peers, ledger: ledgerId },
      functions: [],
      articles: [],
      parameters: {
        voting_period_seconds: 86_400n,
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
      },
    });
    const agent = await HttpAgent.create({
      host: network.url,
      identity: alice,
      rootKey: Uint8Array.from(Buffer.from(network.rootKey, 'hex')),
      verifyQuerySignatures: true,
    });
    ledger = IcrcLedgerCanister.create({ agent, canisterId: Principal.fromText(ledgerId.toText()) });
    governance = SnsGovernanceCanister.create({ agent, canisterId: governanceId });
  });
  afterAll(() => network.remove());

  it('reads balances and metadata, transfers and approves', async () => {
    const owner = alice.getPrincipal();
    const bob = Ed25519KeyIdentity.generate().getPrincipal();
    expect(await ledger.balance({ owner, certified: true })).toBe(100n * TOKEN);
    expect(await ledger.transactionFee({ certified: false })).toBe(10_000n);
    expect(((await ledger.metadata({})) as [string, unknown][]).map(([name]) => name)).toEqual(
      expect.arrayContaining(['icrc1:symbol', 'icrc1:fee']),
    );
    await ledger.transfer({ to: { owner: bob, subaccount: [] }, amount: 5n * TOKEN });
    expect(await ledger.balance({ owner: bob })).toBe(5n * TOKEN);
    await ledger.approve({ spender: { owner: bob, subaccount: [] }, amount: TOKEN });
    expect(
      await ledger.allowance({ account: { owner, subaccount: [] }, spender: { owner: bob, subaccount: [] } }),
    ).toMatchObject({ allowance: TOKEN });
    await expect(ledger.transfer({ to: { owner: bob, subaccount: [] }, amount: 1000n * TOKEN })).rejects.toThrow(/./);
  });

  it('claims a neuron, proposes, votes and lists', async () => {
    const controller = alice.getPrincipal();
    const claim = async (memo: bigint, tokens: bigint): Promise<{ id: Uint8Array }> => {
      const subaccount = await neuronSubaccount(controller, memo);
      await ledger.transfer({ to: { owner: governanceId, subaccount: [subaccount] }, amount: tokens * TOKEN });
      const neuronId = await governance.claimNeuron({ memo, controller, subaccount });
      await governance.increaseDissolveDelay({ neuronId, additionalDissolveDelaySeconds: 31_557_600 });
      return neuronId as { id: Uint8Array };
    };
    const id = await claim(0n, 2n);
    const large = await claim(1n, 50n);
    expect(await governance.listNeurons({ principal: controller, certified: true })).toHaveLength(2);
    const reply = await governance.manageNeuron({
      subaccount: id.id,
      command: [
        {
          MakeProposal: {
            url: '',
            title: 'A motion',
            summary: "By a stranger's client.",
            action: [{ Motion: { motion_text: 'So be it.' } }],
          },
        },
      ],
    });
    const made = reply.command[0] as unknown as { MakeProposal: { proposal_id: [{ id: bigint }] } };
    const proposalId = made.MakeProposal.proposal_id[0];
    expect((await governance.getProposal({ proposalId })).decided_timestamp_seconds).toBe(0n);
    await governance.registerVote({ neuronId: large, vote: YES as never, proposalId });
    expect((await governance.getProposal({ proposalId })).decided_timestamp_seconds).toBeGreaterThan(0n);
    await expect(governance.registerVote({ neuronId: id, vote: YES as never, proposalId })).rejects.toThrow('decided');
    expect((await governance.getProposal({ proposalId })).proposal[0]?.title).toBe('A motion');
    const listed = (await governance.listProposals({ limit: 10, includeStatus: [OPEN, EXECUTED] as never })) as {
      proposals: { id: [{ id: bigint }] }[];
    };
    expect(listed.proposals.map(({ id: [one] }) => one.id)).toContain(proposalId.id);
    expect(Array.isArray((await governance.listNervousSystemFunctions({})).functions)).toBe(true);
    expect((await governance.nervousSystemParameters({})).neuron_minimum_stake_e8s).toEqual([TOKEN]);
  });
});

/** SNS: sha256(0x0c ‖ "neuron-stake" ‖ controller ‖ memo). */
async function neuronSubaccount(controller: Principal, memo: bigint): Promise<Uint8Array> {
  const bytes = Buffer.concat([
    Buffer.from('\x0cneuron-stake'),
    controller.toUint8Array(),
    Buffer.from(memo.toString(16).padStart(16, '0'), 'hex'),
  ]);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
