import { PocketIc } from '@dfinity/pic';
import { Ed25519KeyIdentity } from '@icp-sdk/core/identity';
import { testWasmPath } from '../testing/network.js';
import { pocketServers, RunningPocketServer } from '../testing/pocket-server.js';
import { testCanister, type TestCanister } from '../testing/test-canister.js';

describe.each(pocketServers)('@dfinity/pic on %s', (_, program) => {
  const server = new RunningPocketServer();
  let pic: PocketIc;

  beforeAll(async () => {
    await server.start(program);
    pic = await PocketIc.create(server.url);
  });
  afterAll(async () => {
    await pic?.tearDown();
    await server.stop();
  });

  const setup = async (
    sender = Ed25519KeyIdentity.generate().getPrincipal(),
  ): Promise<{ canister: TestCanister; id: Parameters<typeof pic.getCyclesBalance>[0]; sender: typeof sender }> => {
    const { actor, canisterId } = await pic.setupCanister({
      idlFactory: testCanister as never,
      wasm: testWasmPath(),
      sender,
    });
    return { canister: actor as unknown as TestCanister, id: canisterId, sender };
  };

  it('installs, updates, queries and upgrades', async () => {
    const { canister, id, sender } = await setup();
    expect(await canister.increment()).toBe(1n);
    expect(await canister.counter()).toBe(1n);
    await canister.write_stable(0n, [1, 2, 3]);
    await pic.upgradeCanister({ canisterId: id, wasm: testWasmPath(), sender });
    expect(await canister.counter()).toBe(0n);
    expect([...(await canister.read_stable(0n, 3n))]).toEqual([1, 2, 3]);
    expect((await pic.getControllers(id)).map(String)).toEqual([sender.toText()]);
  });

  it('speaks for whomever it names', async () => {
    const { canister, id } = await setup();
    const bob = Ed25519KeyIdentity.generate().getPrincipal();
    const actor = pic.createActor(testCanister as never, id) as unknown as TestCanister & {
      setPrincipal(principal: unknown): void;
    };
    actor.setPrincipal(bob);
    expect(String(await actor.whoami())).toBe(bob.toText());
    await expect(canister.increment_and_trap()).rejects.toThrow('deliberate');
    await expect(canister.refused_at_the_door()).rejects.toThrow(/rejected the message|IC0406|406/);
  });

  it('moves the time by hand, and nothing happens by itself', async () => {
    const { canister } = await setup();
    await canister.start_timer(60_000n);
    await pic.tick(3);
    expect(await canister.ticks()).toBe(0n);
    await pic.advanceTime(61_000);
    await pic.tick(3);
    expect(await canister.ticks()).toBe(1n);
    const before = await pic.getTime();
    await pic.setTime(before + 86_400_000);
    expect(await pic.getTime()).toBeGreaterThanOrEqual(before + 86_400_000);
  });

  it('counts cycles and reads and writes stable memory from outside', async () => {
    const { canister, id } = await setup();
    const before = await pic.getCyclesBalance(id);
    expect(await pic.addCycles(id, 5_000_000_000_000n)).toBeGreaterThan(before + 4_000_000_000_000n);
    await pic.setStableMemory(id, Uint8Array.of(9, 8, 7));
    expect([...(await canister.read_stable(0n, 3n))]).toEqual([9, 8, 7]);
    expect([...(await pic.getStableMemory(id)).subarray(0, 3)]).toEqual([9, 8, 7]);
  });

  it('answers HTTP outcalls as the test wants', async () => {
    const { id } = await setup();
    const deferred = pic.createDeferredActor(testCanister as never, id) as unknown as Record<
      'fetch',
      (...args: unknown[]) => Promise<() => Promise<unknown>>
    >;
    const execute = await deferred.fetch('https://example.com/price', [], ['without_headers']);
    await pic.tick(2);
    const [pending] = await pic.getPendingHttpsOutcalls();
    expect(pending).toMatchObject({ url: 'https://example.com/price', httpMethod: 'POST' });
    await pic.mockPendingHttpsOutcall({
      requestId: pending!.requestId,
      subnetId: pending!.subnetId,
      response: { type: 'success', statusCode: 200, headers: [['x', 'y']], body: new TextEncoder().encode('42') },
    });
    expect(await execute()).toEqual({ Ok: [200n, [], new TextEncoder().encode('seen: 42')] });
  });

  it('goes live, so that an agent can talk to it', async () => {
    const { id } = await setup();
    const url = `http://127.0.0.1:${await pic.makeLive()}`;
    const status = await fetch(`${url}/api/v2/status`);
    expect(status.status).toBe(200);
    const page = await fetch(`${url}/increment?canisterId=${id.toText()}`); // by an update, which needs no certificate
    expect(page.status).toBe(201);
    expect(await page.text()).toBe('1');
    await pic.stopLive();
  });
});
