import { Ed25519KeyIdentity } from '@dfinity/identity';
import { Principal } from '@dfinity/principal';
import { managementOf, TestNetwork, until } from '../testing/network.js';

const KEEP = Object.fromEntries(
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

describe('what a canister shows of itself', () => {
  const network = new TestNetwork();
  const text = (lines: { content: Uint8Array }[]): string[] =>
    lines.map(({ content }) => Buffer.from(content).toString());
  const logs = async (canister_id: Principal, filter: unknown[] = []): Promise<string[]> =>
    text(
      (await network.management.fetch_canister_logs({ canister_id, filter })).canister_log_records as {
        content: Uint8Array;
      }[],
    );

  beforeAll(() => network.start());
  afterAll(() => network.remove());

  it('is in its log, also why a message trapped', async () => {
    const canister = await network.deploy();
    await canister.print('one');
    await expect(canister.print_and_trap('two')).rejects.toThrow('after two');
    expect(await logs(canister.id)).toEqual(['one', 'two', expect.stringMatching(/^\[TRAP\]: .*after two/)]);
    expect(await logs(canister.id, [{ by_idx: { start: 1n, end: 2n } }])).toEqual(['two']);
    await network.management.uninstall_code({ canister_id: canister.id, sender_canister_version: [] });
    expect(await logs(canister.id)).toEqual([]);
  });

  it('keeps its log for controllers and those whom it allows', async () => {
    const canister = await network.deploy();
    const friend = Ed25519KeyIdentity.generate();
    const asFriend = managementOf(await network.agentOf(friend));
    await expect(asFriend.fetch_canister_logs({ canister_id: canister.id, filter: [] })).rejects.toThrow('not allowed');
    await network.management.update_settings({
      canister_id: canister.id,
      settings: { ...KEEP, log_visibility: [{ allowed_viewers: [friend.getPrincipal()] }] },
      sender_canister_version: [],
    });
    expect(await asFriend.fetch_canister_logs({ canister_id: canister.id, filter: [] })).toEqual({
      canister_log_records: [],
    });
  });

  it('is told once that its heap comes near the limit', async () => {
    const canister = await network.deploy();
    const status = await network.management.canister_status({ canister_id: canister.id });
    const heap = status.memory_metrics.wasm_memory_size as bigint;
    await network.management.update_settings({
      canister_id: canister.id,
      settings: { ...KEEP, wasm_memory_limit: [heap + (8n << 20n)], wasm_memory_threshold: [4n << 20n] },
      sender_canister_version: [],
    });
    await canister.grow_heap(1n << 20n);
    expect(await canister.low_memory_calls()).toBe(0n);
    await canister.grow_heap(4n << 20n);
    await until('the hook has run', async () => (await canister.low_memory_calls()) === 1n);
    await canister.increment();
    expect(await canister.low_memory_calls()).toBe(1n);
  });

  it('counts the cycles by what they were spent on', async () => {
    const canister = await network.deploy();
    await canister.increment_at((await network.deploy()).id);
    const { cycles_consumed } = await network.management.canister_metrics({ canister_id: canister.id });
    expect(cycles_consumed.instructions).toBeGreaterThan(5_000_000n);
    expect(cycles_consumed.ingress_induction).toBeGreaterThan(1_200_000n);
    expect(cycles_consumed.request_and_response_transmission).toBeGreaterThan(260_000n);
  });

  it('can be created under a given id once, with settings or not at all', async () => {
    const specified = Principal.fromText('r7inp-6aaaa-aaaaa-aaabq-cai');
    const create = (settings: unknown[]): Promise<unknown> =>
      network.management.provisional_create_canister_with_cycles({
        amount: [5_000_000_000_000n],
        settings,
        specified_id: [specified],
        sender_canister_version: [],
      });
    await expect(create([{ ...KEEP, compute_allocation: [101n] }])).rejects.toThrow('at most 100 percent');
    expect(await create([])).toEqual({ canister_id: specified });
    await expect(create([])).rejects.toThrow('is already installed');
    await network.install(specified);
    expect(await network.canister(specified).increment()).toBe(1n);
  });

  it('lists canisters to subnet admins only, of whom there are none', async () => {
    await expect(network.management.list_canisters()).rejects.toThrow('Only subnet admins');
  });
});
