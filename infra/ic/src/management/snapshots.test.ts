import { Ed25519KeyIdentity } from '@dfinity/identity';
import type { Principal } from '@dfinity/principal';
import { managementOf, TestNetwork, testWasm } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

describe('snapshots', () => {
  const network = new TestNetwork();
  const take = async (id: Principal, more = {}): Promise<Uint8Array> =>
    (
      await network.management.take_canister_snapshot({
        canister_id: id,
        replace_snapshot: [],
        uninstall_code: [],
        sender_canister_version: [],
        ...more,
      })
    ).id as Uint8Array;
  const load = (id: Principal, snapshot: Uint8Array): Promise<void> =>
    network.management.load_canister_snapshot({ canister_id: id, snapshot_id: snapshot, sender_canister_version: [] });

  beforeAll(() => network.start());
  afterAll(() => network.remove());

  it('bring back heap, stable memory and certified data, also after the host was killed', async () => {
    const canister = await network.deploy();
    await canister.increment();
    await canister.write_stable(70_000n, [1, 2, 3]);
    const snapshot = await take(canister.id);
    await canister.increment();
    await canister.write_stable(70_000n, [9, 9, 9]);
    await network.stop();
    await network.start();
    await load(canister.id, snapshot);
    const again = network.canister(canister.id);
    expect(await again.counter()).toBe(1n);
    expect([...(await again.read_stable(70_000n, 3n))]).toEqual([1, 2, 3]);
    expect(await again.increment()).toBe(2n);
    await load(canister.id, snapshot);
    expect(await again.counter()).toBe(1n);
    expect(await again.history_of(canister.id)).toEqual([
      'creation, 1 controllers',
      'install',
      'load snapshot',
      'load snapshot',
    ]);
  });

  it('can be downloaded and uploaded to another canister', async () => {
    const source = await network.deploy();
    await source.increment();
    await source.write_stable(100n, [5, 6, 7]);
    const snapshot = await take(source.id);
    const target = await network.create();
    const copy = await transfer(network, source.id, snapshot, target);
    await load(target, copy);
    expect(await network.canister(target).counter()).toBe(1n);
    expect([...(await network.canister(target).read_stable(100n, 3n))]).toEqual([5, 6, 7]);
    const status = await network.management.canister_status({ canister_id: target });
    expect(status.memory_metrics.snapshots_size).toBeGreaterThan(BigInt(testWasm().length));
  }, 120_000);

  it('are listed, replaced and deleted, ten at most', async () => {
    const canister = await network.deploy();
    const ids: Uint8Array[] = [];
    for (let count = 0; count < 10; count += 1) ids.push(await take(canister.id));
    await expect(take(canister.id)).rejects.toThrow('maximum number of snapshots');
    const replaced = await take(canister.id, { replace_snapshot: [ids[0]!] });
    await network.management.delete_canister_snapshot({ canister_id: canister.id, snapshot_id: ids[1] });
    const listed = (await network.management.list_canister_snapshots({ canister_id: canister.id })) as {
      id: Uint8Array;
    }[];
    expect(listed.map(({ id }) => Buffer.from(id).toString('hex'))).toEqual(
      [...ids.slice(2), replaced].map((id) => Buffer.from(id).toString('hex')),
    );
    await expect(load(canister.id, ids[1]!)).rejects.toThrow('Could not find the snapshot');
  }, 120_000);

  it('are for controllers, unless their visibility says otherwise', async () => {
    const canister = await network.deploy();
    await take(canister.id);
    const stranger = managementOf(await network.agentOf(Ed25519KeyIdentity.generate()));
    await expect(stranger.list_canister_snapshots({ canister_id: canister.id })).rejects.toThrow('not allowed');
    await network.management.update_settings({
      canister_id: canister.id,
      settings: { ...NOTHING, snapshot_visibility: [{ public: null }] },
      sender_canister_version: [],
    });
    expect(await stranger.list_canister_snapshots({ canister_id: canister.id })).toHaveLength(1);
    await expect(
      stranger.take_canister_snapshot({
        canister_id: canister.id,
        replace_snapshot: [],
        uninstall_code: [],
        sender_canister_version: [],
      }),
    ).rejects.toThrow('Only controllers');
  });

  it('can uninstall the code once taken, and cannot be changed when they were taken', async () => {
    const canister = await network.deploy();
    const snapshot = await take(canister.id, { uninstall_code: [true] });
    await expect(canister.counter()).rejects.toThrow('no Wasm module');
    await expect(take(canister.id)).rejects.toThrow('empty canister');
    await expect(
      network.management.upload_canister_snapshot_data({
        canister_id: canister.id,
        snapshot_id: snapshot,
        kind: { stable_memory: { offset: 0n } },
        chunk: [1],
      }),
    ).rejects.toThrow('created by metadata upload');
    await load(canister.id, snapshot);
    expect(await canister.counter()).toBe(0n);
  });

  it('do not load with globals of another module', async () => {
    const canister: TestCanister = await network.deploy();
    const { snapshot_id } = await network.management.upload_canister_snapshot_metadata({
      canister_id: canister.id,
      replace_snapshot: [],
      wasm_module_size: BigInt(testWasm().length),
      globals: [{ i64: 1n }],
      wasm_memory_size: 65536n,
      stable_memory_size: 0n,
      certified_data: [],
      global_timer: [],
      on_low_wasm_memory_hook_status: [],
    });
    for (let offset = 0; offset < testWasm().length; offset += 1_000_000) {
      await network.management.upload_canister_snapshot_data({
        canister_id: canister.id,
        snapshot_id,
        kind: { wasm_module: { offset: BigInt(offset) } },
        chunk: testWasm().subarray(offset, offset + 1_000_000),
      });
    }
    await expect(load(canister.id, snapshot_id as Uint8Array)).rejects.toThrow('globals');
  });
});

const NOTHING = Object.fromEntries(
  [
    'controllers',
    'compute_allocation',
    'memory_allocation',
    'freezing_threshold',
    'reserved_cycles_limit',
    'wasm_memory_limit',
    'wasm_memory_threshold',
    'minimum_incoming_canister_call_cycles',
    'log_memory_limit',
    'environment_variables',
    'log_visibility',
    'snapshot_visibility',
    'status_visibility',
  ].map((name) => [name, []]),
);

/** As `icp canister snapshot download` and `upload` do it. */
async function transfer(
  network: TestNetwork,
  source: Principal,
  snapshot: Uint8Array,
  target: Principal,
): Promise<Uint8Array> {
  const { management } = network;
  const place = { canister_id: source, snapshot_id: snapshot };
  const metadata = await management.read_canister_snapshot_metadata(place);
  expect(metadata.source).toEqual({ taken_from_canister: null });
  const { snapshot_id } = await management.upload_canister_snapshot_metadata({
    ...metadata,
    canister_id: target,
    replace_snapshot: [],
  });
  const sizes = {
    wasm_module: metadata.wasm_module_size,
    wasm_memory: metadata.wasm_memory_size,
    stable_memory: metadata.stable_memory_size,
  } as Record<string, bigint>;
  for (const [kind, size] of Object.entries(sizes)) {
    for (let offset = 0n; offset < size; offset += 1_900_000n) {
      const length = size - offset < 1_900_000n ? size - offset : 1_900_000n;
      const { chunk } = await management.read_canister_snapshot_data({
        ...place,
        kind: { [kind]: { offset, size: length } },
      });
      await management.upload_canister_snapshot_data({
        canister_id: target,
        snapshot_id,
        kind: { [kind]: { offset } },
        chunk,
      });
    }
  }
  return snapshot_id as Uint8Array;
}
