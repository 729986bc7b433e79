/**
 * Everything for real: the embedded IC host, the built canisters, certificates and query signatures verified by the
 * agent.
 */
import { Principal } from '@dfinity/principal';
import {
  canonicalJson,
  datasetUid,
  concat,
  documentId,
  ed25519Der,
  hex,
  lengthPrefixed,
  merkleRoot,
  sha256,
  signDocument,
  u64be,
  unhex,
  utf8,
} from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  approve,
  balance,
  connect,
  decision,
  identityFromSeed,
  listProposals,
  newIdentity,
  propose,
  proposeMotion,
  stake,
  transfer,
  vote,
  withdraw,
  type Clients,
  type Decision,
  type GovernedMethod,
  type GovernedPayloads,
  type ProposalReceipt,
  type ProposalRequest,
} from './index.js';
import { installAll, olpcJson, tufKey, type Installation, type InstallRequest } from './installation.js';
import { readNetwork } from './node.js';
import { IC_PROGRAM } from '@livepod/ic/program';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const state = mkdtempSync(join(tmpdir(), 'livepod-install-'));
const networkFile = join(state, 'network.json');
const TOKEN = 100_000_000n;
const FEE = 10_000n;
const VOTING_SECONDS = 25;

const carolSeed = new Uint8Array(32).fill(77);
const people = {
  installer: newIdentity(),
  alice: newIdentity(),
  bob: newIdentity(),
  carol: identityFromSeed(carolSeed),
  provider: newIdentity(),
};
const clients = {} as Record<keyof typeof people | 'nobody', Clients>;
const rootSeeds = [1, 2, 3].map((n) => new Uint8Array(32).fill(n));
let host: ChildProcess;
let request: InstallRequest;
let installation: Installation;

async function startHost(): Promise<{ icHost: string; rootKey: string }> {
  host = spawn(process.execPath, [IC_PROGRAM, '--port', '0', '--state', join(state, 'ic')], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    let seen = '';
    host.stdout!.on('data', (bytes: Buffer) => {
      seen += bytes.toString();
      if (seen.includes('\n')) resolve(seen.split('\n')[0]!);
    });
    host.once('exit', (code) => reject(new Error(`the IC host ended with ${code} before it was ready`)));
  });
  const { url, rootKey } = JSON.parse(line) as { url: string; rootKey: string };
  return { icHost: url, rootKey };
}

function stopHost(signal: 'SIGTERM' | 'SIGKILL'): Promise<unknown> {
  const ended = new Promise((resolve) => host.once('exit', resolve));
  host.kill(signal);
  return ended;
}

