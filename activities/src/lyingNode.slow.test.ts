import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MasterPublicKey } from '@dfinity/vetkeys';
import { connect, decision, type Access, type Clients, type Governance } from '@livepod/client';
import { vetkdMasterOf } from '@livepod/client/install';
import { hex, principalBytes, signOperatorToken, utf8 } from '@livepod/protocol';
import { contribute, datasetPublicKey, ObjectStore, signerOf, type Contribution } from '@livepod/transfer';
import {
  canisterAccess,
  canisterDatasets,
  canisterFleet,
  canisterGovernance,
  canisterOperators,
  canisterRequesting,
  canisterTreasury,
  providerTraining,
  Workspace,
} from './index.js';
import { Chain, motionRecording, motionSchema, type Role } from '../test/chain.js';
import { LyingNode } from '../test/lyingNode.js';
import { patiently } from '../test/patience.js';
import { settleLeftover } from './watch/leftovers.js';
import { collectObjects } from './watch/objects.js';

/** How long room and objects wait for their dataset. */
const RESERVATION_SECONDS = 15;
/** A folder of the bucket that no dataset claims. */
const UNCLAIMED = `datasets/${'ab'.repeat(32)}/`;

let chain: Chain;
let node: LyingNode;
/** Through the node that lies, and around it. */
let misled: Clients;
let operator: Clients;
let objects: ObjectStore;
let scratch: string;
let dataset: string;

const misledAs = (role: Role): Promise<Clients> =>
  connect({ ...chain.network, icHost: node.url }, chain.identity(role));

beforeAll(async () => {
  chain = await Chain.open({ parameters: { reservationSeconds: RESERVATION_SECONDS } });
  node = await LyingNode.before(chain.network.icHost, join(chain.folder, 'ic'));
  misled = await misledAs('operator');
  operator = await chain.as('operator');
  objects = new ObjectStore(chain.s3);
  scratch = join('/dev/shm', `livepod-lying-${process.pid}`);
});
afterAll(async () => {
  node?.close();
  objects?.close();
  await rm(scratch, { recursive: true, force: true });
  await chain?.close();
});
beforeEach(() => {
  node.lies = {};
  node.signs = true;
  node.told.length = 0;
  node.broken.length = 0;
});

afterEach(() => expect(node.broken).toEqual([]));

const contribution = (clients: Clients): Contribution => ({
  clients,
  seed: chain.identity('contributor-1'),
  recordings: [{ name: 'run.csv', bytes: motionRecording(1) }],
  schema: motionSchema,
  title: 'A watch',
  store: 's3',
  s3: chain.s3,
});

describe('a node that lies', () => {
  it('is believed by a query that it signs, by none that it does not, and never by the whole subnet', async () => {
    node.lies = { is_operator: () => true };
    expect(await misled.fleet.is_operator(misled.principal)).toBe(true);
    expect(await misled.certified.fleet.is_operator(misled.principal)).toBe(false);
    const anybody = await connect({ ...chain.network, icHost: node.url });
    expect(await anybody.certified.fleet.is_operator(misled.principal)).toBe(false);
    node.signs = false;
    await expect(misled.fleet.is_operator(misled.principal)).rejects.toMatchObject({ code: 'network' });
  });
});

describe('an operator’s token', () => {
  it('of somebody who is none is refused, whatever a lying node says of them', async () => {
    node.lies = { is_operator: () => true };
    const asked = { action: 'abort' as const, workflow: 'lifecycle-lies', object: 'workflow', state: 'working/0' };
    const now = BigInt(Date.now()) * 1_000_000n;
    const token = signOperatorToken(chain.seed('stranger'), {
      ...asked,
      audience: chain.network.canisters.fleet,
      notBefore: now - 60_000_000_000n,
      expires: now + 600_000_000_000n,
      nonce: new Uint8Array(16),
    });
    await expect(canisterOperators(misled).authorise({ ...asked, token })).rejects.toMatchObject({
      code: 'notAuthorized',
      message: expect.stringContaining('is not an operator'),
    });
  });
});

describe('the key that data keys are wrapped to', () => {
  it('is not the one that a lying node names', async () => {
    const ofTheNode = MasterPublicKey.deserialize(Buffer.from(chain.network.vetkdMaster!, 'hex'))
      .deriveCanisterKey(principalBytes(chain.network.canisters.fleet))
      .publicKeyBytes();
    node.lies = { cached_public_key: () => [ofTheNode] };
    const clients = await misledAs('contributor-1');
    ({ dataset } = await contribute(contribution(clients)));
    // Everything in a manifest follows from the content and the contributor's key, the wrapped data key too.
    expect((await contribute(contribution(await chain.as('contributor-1')))).dataset).toBe(dataset);
    expect(hex(await datasetPublicKey(clients))).toBe(
      hex(new Uint8Array((await operator.access.cached_public_key())!)),
    );
  });

  it('is refused where network.json pins another master key than the network has: nothing is sent', async () => {
    const network = { ...chain.network, vetkdMaster: vetkdMasterOf(chain.network.rootKey, 'key_1') };
    const elsewhere = await connect(network, chain.identity('contributor-2'));
    await expect(contribute(contribution(elsewhere))).rejects.toMatchObject({ code: 'wrongKey' });
    const { vetkdMaster: _, ...without } = chain.network;
    await expect(
      contribute(contribution(await connect(without, chain.identity('contributor-2')))),
    ).rejects.toMatchObject({ code: 'wrongKey', message: expect.stringContaining('vetkdMaster') });
  });
});

