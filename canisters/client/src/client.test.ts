import { IDL } from '@dfinity/candid';
import { Principal } from '@dfinity/principal';
import { GOVERNED, GOVERNED_METHODS, hex, unhex, validatorOf } from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, interfaces } from './connect.js';
import { answerError, CanisterError, isTransient } from './errors.js';
import type { ProposalData } from './generated/governance.js';
import { identityFromSeed } from './identity.js';
import { loadIdentity, loadOrCreateIdentity } from './identityFile.js';
import { initArgument, type InstallParameters } from './install.js';
import { CANISTERS, type CanisterIds } from './network.js';
import { controllersIn } from './controllers.js';
import { readNetwork, updateNetwork } from './networkFile.js';
import { neuronId } from './neurons.js';
import { indexOf, pageOf } from './pages.js';
import { decisionOf, encodePayload } from './proposals.js';
import { key, makeRoot, olpcJson } from './root.js';

const ids = Object.fromEntries(
  CANISTERS.map((name, n) => [
    name,
    Principal.fromUint8Array(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, n + 1, 1, 1)).toText(),
  ]),
) as CanisterIds;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-client-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('errors', () => {
  it("names the thing and the remedy of a canister's Why", () => {
    const error = answerError('access', 'release_key', {
      GrantSpent: { subject: 'grant 7', message: 'it has no uses left', remedy: 'ask for a new one' },
    });
    expect(error).toMatchObject({
      code: 'grantSpent',
      message: 'grant 7: it has no uses left; ask for a new one.',
      details: { canister: 'access', method: 'release_key', subject: 'grant 7' },
    });
  });

  it("keeps the fields of a ledger's error", () => {
    const error = answerError('ledger', 'icrc1_transfer', { InsufficientFunds: { balance: 5n } });
    expect(error).toMatchObject({ code: 'insufficientFunds', details: { balance: 5n } });
    expect(error.message).toContain('balance 5');
  });

  it('says network when nothing answers, which may be repeated', async () => {
    const nowhere = {
      icHost: 'http://127.0.0.1:9',
      rootKey: `308182301d060d2b0601040182dc7c0503010201060c2b0601040182dc7c05030201036100${'00'.repeat(96)}`,
      canisters: ids,
    };
    const clients = await connect(nowhere, identityFromSeed(new Uint8Array(32).fill(1)), { retryTimes: 0 });
    const failure = await clients.treasury.settle(1n).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CanisterError);
    expect(failure).toMatchObject({ code: 'network', details: { canister: 'treasury', method: 'settle' } });
    expect(isTransient(failure)).toBe(true);
  });

  it('says invalid when arguments do not fit the interface, before anything is sent', async () => {
    const clients = await connect({ icHost: 'http://127.0.0.1:9', rootKey: '00', canisters: ids });
    await expect(clients.treasury.settle('one' as unknown as bigint)).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('identities', () => {
  it('are kept in a file for their owner only, and are the same the next time', () => {
    const path = join(folder, 'ann.json');
    const made = loadOrCreateIdentity(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadIdentity(path).getPrincipal().toText()).toBe(made.getPrincipal().toText());
  });

  it('are refused when the file holds no seed', () => {
    const path = join(folder, 'bad.json');
    writeFileSync(path, '{"seed":"abc"}');
    expect(() => loadIdentity(path)).toThrow(expect.objectContaining({ code: 'invalid' }) as Error);
  });
});

describe('network.json', () => {
  it('is changed field by field and read whole', () => {
    const path = join(folder, 'network.json');
    updateNetwork(path, { icHost: 'http://127.0.0.1:4943', rootKey: '00', canisters: { ledger: ids.ledger } });
    expect(() => readNetwork(path)).toThrow(/governance/);
    updateNetwork(path, { canisters: ids });
    updateNetwork(path, { s3: { endpoint: 'http://127.0.0.1:7070', region: 'us-east-1', bucket: 'livepod' } });
    expect(readNetwork(path)).toMatchObject({
      icHost: 'http://127.0.0.1:4943',
      canisters: ids,
      s3: { bucket: 'livepod' },
    });
  });
});

describe('governed methods', () => {
  it('exist in the canisters with their validators, and take one record', () => {
    for (const method of GOVERNED_METHODS) {
      const methods = new Map(interfaces[GOVERNED[method].canister].idlFactory({ IDL })._fields);
      expect(methods.get(method)?.argTypes).toHaveLength(1);
      expect(methods.get(validatorOf(method))?.argTypes.map((type) => type.name)).toEqual(
        methods.get(method)!.argTypes.map((type) => type.name),
      );
    }
  });

  it('are all that the canisters have, so that a new one is registered too', () => {
    const governed = Object.entries(interfaces).flatMap(([canister, { idlFactory }]) => {
      const names = idlFactory({ IDL })._fields.map(([name]) => name);
      return names.filter((name) => names.includes(`validate_${name}`)).map((name) => `${canister}.${name}`);
    });
    expect(GOVERNED_METHODS.map((method) => `${GOVERNED[method].canister}.${method}`).sort()).toEqual(governed.sort());
  });

  it('are encoded as the target decodes them', () => {
    const payload = encodePayload('stop_release', { release: 3n, reason: 'errors' });
    expect(IDL.decode([IDL.Record({ release: IDL.Nat64, reason: IDL.Text })], payload)).toEqual([
      { release: 3n, reason: 'errors' },
    ]);
  });
});

describe('the list of controllers in certified state', () => {
  const [one, two] = [Principal.fromText(ids.ledger), Principal.fromText('2vxsx-fae')];
  const listed = (...principals: Principal[]): Uint8Array =>
    Uint8Array.of(
      ...[0xd9, 0xd9, 0xf7, 0x80 + principals.length],
      ...principals.flatMap((principal) => [0x40 + principal.toUint8Array().length, ...principal.toUint8Array()]),
    );
  const long = Principal.fromUint8Array(new Uint8Array(29).fill(7));

  it('is read as the IC writes it', () => {
    expect(controllersIn(listed())).toEqual([]);
    expect(controllersIn(listed(one, two))).toEqual([one.toText(), two.toText()]);
    const far = Uint8Array.of(0xd9, 0xd9, 0xf7, 0x81, 0x58, 29, ...long.toUint8Array());
    expect(controllersIn(far)).toEqual([long.toText()]);
  });

  it('hides no controller behind bytes that are left over, or a list that is cut short', () => {
    const odd = [
      Uint8Array.of(...listed(one), 0x41, 4),
      listed(one).slice(0, -1),
      listed(one).slice(3),
      new Uint8Array(),
      Uint8Array.of(0xd9, 0xd9, 0xf7, 0x82, ...listed(one).slice(4)),
    ];
    for (const bytes of odd) expect(() => controllersIn(bytes)).toThrow(CanisterError);
  });
});

describe('neurons', () => {
  it('have the id that SNS computes', () => {
    // sha256(0x0c ‖ "neuron-stake" ‖ 0x04 ‖ 0000000000000001), computed with coreutils
    expect(hex(neuronId(Principal.anonymous(), 1n))).toBe(
      'ec53232f8ac7f9c7a0866a3b307a68f124f15ffb3572d6752e61e7a5b605d691',
    );
  });
});

describe('decisions', () => {
  const data = (change: Partial<ProposalData>): ProposalData => ({
    id: [{ id: 4n }],
    payload_text_rendering: ['text'],
    action: 1001n,
    failure_reason: [],
    ballots: [],
    minimum_yes_proportion_of_total: [{ basis_points: [300n] }],
    reward_event_round: 0n,
    failed_timestamp_seconds: 0n,
    reward_event_end_timestamp_seconds: [],
    proposal_creation_timestamp_seconds: 100n,
    initial_voting_period_seconds: 20n,
    reject_cost_e8s: 0n,
    latest_tally: [{ yes: 4n, no: 3n, total: 100n, timestamp_seconds: 0n }],
    wait_for_quiet_deadline_increase_seconds: 0n,
    decided_timestamp_seconds: 120n,
    proposal: [{ url: 'livepod:round-1', title: 'T', summary: '', action: [] }],
    proposer: [],
    wait_for_quiet_state: [{ current_deadline_timestamp_seconds: 120n }],
    minimum_yes_proportion_of_exercised: [],
    is_eligible_for_rewards: false,
    executed_timestamp_seconds: 0n,
    ...change,
  });
  const tally = (yes: bigint, no: bigint): Partial<ProposalData> => ({
    latest_tally: [{ yes, no, total: 100n, timestamp_seconds: 0n }],
  });

  it.each<[string, Partial<ProposalData>]>([
    ['open', { decided_timestamp_seconds: 0n }],
    ['adopted', {}],
    ['rejected', tally(4n, 4n)],
    ['rejected', tally(2n, 1n)],
    ['adopted', tally(51n, 0n)],
    ['executed', { executed_timestamp_seconds: 121n }],
    ['failed', { failed_timestamp_seconds: 121n, failure_reason: [{ error_type: 11, error_message: 'trap' }] }],
    [
      'withdrawn',
      { failed_timestamp_seconds: 121n, failure_reason: [{ error_type: 20, error_message: 'taken back' }] },
    ],
  ])('%s', (outcome, change) => {
    expect(decisionOf(data(change))).toMatchObject({
      outcome,
      proposal: 4,
      method: 'accept_dataset',
      clientRef: 'round-1',
      deadlineSeconds: 120,
    });
  });
});

describe('the TUF root', () => {
  const seeds = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
  const chainKey = ed25519.getPublicKey(new Uint8Array(32).fill(9));

  it('is signed by every DAO key over canonical JSON', () => {
    const bytes = makeRoot({ version: 1, daoSeeds: seeds, chainKey, expires: new Date('2031-01-01T00:00:00Z') });
    const { signed, signatures } = JSON.parse(new TextDecoder().decode(bytes)) as {
      signed: Record<string, never>;
      signatures: { sig: string }[];
    };
    expect(signed).toMatchObject({
      _type: 'root',
      version: 1,
      spec_version: '1.0.31',
      expires: '2031-01-01T00:00:00Z',
      roles: { root: { threshold: 2 }, timestamp: { keyids: [key(chainKey).id] } },
    });
    signatures.forEach(({ sig }, n) =>
      expect(ed25519.verify(unhex(sig), olpcJson(signed), ed25519.getPublicKey(seeds[n]!))).toBe(true),
    );
  });

  it('is refused with fewer keys than its threshold, or one key twice', () => {
    expect(() => makeRoot({ version: 1, daoSeeds: seeds.slice(0, 1), chainKey })).toThrow(CanisterError);
    expect(() => makeRoot({ version: 1, daoSeeds: [seeds[0]!, seeds[0]!, seeds[1]!], chainKey })).toThrow(
      CanisterError,
    );
  });

  it('escapes as OLPC does: quotes and backslashes only', () => {
    expect(new TextDecoder().decode(olpcJson({ b: 'a"\\\n', a: [1, true, null] }))).toBe(
      '{"a":[1,true,null],"b":"a\\"\\\\\n"}',
    );
    expect(() => olpcJson({ a: 0.5 })).toThrow(CanisterError);
  });
});

describe('init arguments', () => {
  const parameters: InstallParameters = {
    token: { symbol: 'POD', name: 'Live Pod', balances: [{ owner: 'aaaaa-aa', amount: 1n }] },
    vetkdKeyName: 'test_key_1',
    schnorrKeyName: 'test_key_1',
    minProviderBond: 1n,
    minContributorBond: 1n,
    bucketCapacityBytes: 1n,
    bucketCycles: 1n,
    operators: [],
  };

  it.each([...CANISTERS, 'root' as const])('%s gets what its interface asks for', (name) => {
    const argument = initArgument(name, { ...ids, root: 'aaaaa-aa' }, parameters);
    expect(IDL.decode(interfaces[name].init({ IDL }), argument)).toHaveLength(1);
  });
});

describe('pages of canisters', () => {
  const canisters = { governance: 'aaaaa-aa', fleet: '2vxsx-fae' } as never;
  it('are served under one host locally, and under names of their own on the main network', () => {
    expect(pageOf({ icHost: 'http://127.0.0.1:4943', rootKey: '', canisters }, 'proposals', 12)).toBe(
      'http://127.0.0.1:4943/proposals/12?canisterId=aaaaa-aa.raw',
    );
    expect(pageOf({ icHost: 'https://icp-api.io', rootKey: '', canisters }, 'releases', 3n)).toBe(
      'https://2vxsx-fae.raw.icp0.io/releases/3',
    );
    const network = { icHost: 'http://127.0.0.1:4943', rootKey: '', canisters };
    expect(indexOf(network, 'proposals', { status: 'open' })).toBe(
      'http://127.0.0.1:4943/proposals?status=open&canisterId=aaaaa-aa.raw',
    );
  });
});