/** Waits until a proposal is past a state that only lasts a moment. */
async function settled(
  proposal: number,
  until: (now: Decision) => boolean = ({ outcome }) => outcome !== 'open' && outcome !== 'adopted',
): Promise<Decision> {
  for (;;) {
    const now = await decision(clients.nobody, proposal);
    if (until(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

beforeAll(async () => {
  const ic = await startHost();
  request = {
    ...ic,
    wasmDir: process.env['LIVEPOD_WASM'] ?? join(root, '.cache/wasm'),
    identity: people.installer,
    networkFile,
    parameters: {
      token: {
        symbol: 'POD',
        name: 'Live Pod',
        balances: Object.values(people).map((identity) => ({
          owner: identity.getPrincipal().toText(),
          amount: 1_000n * TOKEN,
        })),
      },
      voting: { periodSeconds: VOTING_SECONDS, minimumDissolveDelaySeconds: 3_600 },
      vetkdKeyName: 'test_key_1',
      schnorrKeyName: 'test_key_1',
      minProviderBond: 10n * TOKEN,
      minContributorBond: TOKEN,
      appealSeconds: 5,
      bucketCapacityBytes: 64n << 20n,
      bucketCycles: 20_000_000_000_000n,
      operators: [people.installer.getPrincipal().toText()],
      rootSeeds,
    },
  };
  installation = await installAll(request);
  const network = readNetwork(networkFile);
  for (const [name, identity] of Object.entries(people))
    clients[name as keyof typeof people] = await connect(network, identity);
  clients.nobody = await connect(network);
  await stake(clients.alice, { amount: 10n * TOKEN, dissolveDelaySeconds: 7_200 });
  await stake(clients.bob, { amount: 60n * TOKEN, dissolveDelaySeconds: 7_200 });
  await stake(clients.carol, { amount: 30n * TOKEN, dissolveDelaySeconds: 7_200 });
}, 600_000);

afterAll(async () => {
  if (host) await stopHost('SIGTERM');
  rmSync(state, { recursive: true, force: true });
});

describe('installation', () => {
  it('installs every canister, and a repeat changes nothing', async () => {
    expect(Object.values(installation.done)).toEqual(Array(8).fill('installed'));
    expect(new Set(Object.values(installation.canisters)).size).toBe(7);
    const again = await installAll(request);
    expect(again.canisters).toEqual(installation.canisters);
    expect(Object.values(again.done)).toEqual(Array(8).fill('unchanged'));
    expect(again.root).toEqual(installation.root);
  });

  it("publishes a root that two of three DAO keys signed and that names the canister's own key", async () => {
    const metadata = JSON.parse(new TextDecoder().decode(installation.root)) as {
      signed: {
        roles: Record<string, { keyids: string[]; threshold: number }>;
        keys: Record<string, { keyval: { public: string } }>;
      };
      signatures: { keyid: string; sig: string }[];
    };
    const { root: rootRole, targets } = metadata.signed.roles;
    expect(rootRole).toMatchObject({ threshold: 2 });
    const good = metadata.signatures.filter(
      ({ keyid, sig }) =>
        rootRole!.keyids.includes(keyid) &&
        ed25519.verify(unhex(sig), olpcJson(metadata.signed), unhex(metadata.signed.keys[keyid]!.keyval.public)),
    );
    expect(good.length).toBeGreaterThanOrEqual(2);
    expect(targets!.keyids).toEqual([tufKey(await clients.installer.models.public_key()).id]);
  });
});

describe('a machine whose clock is an hour wrong', () => {
  const Right = Date;
  afterEach(() => {
    globalThis.Date = Right;
  });

  it.each([1, -1])('reads what is signed all the same (%i h)', async (hours) => {
    const expected = await balance(clients.bob);
    const now = (): number => Right.now() + hours * 3_600_000;
    globalThis.Date = new Proxy(Right, {
      construct: (target, args: [], made) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, made) as object,
      get: (target, name, made) => (name === 'now' ? now : (Reflect.get(target, name, made) as unknown)),
    });
    const clock = await connect(readNetwork(networkFile), people.bob);
    expect(await balance(clock)).toBe(expected);
    expect(
      await clock.governance.list_neurons({ of_principal: [clock.principal], limit: 10, start_page_at: [] }),
    ).toMatchObject({ neurons: [expect.anything()] });
    globalThis.Date = Right; // set right while it runs
    expect(await balance(clock)).toBe(expected);
  });
});

describe('neurons', () => {
  it('stakes what is missing and no more', async () => {
    const before = await balance(clients.alice);
    const id = await stake(clients.alice, { amount: 10n * TOKEN, dissolveDelaySeconds: 7_200 });
    expect(await balance(clients.alice)).toBe(before);
    const { neurons } = await clients.nobody.governance.list_neurons({
      of_principal: [clients.alice.principal],
      limit: 10,
      start_page_at: [],
    });
    expect(neurons.map((neuron) => [hex(neuron.id[0]!.id), neuron.cached_neuron_stake_e8s])).toEqual([
      [hex(id), 10n * TOKEN],
    ]);
  });
});

describe('proposals', () => {
  it('carries a motion as soon as most of the power says yes, and closes it', async () => {
    const words = { clientRef: 'motion-1', title: 'Meet', summary: 'To talk', motion: 'We meet on Monday' };
    const { proposal } = await proposeMotion(clients.alice, words);
    expect((await proposeMotion(clients.alice, words)).proposal).toBe(proposal);
    expect(await listProposals(clients.nobody, { open: true })).toEqual([
      expect.objectContaining({ proposal, outcome: 'open', method: 'motion', rendering: 'We meet on Monday' }),
    ]);
    await expect(vote(clients.alice, { proposal, vote: 'no' })).rejects.toMatchObject({ code: 'alreadyVoted' });
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await decision(clients.nobody, proposal)).toMatchObject({ outcome: 'executed' });
    await expect(vote(clients.carol, { proposal, vote: 'no' })).rejects.toMatchObject({ code: 'voteClosed' });
  });

  it("refuses at submission what the target's validator refuses, with its words", async () => {
    const stranger = people.provider.getPrincipal();
    const refused = propose(clients.alice, {
      method: 'approve_provider',
      payload: { provider: stranger },
      clientRef: 'too-early',
      title: 'x',
      summary: '',
    });
    await expect(refused).rejects.toMatchObject({
      code: 'invalidProposal',
      message: expect.stringContaining(stranger.toText()),
    });
  });

  it('carries out what was voted in the canister it concerns', async () => {
    await clients.provider.access.register_provider({ name: 'provider-1', class: { bonded: null } });
    const { proposal } = await propose(clients.alice, {
      method: 'approve_provider',
      payload: { provider: clients.provider.principal },
      clientRef: 'provider-1',
      title: 'Approve provider-1',
      summary: 'It trains',
    });
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await settled(proposal)).toMatchObject({ outcome: 'executed', method: 'approve_provider' });
    expect((await clients.nobody.access.get_provider(clients.provider.principal))?.status).toEqual({ approved: null });
  });

  it('sets the parameters of voting by vote, and no lower than the articles allow', async () => {
    const now = await clients.nobody.governance.get_parameters();
    const words = { clientRef: 'quorum', title: 'A lower quorum', summary: '' };
    const low = { method: 'set_parameters', payload: { ...now, quorum_basis_points: 1n }, ...words } as const;
    await expect(propose(clients.alice, low)).rejects.toMatchObject({
      code: 'invalidProposal',
      message: expect.stringContaining('the articles say at least 150'),
    });
    const payload = { ...now, quorum_basis_points: 200n };
    const { proposal } = await propose(clients.alice, { ...low, payload });
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await settled(proposal)).toMatchObject({ outcome: 'executed', method: 'set_parameters' });
    expect(await clients.nobody.governance.get_parameters()).toEqual(payload);
    await expect(clients.alice.governance.set_parameters(now)).rejects.toMatchObject({ code: 'rejected' });
  });

  it('decides at the deadline by itself, and refuses later votes', async () => {
    const won = await proposeMotion(clients.alice, {
      clientRef: 'quiet',
      title: 'Quiet',
      summary: '',
      motion: 'Nobody minds',
    });
    const lost = await proposeMotion(clients.alice, {
      clientRef: 'loud',
      title: 'Loud',
      summary: '',
      motion: 'Carol minds',
    });
    await vote(clients.carol, { proposal: lost.proposal, vote: 'no' });
    const closed = ({ outcome }: Decision): boolean => outcome !== 'open';
    expect(await settled(won.proposal, closed)).toMatchObject({ outcome: 'executed' });
    expect(await settled(lost.proposal, closed)).toMatchObject({ outcome: 'rejected' });
    await expect(vote(clients.bob, { proposal: lost.proposal, vote: 'yes' })).rejects.toMatchObject({
      code: 'voteClosed',
    });
  });

  it('lets its proposer take a proposal back', async () => {
    const { proposal } = await proposeMotion(clients.alice, {
      clientRef: 'oops',
      title: 'Oops',
      summary: '',
      motion: 'No',
    });
    await expect(withdraw(clients.carol, proposal)).rejects.toMatchObject({ code: 'notAuthorized' });
    await withdraw(clients.alice, proposal);
    expect(await decision(clients.nobody, proposal)).toMatchObject({ outcome: 'withdrawn' });
  });

  it('answers a question to the whole subnet from whoever has no identity', async () => {
    const { governance } = clients.nobody.certified;
    expect(await governance.get_parameters()).toEqual(await clients.nobody.governance.get_parameters());
  });

  it('refuses anonymous callers', async () => {
    await expect(
      proposeMotion(clients.nobody, { clientRef: 'x', title: 'x', summary: '', motion: 'x' }),
    ).rejects.toMatchObject({ code: 'rejected' });
  });
});

