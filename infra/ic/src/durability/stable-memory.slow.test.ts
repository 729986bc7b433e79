import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deployFiller, fillerAt, residentOf } from '../testing/filler.js';
import { TestNetwork, UNLIMITED_RATES } from '../testing/network.js';

/** Pages of 1 GiB. */
const GIB = 16_384n;

describe('a canister with much stable memory', () => {
  let network: TestNetwork;
  beforeEach(() => {
    network = new TestNetwork();
  });
  afterEach(() => network.remove());

  /** Not on a system that does not say how much memory a process has. */
  const expectSmall = (): void => {
    if (existsSync('/proc/self/status')) expect(residentOf(network)).toBeLessThan(600);
  };
  const onDisk = (): number =>
    readdirSync(network.folder)
      .filter((name) => name.startsWith('pages'))
      .reduce((sum, name) => sum + statSync(join(network.folder, name)).size, 0);

  it('does not hold it in RAM, and starts again at once', async () => {
    await network.start(UNLIMITED_RATES);
    const id = await deployFiller(network);
    const filler = fillerAt(network, id);
    const places = [0n, GIB * 7n, GIB * 499n]; // half a GiB each
    for (const first of places) await filler.fill(first, GIB / 2n);
    expectSmall();
    await expect(filler.fill_and_trap(GIB * 7n - 3n, 100n)).rejects.toThrow(/DIDL/);
    for (const page of [GIB * 7n - 3n, GIB * 7n - 1n, GIB * 300n]) expect(await filler.at(page)).toBe(0n);

    await network.stop('SIGKILL');
    await network.start(UNLIMITED_RATES); // executes it all again
    expectSmall();
    await network.stop();
    const pages = onDisk();
    expect(pages).toBeGreaterThanOrEqual(3 * 2 ** 29);

    const begun = Date.now();
    await network.start(UNLIMITED_RATES);
    const took = Date.now() - begun;
    expect(took).toBeLessThan(10_000); // a second, and what a loaded machine adds
    const again = fillerAt(network, id);
    for (const first of places) {
      for (const page of [first, first + 4321n, first + GIB / 2n - 1n]) expect(await again.at(page)).toBe(page + 1n);
    }
    for (const page of [GIB / 2n, GIB * 7n - 1n]) expect(await again.at(page)).toBe(0n);
    expectSmall();

    await again.fill(GIB * 7n, 10n); // the next checkpoint writes these and no others
    await network.stop();
    expect(onDisk()).toBeLessThan(pages + 20 * 65_536);
  }, 300_000);

  it('shares its pages with its snapshots', async () => {
    await network.start(UNLIMITED_RATES);
    const canister = await network.deploy();
    const { id } = canister;
    const content = new Uint8Array(1 << 20).fill(3);
    for (let at = 0n; at < 8n; at += 1n) await canister.write_stable(at << 20n, content);
    await network.stop();
    const before = onDisk();
    await network.start(UNLIMITED_RATES);
    const taken = (await network.management.take_canister_snapshot({
      canister_id: id,
      replace_snapshot: [],
      uninstall_code: [],
      sender_canister_version: [],
    })) as { id: Uint8Array };
    await network.canister(id).write_stable(0n, [9]);
    await network.stop();
    // the module, heap pages that changed, and one page of stable memory
    expect(onDisk() - before).toBeLessThan(4 << 20);
    await network.start(UNLIMITED_RATES);
    await network.management.load_canister_snapshot({
      canister_id: id,
      snapshot_id: taken.id,
      sender_canister_version: [],
    });
    expect([...(await network.canister(id).read_stable(0n, 2n))]).toEqual([3, 3]);
  }, 120_000);
});
