/**
 * Keys of datasets after the DAO took something back that they rest on, on the embedded IC host with the real
 * canisters: every approval has an inverse, and release_key asks again for each.
 */
import { TransportSecretKey } from '@dfinity/vetkeys';
import { begin, bond, contribute, paidJob, pass, TOKEN, type World } from './daoWorld.js';

let world: World;
let dataset: string;

const release = (grant: bigint, to = TransportSecretKey.random()) =>
  world.clients.provider.access.release_key({ grant, transport_public_key: to.publicKeyBytes() });
const reason = 'voters changed their mind';

beforeAll(async () => {
  world = await begin();
  await pass(world, 'approve_provider', { provider: world.clients.provider.principal });
  await pass(world, 'approve_recipe', { recipe: world.recipe });
  await pass(world, 'appoint_evaluator', { evaluator: world.clients.evaluator.principal });
  dataset = await contribute(world, 1);
}, 600_000);

afterAll(() => world?.end());

describe('a live grant', () => {
  it('releases keys while everything that it rests on holds', async () => {
    const { grant } = await paidJob(world, dataset);
    expect((await release(grant)).encrypted_key.length).toBeGreaterThan(0);
  });

  it('releases no key after the provider was revoked, nor repeats one, until it is approved again', async () => {
    const { provider } = world.clients;
    const { grant } = await paidJob(world, dataset);
    const known = TransportSecretKey.random();
    await release(grant, known);
    const { rendering } = await pass(world, 'revoke_provider', { provider: provider.principal, reason });
    expect(rendering).toContain(reason);
    await expect(release(grant)).rejects.toMatchObject({ code: 'notApproved' });
    await expect(release(grant, known)).rejects.toMatchObject({ code: 'notApproved' });
    await expect(paidJob(world, dataset)).rejects.toMatchObject({ code: 'notApproved' });
    await pass(world, 'approve_provider', { provider: provider.principal });
    await release(grant);
  });

  it('releases no key after its recipe was revoked', async () => {
    const { grant } = await paidJob(world, dataset);
    await pass(world, 'revoke_recipe', { recipe: world.recipe, reason });
    await expect(release(grant)).rejects.toMatchObject({ code: 'notApproved' });
    await pass(world, 'approve_recipe', { recipe: world.recipe });
    await release(grant);
  });

  it('releases no key after it was revoked itself', async () => {
    const { grant } = await paidJob(world, dataset);
    await pass(world, 'revoke_grant', { grant, reason });
    await expect(release(grant)).rejects.toMatchObject({ code: 'grantRevoked' });
  });

  it('releases no key of a dataset that was revoked, and nobody asks for it any more', async () => {
    const other = await contribute(world, 2);
    const { grant } = await paidJob(world, other);
    await pass(world, 'revoke_dataset', { dataset: other, reason });
    await expect(release(grant)).rejects.toMatchObject({ code: 'notApproved' });
    await expect(paidJob(world, other)).rejects.toMatchObject({ code: 'notApproved' });
    expect((await world.clients.stranger.datasets.get_dataset(other))?.status).toEqual({ revoked: null });
  });

  it('does not outlast a slashed bond, and a new bond does not bring it back', async () => {
    const { provider } = world.clients;
    const { grant } = await paidJob(world, dataset);
    await pass(world, 'slash_bond', {
      holder: provider.principal,
      purpose: { provider: null },
      amount: TOKEN,
      reason: 'it sold a dataset',
      evidence: `document sha256:${'0'.repeat(64)}`,
      compensate: [],
    });
    await expect(release(grant)).rejects.toMatchObject({ code: 'bondMissing' });
    await bond(provider, 'provider', TOKEN);
    await expect(release(grant)).rejects.toMatchObject({ code: 'grantRevoked' });
    await release((await paidJob(world, dataset)).grant);
  });
});

describe('an evaluator', () => {
  it('is taken off the list by a vote, and by nobody else', async () => {
    const { evaluator, stranger } = world.clients;
    const payload = { evaluator: evaluator.principal, reason };
    await expect(stranger.models.revoke_evaluator(payload)).rejects.toMatchObject({ code: 'rejected' });
    await pass(world, 'revoke_evaluator', payload);
    expect(await stranger.models.list_evaluators()).toEqual([]);
  });
});

describe('inspect_message', () => {
  it('lets no stranger and no anonymous caller make a canister work for methods of canisters', async () => {
    const { stranger } = world.clients;
    for (const call of [
      () => stranger.access.payment_received({ job: 1n, escrow: 1n, payer: [] }),
      () => stranger.access.revoke_grant({ grant: 1n, reason }),
      () => stranger.models.set_exposure({} as never),
      () => stranger.datasets.open_reads({ dataset, reader: stranger.principal, until: 1n }),
      () => stranger.access.fail_job({ job: 1n, reason: 'x'.repeat(20_000) }),
    ])
      await expect(call()).rejects.toMatchObject({ code: expect.stringMatching(/rejected|invalid/) as string });
  });
});
