import type { TestCanister } from '../testing/test-canister.js';
import { TestNetwork } from '../testing/network.js';

/**
 * How often the host is killed; `LIVEPOD_KILLS=200 npm run test:slow -- infra/ic/src/durability/kills` for the long
 * run.
 */
const KILLS = Number(process.env.LIVEPOD_KILLS ?? 25);
/** Journals are short, so that many kills fall into a checkpoint. */
const OPTIONS = ['--checkpoint-after', '400000'];
const COUNTERS = 4;
const WRITERS = 4;
/** Across three pages, so that a write applied by half would show. */
const BYTES = 150_000;
const LONGEST_LIFE = 500; // milliseconds

/** Writes its area again and again, each time with the next value. */
interface Writer {
  area: bigint;
  acknowledged: number;
  sent: number;
}

describe(`a host that is killed ${KILLS} times under load`, () => {
  const network = new TestNetwork();
  const begun = Date.now();
  const writers: Writer[] = Array.from({ length: WRITERS }, (_, number) => ({
    area: BigInt(number) * 262_144n + 40_000n,
    acknowledged: 0,
    sent: 0,
  }));
  let acknowledged = 0n;
  let sent = 0n;
  let moments = 0;
  afterAll(() => network.remove());

  const count = async (canister: TestCanister): Promise<void> => {
    for (;;) {
      sent += 1n;
      const value = await canister.increment();
      if (value > acknowledged) acknowledged = value;
      moments += 1;
    }
  };
  const write = async (canister: TestCanister, writer: Writer): Promise<void> => {
    for (;;) {
      writer.sent += 1;
      await canister.write_stable(writer.area, new Uint8Array(BYTES).fill(writer.sent % 251));
      writer.acknowledged = writer.sent;
      moments += 1;
    }
  };
  /** What was acknowledged is there, and each write is there wholly or not at all. */
  const check = async (canister: TestCanister): Promise<void> => {
    const counted = await canister.counter();
    expect(counted).toBeGreaterThanOrEqual(acknowledged);
    expect(counted).toBeLessThanOrEqual(sent);
    acknowledged = counted;
    sent = counted;
    for (const writer of writers) {
      const bytes = (await canister.read_stable(writer.area, BigInt(BYTES))) as Uint8Array;
      expect(new Set(bytes).size).toBe(1);
      expect([writer.acknowledged % 251, writer.sent % 251]).toContain(bytes[0]);
      if (bytes[0] === writer.sent % 251) writer.acknowledged = writer.sent;
      else writer.sent = writer.acknowledged;
    }
  };

  it(
    'loses nothing that it acknowledged, and applies nothing by half',
    async () => {
      await network.start(OPTIONS);
      const { id } = await network.deploy();
      await network.canister(id).write_stable(0n, new Uint8Array(2 << 20).subarray(0, 1_900_000));
      const { rootKey } = network;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const canister = network.canister(id);
        const load = Promise.allSettled([
          ...Array.from({ length: COUNTERS }, () => count(canister)),
          ...writers.map((writer) => write(canister, writer)),
        ]);
        await new Promise((resolve) => {
          setTimeout(resolve, Math.random() * LONGEST_LIFE);
        });
        await network.stop('SIGKILL');
        await load;
        await network.start(OPTIONS);
        expect(network.rootKey).toBe(rootKey);
        await check(network.canister(id));
      }
      expect(moments).toBeGreaterThan(KILLS);
      process.stdout.write(
        `${KILLS} kills in ${((Date.now() - begun) / 1000).toFixed(0)} s: ${moments} updates acknowledged, 0 ` +
          'lost, 0 applied by half\n',
      );
    },
    30_000 + KILLS * 15_000,
  );
});