describe('bonds', () => {
  const bond = { purpose: { provider: null }, amount: 20n * TOKEN, client_ref: 'bond-1' };

  it('posts nothing when too little is approved', async () => {
    await approve(clients.provider, 20n * TOKEN);
    const before = await balance(clients.provider);
    await expect(clients.provider.treasury.post_bond(bond)).rejects.toMatchObject({
      code: 'insufficientAllowance',
      details: { method: 'post_bond' },
    });
    expect(await balance(clients.provider)).toBe(before);
    expect(
      await clients.nobody.treasury.get_bond({ holder: clients.provider.principal, purpose: { provider: null } }),
    ).toBeUndefined();
  });

  it("is pulled once, and slashed by vote into the DAO's account", async () => {
    await approve(clients.provider, 20n * TOKEN + FEE);
    const before = await balance(clients.provider);
    expect(await clients.provider.treasury.post_bond(bond)).toMatchObject({ amount: 20n * TOKEN, slashed: 0n });
    await clients.provider.treasury.post_bond(bond);
    expect(await balance(clients.provider)).toBe(before - 20n * TOKEN - FEE);
    const { proposal } = await propose(clients.alice, {
      method: 'slash_bond',
      clientRef: 'slash-1',
      title: 'Slash',
      summary: '',
      payload: {
        holder: clients.provider.principal,
        purpose: { provider: null },
        amount: 5n * TOKEN,
        reason: 'harmful checkpoint',
        evidence: 'entry access 0',
        compensate: [[{ to: clients.carol.principal, amount: TOKEN }]],
      },
    });
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await settled(proposal)).toMatchObject({ outcome: 'executed' });
    expect(
      await clients.nobody.treasury.get_bond({ holder: clients.provider.principal, purpose: { provider: null } }),
    ).toMatchObject({ amount: 15n * TOKEN, slashed: 5n * TOKEN });
    const dao = (): Promise<bigint> => balance(clients.nobody, clients.nobody.treasury.canisterId);
    const harmed = await balance(clients.carol);
    expect(await dao()).toBe(0n); // held back for an appeal
    for (let tries = 0; (await dao()) === 0n && tries < 60; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await clients.alice.treasury.close_slashes();
    }
    expect(await dao()).toBe(4n * TOKEN - FEE);
    expect(await balance(clients.carol)).toBe(harmed + TOKEN - FEE);
  });

  it('attack: an honest provider loses its bond to one pod’s full disk', async () => {
    const slash = (evidence: string): Promise<ProposalReceipt> =>
      propose(clients.alice, {
        method: 'slash_bond',
        clientRef: `slash-${evidence.length}`,
        title: 'Slash',
        summary: '',
        payload: {
          holder: clients.provider.principal,
          purpose: { provider: null },
          amount: TOKEN,
          reason: 'its release stopped',
          evidence,
          compensate: [],
        },
      });
    await expect(slash('Release 2: 26 corrections and 25 errors in 51 windows. ENOSPC')).rejects.toThrow(/evidence/);
    const { proposal } = await slash('entry access 0: a disk was full');
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await settled(proposal)).toMatchObject({ outcome: 'executed' });
    const [slashed] = await clients.nobody.treasury.list_slashes({ before: [], limit: 1 });
    expect(slashed).toMatchObject({ amount: TOKEN, state: { open: null }, appeal: [] });
    const answered = await clients.provider.treasury.appeal_slash({ case: slashed!.case, answer: 'ENOSPC on a pod' });
    expect(answered.due).toBeGreaterThan(slashed!.due);
    await expect(
      clients.alice.treasury.appeal_slash({ case: slashed!.case, answer: 'not mine' }),
    ).rejects.toMatchObject({ code: 'notAuthorized' });
  });

  it('keeps the reason when a vote cannot be carried out any more', async () => {
    const slash = (amount: bigint, clientRef: string): Promise<ProposalReceipt> =>
      propose(clients.alice, {
        method: 'slash_bond',
        clientRef,
        title: 'Slash',
        summary: '',
        payload: {
          holder: clients.provider.principal,
          purpose: { provider: null },
          amount,
          reason: 'again',
          evidence: 'entry access 0',
          compensate: [],
        },
      });
    const first = await slash(4n * TOKEN, 'slash-2');
    const second = await slash(12n * TOKEN, 'slash-3'); // 14 are there now, 10 when it is carried out
    await vote(clients.bob, { proposal: first.proposal, vote: 'yes' });
    expect(await settled(first.proposal)).toMatchObject({ outcome: 'executed' });
    await vote(clients.bob, { proposal: second.proposal, vote: 'yes' });
    expect(await settled(second.proposal)).toMatchObject({
      outcome: 'failed',
      failure: expect.stringContaining('the bond holds 1000000000 e8s'),
    });
  });

  it('moves tokens between people', async () => {
    const before = await balance(clients.carol);
    await transfer(clients.alice, clients.carol.principal, 7n);
    expect(await balance(clients.carol)).toBe(before + 7n);
    await expect(transfer(clients.alice, clients.carol.principal, 10_000n * TOKEN)).rejects.toMatchObject({
      code: 'insufficientFunds',
    });
  });
});