describe('objects', () => {
  const folder = async (): Promise<string> => {
    const manifest = (await operator.datasets.get_manifest(dataset))!;
    return (JSON.parse(new TextDecoder().decode(new Uint8Array(manifest.manifest))) as { storage: { prefix: string } })
      .storage.prefix;
  };
  const there = async (prefix: string): Promise<number> => (await objects.list(chain.s3.bucket, prefix)).length;

  it('of an upload that may still be registered are kept when a lying node calls the time over', async () => {
    await objects.create(chain.s3.bucket, `${UNCLAIMED}run.csv`, [utf8('sealed')], hex(utf8('root')));
    node.lies = { reservation_seconds: () => 0n };
    expect(await collectObjects(misled, objects, chain.s3.bucket, null)).toMatchObject({ objects: 0 });
    expect(await there(UNCLAIMED)).toBe(1);
  });

  it('of a registered dataset are not deleted when a lying node calls them unclaimed', async () => {
    await new Promise((resolve) => setTimeout(resolve, (RESERVATION_SECONDS + 2) * 1000));
    const registered = await folder();
    node.lies = { unclaimed: () => [registered, UNCLAIMED] };
    expect(await collectObjects(misled, objects, chain.s3.bucket, null)).toMatchObject({ objects: 1 });
    expect(node.told).toContain('unclaimed');
    expect([await there(registered), await there(UNCLAIMED)]).toEqual([1, 0]);
  });
});

describe('a vote', () => {
  const proposed = (reference: string) => ({
    action: { call: 'acceptDataset' as const, dataset },
    clientRef: reference,
    title: 'A dataset',
    summary: 'A dataset.',
  });

  it('is on the words that would be carried out, not on those that a lying node shows', async () => {
    const { id } = await canisterGovernance(misled).propose(proposed('intake/lies/0'));
    node.lies = {
      get_proposal: ({ result: [shown] }: Governance.GetProposalResponse) => ({
        result: [
          { Proposal: { ...(shown as { Proposal: object }).Proposal, payload_text_rendering: ['Nothing happens.'] } },
        ],
      }),
    };
    expect((await decision(misled, id)).rendering).toBe('Nothing happens.');
    expect((await decision(misled.certified, id)).rendering).toContain(dataset.slice(0, 19));
    expect(await canisterGovernance(operator).withdraw({ clientRefs: ['intake/lies/0'] })).toEqual({ withdrawn: [id] });
  });

  it('is open however a lying node says that it ended', async () => {
    const governance = canisterGovernance(misled);
    const { id } = await governance.propose(proposed('intake/lies/1'));
    for (const ending of [{ executed_timestamp_seconds: 1n }, { failed_timestamp_seconds: 1n }, {}]) {
      node.lies = {
        get_proposal: ({ result: [found] }: Governance.GetProposalResponse) => ({
          result: [
            { Proposal: { ...(found as { Proposal: object }).Proposal, decided_timestamp_seconds: 1n, ...ending } },
          ],
        }),
      };
      await expect(governance.decision({ proposal: id })).rejects.toMatchObject({ code: 'notDecided' });
    }
    node.lies = {};
    await chain.vote(id);
    expect(await patiently(() => governance.decision({ proposal: id }))).toMatchObject({ outcome: 'adopted' });
  });

  it('is not taken back because a lying node calls it by another one’s reference', async () => {
    const holder = chain.identity('provider').getPrincipal().toText();
    const slash = { call: 'slashBond' as const, holder, purpose: 'provider' as const, amount: '1', reason: 'none' };
    const governance = canisterGovernance(misled);
    const { id } = await governance.propose({
      ...proposed('slash/lies/1'),
      action: { ...slash, evidence: 'entry access 0' },
    });
    const renamed = <P extends Governance.ProposalData>(one: P): P => ({
      ...one,
      proposal: one.proposal.map((words) => ({ ...words, url: 'livepod:intake/gone/1' })),
    });
    node.lies = {
      list_proposals: ({ proposals, ...rest }: Governance.ListProposalsResponse) => ({
        ...rest,
        proposals: proposals.map(renamed),
      }),
      get_proposal: ({ result: [shown] }: Governance.GetProposalResponse) => ({
        result: [{ Proposal: renamed((shown as { Proposal: Governance.ProposalData }).Proposal) }],
      }),
    };
    expect(await governance.withdraw({ clientRefs: ['intake/gone/1'] })).toEqual({ withdrawn: [] });
    expect(
      await settleLeftover(
        misled,
        { of: async () => ({ running: false, broken: null, lastEnd: 0 }) },
        { access: canisterAccess(misled), treasury: canisterTreasury(misled), fleet: canisterFleet(misled) },
        {
          ...{ of: 'round gone', why: '', by: { attribute: 'round', value: 'gone' } },
          ...{ proposals: [id], jobs: [], releases: [] },
        },
      ),
    ).toMatchObject({ withdrawn: [] });
    expect(await governance.withdraw({ clientRefs: ['slash/lies/1'] })).toEqual({ withdrawn: [] });
    node.lies = {};
    expect(await governance.withdraw({ clientRefs: ['slash/lies/1'] })).toEqual({ withdrawn: [id] });
  });
});

