import { SHORT_LIMITS, TestNetwork, until } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

describe('execution', () => {
  const network = new TestNetwork();
  let canister: TestCanister;
  let other: TestCanister;

  beforeAll(async () => {
    await network.start(SHORT_LIMITS);
    canister = await network.deploy();
    other = await network.deploy();
  });
  afterAll(() => network.remove());

  it('runs init with the caller, then updates and queries', async () => {
    expect(await canister.started()).toBe(`init by ${network.identity.getPrincipal().toText()}`);
    const before = await canister.counter();
    expect(await canister.increment()).toBe(before + 1n);
    expect(await canister.counter()).toBe(before + 1n);
    expect((await canister.whoami()).toText()).toBe(network.identity.getPrincipal().toText());
  });

  it('drops what a query changed', async () => {
    const before = await canister.counter();
    expect(await canister.increment_in_a_query()).toBe(before + 1n);
    expect(await canister.increment_in_a_query()).toBe(before + 1n);
    expect(await canister.counter()).toBe(before);
  });

  it('undoes heap, stable memory, certified data and growth of a message that traps', async () => {
    await canister.write_stable(0n, [1, 2, 3]);
    const before = await canister.counter();
    await expect(canister.increment_and_trap()).rejects.toThrow(
      "Canister called `ic0.trap` with message: 'deliberate, after 8388608 bytes'",
    );
    expect(await canister.counter()).toBe(before);
    expect([...(await canister.read_stable(0n, 4n))]).toEqual([1, 2, 3, 0]);
    const status = await network.management.canister_status({ canister_id: canister.id });
    expect(status.memory_metrics.wasm_memory_size).toBeLessThan(8n << 20n);
  });

  it('reports a Wasm trap as IC0502', async () => {
    await expect(canister.wasm_trap()).rejects.toThrow(/Canister trapped: unreachable/);
  });

  it('cuts an endless loop off in an update, and undoes it', async () => {
    const before = await canister.counter();
    await expect(canister.loop_in_update()).rejects.toThrow(
      'Canister exceeded the limit of 2000000000 instructions for single message execution.',
    );
    expect(await canister.counter()).toBe(before);
  });

  it('cuts an endless loop off in a query', async () => {
    await expect(canister.loop_in_query()).rejects.toThrow(
      'Canister exceeded the limit of 1000000000 instructions for single message execution.',
    );
  });

  it('counts instructions alike each time, and more for more work', async () => {
    const once = await canister.instructions_of(1000n);
    expect(await canister.instructions_of(1000n)).toBe(once);
    const tenTimes = await canister.instructions_of(10_000n);
    expect(tenTimes).toBeGreaterThan(once + 9000n);
  });

  it('answers a method that never replies with IC0506', async () => {
    await expect(canister.reply_never()).rejects.toThrow('Canister did not reply to the call.');
  });

  it('passes on a reject by the canister', async () => {
    await expect(canister.reject_with('not today')).rejects.toThrow('not today');
  });

  it('asks inspect_message first', async () => {
    await expect(canister.refused_at_the_door()).rejects.toThrow(/rejected the message/);
  });

  it.each(['increment_at', 'increment_at_bounded'] as const)('calls another canister: %s', async (method) => {
    const before = await other.counter();
    expect(await canister[method](other.id)).toBe(before + 1n);
    expect(await other.counter()).toBe(before + 1n);
  });

  it('calls itself', async () => {
    const before = await canister.counter();
    expect(await canister.increment_at(canister.id)).toBe(before + 1n);
  });

  it('tells a caller why its call was rejected', async () => {
    const [code, text] = await canister.rejection_of(other.id, 'wasm_trap');
    expect(code).toBe(5);
    expect(text).toEqual(expect.stringMatching(/^IC0502: Error from Canister .*: Canister trapped: unreachable/));
    expect((await canister.rejection_of(other.id, 'no_such_method'))[1]).toContain(
      "Canister has no update method 'no_such_method'",
    );
  });

  it('keeps what was done before an await when the callback traps, and runs the cleanup', async () => {
    const before = await other.counter();
    await expect(canister.trap_after_call(other.id)).rejects.toThrow('after the await');
    expect(await canister.counter()).toBe(100n);
    expect(await canister.log()).toEqual(['cleanup']);
    expect(await other.counter()).toBe(before + 1n);
  });

  it('lets a composite query ask another canister', async () => {
    expect(await canister.counter_of(other.id)).toBe(await other.counter());
  });

  it('gives up a bounded-wait call at its deadline with SYS_UNKNOWN', async () => {
    expect((await canister.bounded_call_that_expires(other.id))[0]).toBe(6);
  }, 30_000);

  it('moves the cycles that are accepted, and refunds the rest', async () => {
    const before = await other.balance();
    expect(await canister.send_cycles(other.id, 5_000_000_000_000n, 3_000_000_000_000n)).toEqual([
      3_000_000_000_000n,
      2_000_000_000_000n,
    ]);
    const gained = (await other.balance()) - before;
    expect(gained).toBeGreaterThan(2_900_000_000_000n);
    expect(gained).toBeLessThanOrEqual(3_000_000_000_000n);
  });

  it('fires timers once, and intervals again and again', async () => {
    await canister.start_timer(100n);
    await until('the timer has fired', async () => (await canister.ticks()) === 1n);
    await other.start_interval(200n);
    await until('the interval has fired three times', async () => (await other.ticks()) >= 3n);
    expect(await canister.ticks()).toBe(1n);
  });
});
