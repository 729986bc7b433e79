import { TestNetwork, until } from '../testing/network.js';
import type { TestCanister } from '../testing/test-canister.js';

/**
 * A loop in an update ends at the main network's 40 billion instructions, after some seconds; one in a query sooner
 * than there.
 */
const LIMITS = ['--query-instructions', '500000000'];

describe('queries in threads of their own', () => {
  const network = new TestNetwork();
  let busy: TestCanister;
  let other: TestCanister;

  beforeAll(async () => {
    await network.start(LIMITS);
    [busy, other] = [await network.deploy(), await network.deploy()];
    await other.increment();
  });
  afterAll(() => network.remove());

  /**
   * Runs work while an update of `busy` is cut off at its limit. @returns whether the update was still running when the
   * work was done
   */
  const during = async (work: () => Promise<void>): Promise<boolean> => {
    let ended = false;
    const update = busy
      .loop_in_update()
      .catch(() => undefined)
      .finally(() => {
        ended = true;
      });
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    await work();
    const before = !ended;
    await update;
    return before;
  };

  it('are answered while a long update runs, of another canister and of the same', async () => {
    await busy.certify(new Uint8Array(32).fill(7));
    await busy.write_stable(0n, [5, 6]);
    const before = await busy.counter();
    expect(
      await during(async () => {
        for (let round = 0; round < 10; round += 1) {
          expect(await other.counter()).toBe(1n);
          expect(await busy.counter()).toBe(before);
        }
        expect([...(await busy.read_stable(0n, 2n))]).toEqual([5, 6]);
        expect((await busy.certificate())[0]!.length).toBeGreaterThan(100);
        expect(await busy.counter_of(other.id)).toBe(1n); // composite
        expect((await fetch(`${network.url}/api/v2/status`)).status).toBe(200);
      }),
    ).toBe(true);
  });

  it('see what an update did as soon as it is answered', async () => {
    for (let round = 0; round < 30; round += 1) {
      const now = await other.increment();
      expect(await Promise.all([other.counter(), other.counter(), other.counter()])).toEqual([now, now, now]);
    }
  });

  it('see one state each while updates run, and leave none of their own', async () => {
    let ended = false;
    const updates = (async () => {
      for (let round = 0; round < 40; round += 1) await other.increment();
    })().finally(() => {
      ended = true;
    });
    let last = 0n;
    while (!ended) {
      const [plain, changed, composite] = await Promise.all([
        other.counter(),
        other.increment_in_a_query(),
        busy.counter_of(other.id),
      ]);
      for (const seen of [plain, changed - 1n, composite]) expect(seen).toBeGreaterThanOrEqual(last);
      last = plain;
    }
    await updates;
    const final = await other.counter();
    expect(await Promise.all(Array.from({ length: 8 }, () => other.increment_in_a_query()))).toEqual(
      Array.from({ length: 8 }, () => final + 1n),
    );
    expect(await other.counter()).toBe(final);
  });

  it('do not wait for one that runs long', async () => {
    let ended = false;
    const long = busy
      .loop_in_query()
      .catch((error: unknown) => error)
      .finally(() => {
        ended = true;
      });
    const answered: boolean[] = [];
    while (!ended) {
      expect(await other.counter()).toBeGreaterThan(0n);
      answered.push(ended);
    }
    expect(String(await long)).toContain('IC0522');
    expect(answered.filter((after) => !after).length).toBeGreaterThan(0);
  });

  it('follow upgrades, growth of the heap, stops, and canisters that are deleted', async () => {
    const canister = await network.deploy();
    await canister.increment();
    await canister.grow_heap(200n);
    expect(await canister.counter()).toBe(1n);
    await network.install(canister.id, { upgrade: [] });
    expect(await canister.counter()).toBe(0n);
    expect(await canister.started()).toBe('post_upgrade');
    await network.management.stop_canister({ canister_id: canister.id });
    await expect(canister.counter()).rejects.toThrow('is stopped');
    await network.management.delete_canister({ canister_id: canister.id });
    await expect(canister.counter()).rejects.toThrow('not found');
  });

  it('are counted in the canister’s statistics', async () => {
    const calls = async (): Promise<bigint> =>
      (await network.management.canister_status({ canister_id: other.id })).query_stats.num_calls_total;
    const before = await calls();
    for (let round = 0; round < 5; round += 1) await other.counter();
    expect(await calls()).toBe(before + 5n);
  });

  it('go on when the process is killed and started again', async () => {
    const before = await other.counter();
    await network.stop('SIGKILL');
    await network.start(LIMITS);
    const again = network.canister(other.id);
    await until('the threads answer as before', async () => (await again.counter()) === before);
    expect(await again.increment()).toBe(before + 1n);
    expect(await again.counter()).toBe(before + 1n);
  });
});