describe('escrow', () => {
  const licenceFee = 2n * TOKEN;
  const reward = 3n * TOKEN;
  const cost = licenceFee + reward + 2n * FEE;
  let job: bigint;
  let spender: { owner: Principal; subaccount: [Uint8Array] };

  /** Proposes as alice, votes as bob (60 % of the power), waits for the execution. */
  async function carry(
    ...[method, payload]: { [M in GovernedMethod]: [M, GovernedPayloads[M]] }[GovernedMethod]
  ): Promise<void> {
    const words = { clientRef: `carry-${method}`, title: method, summary: '' };
    const { proposal } = await propose(clients.alice, { ...words, method, payload } as ProposalRequest);
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await settled(proposal)).toMatchObject({ outcome: 'executed' });
  }

  function manifest(): Uint8Array {
    const contributor = clients.carol.principal.toText();
    const chunk = sha256(utf8('a stored chunk of 21 b'));
    const rootHash = hex(merkleRoot([chunk]));
    const uid = datasetUid(clients.carol.principal.toUint8Array(), new Uint8Array(16));
    return canonicalJson({
      type: 'livepod.dataset/v1',
      title: 'Walking',
      modality: 'motion',
      schema: { channels: [{ name: 'ax', unit: 'g' }], rateMilliHz: 50_000, labels: ['walk'], device: 'watch' },
      salt: '00'.repeat(16),
      contributor,
      publicKey: hex(ed25519Der(ed25519.getPublicKey(carolSeed))),
      keyEpoch: 0,
      files: [{ name: 'walk.csv', bytes: 6, chunks: [{ sha256: hex(chunk), bytes: 22 }], merkleRoot: rootHash }],
      merkleRoot: rootHash,
      storage: { kind: 's3', bucket: 'livepod', prefix: `datasets/${hex(uid)}/` },
      wrappedKey: '11'.repeat(168),
      licence: {
        fee: licenceFee.toString(),
        access: 'fee',
        purposes: ['motion-recognition'],
        providerClasses: ['bonded'],
        termDays: 365,
        splits: [{ account: contributor, basisPoints: 10_000 }],
      },
      statistics: { records: 1, milliseconds: 1000, labels: { walk: 1 } },
    });
  }

  it('waits for a job whose dataset, recipe and provider were voted in', async () => {
    await approve(clients.carol, TOKEN + FEE);
    await clients.carol.treasury.post_bond({ purpose: { contributor: null }, amount: TOKEN, client_ref: 'bond' });
    const document = manifest();
    const wrong = clients.carol.datasets.register({
      manifest: document,
      signature: signDocument(document, new Uint8Array(32).fill(78)),
    });
    await expect(wrong).rejects.toMatchObject({ code: 'wrongSignature' });
    const dataset = await clients.carol.datasets.register({
      manifest: document,
      signature: signDocument(document, carolSeed),
    });
    await carry('accept_dataset', { dataset: dataset.id });
    const recipe = canonicalJson({
      type: 'livepod.recipe/v1',
      name: 'motion-cnn',
      version: '1.0.0',
      bundle: `sha256:${'22'.repeat(32)}`,
      hyperparameters: { epochs: { kind: 'integer', min: 1, max: 100, default: 10 } },
      resources: { memoryMiB: 1024, seconds: 3600 },
      outputs: ['model.onnx'],
      purposes: ['motion-recognition'],
    });
    await clients.alice.access.submit_recipe({ document: recipe });
    await carry('approve_recipe', { recipe: documentId(recipe) });
    const approval = canonicalJson({
      type: 'livepod.approval/v1',
      recipe: documentId(recipe),
      arguments: { epochs: 3 },
      seed: 1,
      datasets: [{ id: dataset.id, epoch: 0 }],
      base: null,
      resources: { memoryMiB: 512, seconds: 600 },
      egress: 'none',
      privacy: null,
      provider: clients.provider.principal.toText(),
      reward: reward.toString(),
      deadline: (BigInt(Date.now()) * 1_000_000n + 3_600_000_000_000n).toString(),
    });
    const asked = await clients.provider.access.request_access({ client_ref: 'job-1', approval });
    job = asked.id;
    expect(asked).toMatchObject({ state: { requested: null }, fees: licenceFee, reward });
  });

  it('with too little approved changes nothing anywhere', async () => {
    const quote = await clients.alice.treasury.quote_escrow({ job });
    expect(quote).toMatchObject({ amount: cost, approve: cost + FEE });
    spender = { owner: clients.alice.treasury.canisterId, subaccount: [quote.subaccount] };
    await approve(clients.alice, cost + FEE - 1n, spender);
    const before = await balance(clients.alice);
    await expect(
      clients.alice.treasury.open_escrow({ job, client_ref: 'job-1', approval: [], at_most: [] }),
    ).rejects.toMatchObject({
      code: 'insufficientAllowance',
      message: expect.stringContaining('approve'),
    });
    expect(await balance(clients.alice)).toBe(before);
    expect(await clients.nobody.treasury.escrow_of_job(job)).toBeUndefined();
    expect((await clients.nobody.access.get_job(job))?.state).toEqual({ requested: null });
  });

  it('opens once, grants, and goes back to its payer when the job fails', async () => {
    await approve(clients.alice, cost + FEE, spender);
    const before = await balance(clients.alice);
    const escrow = await clients.alice.treasury.open_escrow({ job, client_ref: 'job-1', approval: [], at_most: [] });
    expect(await clients.alice.treasury.open_escrow({ job, client_ref: 'job-1', approval: [], at_most: [] })).toEqual(
      escrow,
    );
    expect(await balance(clients.alice)).toBe(before - cost - FEE);
    expect((await clients.nobody.access.get_job(job))?.state).toEqual({ granted: null });
    expect(await clients.nobody.access.list_grants({ job })).toHaveLength(1);
    await expect(clients.alice.treasury.settle(escrow.id)).rejects.toMatchObject({ code: 'notYet' });
    await expect(clients.alice.treasury.refund(escrow.id)).rejects.toMatchObject({ code: 'notYet' });
    await clients.provider.access.fail_job({ job, reason: 'the disk is full' });
    expect(await clients.alice.treasury.refund(escrow.id)).toMatchObject({ state: { refunded: null } });
    await clients.alice.treasury.refund(escrow.id);
    expect(await balance(clients.alice)).toBe(before - 2n * FEE);
    expect((await clients.nobody.access.get_job(job))?.state).toEqual({ refunded: null });
  });
});