describe('a job', () => {
  let job: number;
  let found: Access.Job;
  const jobWith = (change: Partial<Access.Job>) => ({ get_job: ([known]: [Access.Job]) => [{ ...known, ...change }] });

  beforeAll(async () => {
    const terms = await canisterDatasets(operator).terms({ datasets: [dataset] });
    ({ job } = await canisterRequesting(await chain.as('provider')).request({
      ...{ round: 'lies', recipe: chain.recipe, arguments: {}, seed: 1, base: null, clientRef: 'round/lies' },
      datasets: terms.map(({ id, epoch }) => ({ id, epoch })),
      reward: '500',
      deadline: (BigInt(Date.now() + 3_600_000) * 1_000_000n).toString(),
    }));
    found = (await operator.access.get_job(BigInt(job)))!;
  });

  it('has the price and the provider that the subnet says, whatever a lying node does, before it is paid', async () => {
    const truth = await canisterAccess(operator).job({ job });
    expect(truth).toMatchObject({ job, reward: '500', providerName: 'provider-1', clientRef: 'round/lies' });
    node.lies = {
      ...jobWith({ reward: 1n, fees: 1n, client_ref: 'round/other' }),
      get_provider: () => [],
    };
    expect(await canisterAccess(misled).job({ job })).toEqual({ ...truth, link: expect.any(String) });
  });

  it('is not ended by its provider because a lying node takes it for a round that was given up', async () => {
    const provider = await misledAs('provider');
    node.lies = { find_job: () => [{ ...found, client_ref: 'round/gone' }] };
    expect(await canisterRequesting(provider).giveUp({ clientRef: 'round/gone', reason: 'gone' })).toEqual({
      job: null,
    });
    expect((await operator.access.get_job(BigInt(job)))!.state).toHaveProperty('requested');
  });

  it('is not given up because a lying node takes it for one of a round that is over', async () => {
    node.lies = { ...jobWith({ client_ref: 'round/gone' }) };
    expect(
      await settleLeftover(
        misled,
        { of: async () => ({ running: false, broken: null, lastEnd: 0 }) },
        { access: canisterAccess(misled), treasury: canisterTreasury(misled), fleet: canisterFleet(misled) },
        {
          ...{ of: 'round gone', why: '', by: { attribute: 'round', value: 'gone' } },
          ...{ proposals: [], jobs: [job], releases: [] },
        },
      ),
    ).toMatchObject({ failed: [] });
  });

  it('is not granted, and so not waited for any more, because a lying node says so', async () => {
    node.lies = jobWith({ state: { granted: null } });
    await expect(canisterAccess(misled).granted({ job })).rejects.toMatchObject({ code: 'notYet' });
    node.lies = jobWith({ state: { failed: 'no' } });
    await expect(canisterAccess(misled).granted({ job })).rejects.toMatchObject({ code: 'notYet' });
  });

  it('is not wiped from its provider’s host because a lying node calls it over', async () => {
    const workspace = new Workspace(join(chain.folder, 'provider'), scratch);
    await workspace.open();
    await mkdir(workspace.sealed(job), { recursive: true });
    node.lies = jobWith({ state: { completed: null } });
    const training = providerTraining({
      clients: await misledAs('provider'),
      signer: signerOf(chain.identity('provider')),
      workspace,
      host: 'here',
    });
    await training.open({ job: job }).catch(() => undefined);
    await training.open({ job: job + 1 }).catch(() => undefined);
    expect(existsSync(workspace.sealed(job))).toBe(true);
  });

  it('is paid for, and paid back, however a lying node says that it was already', async () => {
    const treasury = canisterTreasury(misled);
    node.lies = { icrc2_allowance: () => ({ allowance: 2n ** 100n, expires_at: [] }) };
    const escrow = await treasury.openEscrow({ job, clientRef: 'escrow/lies' });
    expect(escrow.state).toBe('open');
    node.lies = { escrow_of_job: () => [], ...jobWith({ state: { failed: 'already' } }) };
    await canisterAccess(misled).fail({ job, reason: 'the test is over' });
    expect(await treasury.refund({ job })).toMatchObject({ escrow: escrow.escrow, state: 'refunded' });
    expect((await operator.access.get_job(BigInt(job)))!.state).toHaveProperty('refunded');
  });
});
