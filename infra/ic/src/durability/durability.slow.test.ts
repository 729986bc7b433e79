import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestNetwork, until } from '../testing/network.js';

describe('durability', () => {
  const networks: TestNetwork[] = [];
  const fresh = (): TestNetwork => {
    const network = new TestNetwork();
    networks.push(network);
    return network;
  };
  afterAll(() => Promise.all(networks.map((network) => network.remove())));

  it('loses no acknowledged update when it is killed under load', async () => {
    const network = await fresh().start();
    const { rootKey } = network;
    const canister = await network.deploy();
    await canister.write_stable(100_000n, [42]);
    let acknowledged = 0n;
    const load = Array.from({ length: 8 }, async () => {
      for (;;) {
        const value = await canister.increment();
        if (value > acknowledged) acknowledged = value;
      }
    });
    const ended = Promise.allSettled(load);
    await until('some updates are acknowledged', async () => acknowledged > 20n);
    await network.stop('SIGKILL');
    await ended;
    await network.start();
    expect(network.rootKey).toBe(rootKey);
    const again = network.canister(canister.id);
    expect(await again.counter()).toBeGreaterThanOrEqual(acknowledged);
    expect([...(await again.read_stable(100_000n, 1n))]).toEqual([42]);
    const value = await again.counter();
    expect(await again.increment()).toBe(value + 1n);
  }, 60_000);

  it('comes back from a checkpoint after a clean stop, and from what came after it', async () => {
    const network = await fresh().start();
    const canister = await network.deploy();
    await canister.write_stable(500_000n, new Uint8Array(300_000).fill(5));
    await canister.certify([1, 2, 3]);
    await network.stop();
    expect(readdirSync(network.folder).filter((name) => name.startsWith('checkpoint'))).toHaveLength(1);
    await network.start();
    expect(await network.canister(canister.id).increment()).toBe(1n);
    await network.stop('SIGKILL');
    await network.start();
    const again = network.canister(canister.id);
    expect(await again.counter()).toBe(1n);
    expect(Buffer.from(await again.read_stable(500_000n, 300_000n)).every((byte) => byte === 5)).toBe(true);
    expect(await again.increment_at(canister.id)).toBe(2n);
  }, 60_000);

  it('cuts off what a crash left half written', async () => {
    const network = await fresh().start();
    const canister = await network.deploy();
    await canister.increment();
    await network.stop('SIGKILL');
    const journal = readdirSync(network.folder).find((name) => name.startsWith('journal'))!;
    appendFileSync(join(network.folder, journal), Buffer.from('a record that was never finished'));
    await network.start();
    expect(await network.canister(canister.id).increment()).toBe(2n);
    await network.stop('SIGKILL');
    await network.start();
    expect(await network.canister(canister.id).counter()).toBe(2n);
  }, 60_000);

  it('refuses a checkpoint that was damaged', async () => {
    const network = await fresh().start();
    await network.stop();
    const path = join(
      network.folder,
      readdirSync(network.folder).find((name) => name.startsWith('checkpoint'))!,
    );
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    await expect(network.start()).rejects.toThrow(/checkpoint-0.bin is damaged: .* restore/);
  }, 60_000);

  it('refuses a folder that another host uses', async () => {
    const network = await fresh().start();
    const second = fresh();
    Object.assign(second, { folder: network.folder });
    await expect(second.start()).rejects.toThrow(/is in use by process/);
  }, 60_000);

  it('goes on with an interval after it was killed', async () => {
    const network = await fresh().start();
    const canister = await network.deploy();
    await canister.start_interval(200n);
    await until('it ticks', async () => (await canister.ticks()) > 1n);
    await network.stop('SIGKILL');
    await network.start();
    const before = await network.canister(canister.id).ticks();
    await until('it ticks again', async () => (await network.canister(canister.id).ticks()) > before);
  }, 60_000);
});