describe('audit log', () => {
  it.each(['governance', 'treasury', 'ledger'] as const)(
    'of %s is an unbroken chain up to its certified tip',
    async (name) => {
      const tip = await clients.nobody[name].audit_tip();
      let previous = new Uint8Array(32);
      let read = 0n;
      while (read < tip.length) {
        for (const entry of await clients.nobody[name].audit_log({ start: read, length: 100 })) {
          const caller = Principal.from(entry.caller).toUint8Array();
          const expected = sha256(
            concat(
              lengthPrefixed(utf8('livepod.audit/v1')),
              previous,
              u64be(entry.index),
              u64be(entry.at),
              lengthPrefixed(caller),
              utf8(entry.event),
            ),
          );
          expect(hex(entry.hash)).toBe(hex(expected));
          previous = new Uint8Array(entry.hash);
          read += 1n;
        }
      }
      expect(hex(previous)).toBe(hex(tip.hash));
      expect(tip.certificate).toHaveLength(1);
    },
  );
});

describe('an upgrade', () => {
  it('replaces the code, chunk by chunk when it is large, and keeps the state', async () => {
    const wasmDir = join(state, 'wasm');
    cpSync(request.wasmDir, wasmDir, { recursive: true });
    for (const name of ['ledger', 'governance', 'treasury']) {
      const path = join(wasmDir, `${name}.wasm`);
      writeFileSync(path, concat(readFileSync(path), customSection(name === 'ledger' ? 1_500_000 : 8)));
    }
    const all = async (): Promise<unknown> => [
      await balance(clients.alice),
      await listProposals(clients.nobody),
      await clients.nobody.treasury.list_bonds({ after: [], limit: 10 }),
      await clients.nobody.governance.list_neurons({ of_principal: [], limit: 10, start_page_at: [] }),
    ];
    const before = await all();
    const { done } = await installAll({ ...request, wasmDir });
    expect(done).toEqual({
      ledger: 'upgraded',
      governance: 'upgraded',
      treasury: 'upgraded',
      datasets: 'unchanged',
      access: 'unchanged',
      models: 'unchanged',
      fleet: 'unchanged',
      root: 'unchanged',
    });
    expect(await all()).toEqual(before);
    const { proposal } = await proposeMotion(clients.alice, {
      clientRef: 'after',
      title: 'After',
      summary: '',
      motion: 'It still works',
    });
    await vote(clients.bob, { proposal, vote: 'yes' });
    expect(await decision(clients.nobody, proposal)).toMatchObject({ outcome: 'executed' });
  });
});

/**
 * A Wasm custom section of some bytes: changes the module's hash and nothing else (WebAssembly core specification
 * §5.5.3).
 */
function customSection(bytes: number): Uint8Array {
  const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
  const body = concat(Uint8Array.of(4), utf8('test'), new Uint8Array(bytes));
  return concat(Uint8Array.of(0, ...leb(body.length)), body);
}

describe('a host killed without warning', () => {
  it('comes back with every ballot and balance', async () => {
    const before = { alice: await balance(clients.alice), proposals: await listProposals(clients.nobody) };
    await stopHost('SIGKILL');
    const ic = await startHost();
    expect(ic.rootKey).toBe(request.rootKey);
    const back = await connect({ ...ic, canisters: JSON.parse(readFileSync(networkFile, 'utf8')).canisters });
    expect({ alice: await balance(back, clients.alice.principal), proposals: await listProposals(back) }).toEqual(
      before,
    );
  });
});
