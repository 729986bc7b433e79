/**
 * From the version before to this one, with states that the version before made: `LIVEPOD_WASM_BEFORE` names a folder
 * with its modules. Skipped without it.
 */
import { TransportSecretKey } from '@dfinity/vetkeys';
import { installAll } from '@livepod/client/install';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { begin, contribute, paidJob, pass, wasmDir, type World } from './daoWorld.js';

const before = process.env['LIVEPOD_WASM_BEFORE'];
const suite = before ? describe : describe.skip;

suite('an upgrade from the version before', () => {
  const modules = mkdtempSync(join(tmpdir(), 'livepod-before-'));
  let world: World;
  let grant: bigint;

  beforeAll(async () => {
    cpSync(before!, modules, { recursive: true });
    // The version before may have had no root canister.
    if (!existsSync(join(modules, 'root.wasm'))) cpSync(join(wasmDir(), 'root.wasm'), join(modules, 'root.wasm'));
    world = await begin(modules);
    await pass(world, 'approve_provider', { provider: world.clients.provider.principal });
    await pass(world, 'approve_recipe', { recipe: world.recipe });
    await pass(world, 'appoint_evaluator', { evaluator: world.clients.evaluator.principal });
    ({ grant } = await paidJob(world, await contribute(world, 1)));
  }, 600_000);

  afterAll(async () => {
    rmSync(modules, { recursive: true, force: true });
    await world?.end();
  });

  const states = async (): Promise<unknown> => {
    const { access, datasets, models, governance } = world.clients.stranger;
    const proposals = await governance.list_proposals({
      ...{ include_reward_status: Int32Array.of(), before_proposal: [], limit: 100 },
      ...{ exclude_type: BigUint64Array.of(), include_status: Int32Array.of() },
    });
    return [
      await access.list_jobs({ after: [], limit: 100 }),
      await access.list_grants({ job: 1n }),
      await access.list_recipes({ after: [], limit: 100 }),
      await access.list_providers({ after: [], limit: 100 }),
      await access.audit_tip().then(({ hash }) => hash),
      await datasets.list_datasets({ after: [], limit: 100, status: [] }),
      await datasets.list_buckets(),
      await datasets.audit_tip().then(({ hash }) => hash),
      await models.list_evaluators(),
      await models.get_publication().then(({ root_version }) => root_version),
      proposals.proposals.map(({ id, proposal, decided_timestamp_seconds: decided }) => ({ id, proposal, decided })),
    ];
  };

  it('keeps all that the canisters held', async () => {
    const held = await states();
    const { done } = await installAll({ ...world.request, wasmDir: wasmDir() });
    expect(new Set([done.access, done.datasets, done.models, done.governance])).toEqual(new Set(['upgraded']));
    expect(await states()).toEqual(held);
  });

  it('lets a grant of before release a key, and a vote take it back', async () => {
    const release = () =>
      world.clients.provider.access.release_key({
        ...{ grant, transport_public_key: TransportSecretKey.random().publicKeyBytes() },
      });
    await release();
    await pass(world, 'revoke_grant', { grant, reason: 'voters changed their mind' });
    await expect(release()).rejects.toMatchObject({ code: 'grantRevoked' });
  });
});
