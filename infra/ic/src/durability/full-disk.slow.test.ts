import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync, writeSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestNetwork, until } from '../testing/network.js';

const disk = mkdtempSync(join(tmpdir(), 'livepod-small-disk-'));
const mount = (...options: string[]): boolean => spawnSync('mount', [...options, disk]).status === 0;
const mounted = mount('-t', 'tmpfs', '-o', 'size=12m', 'tmpfs');
/** Needs root: a file system of 12 MiB is mounted. */
const onSmallDisk = mounted ? it : it.skip;

describe('a disk of 12 MiB (skipped where mounting one is not permitted)', () => {
  const network = new TestNetwork(join(disk, 'state'));
  const ballast = join(disk, 'ballast');
  const fill = (): void => {
    const file = openSync(ballast, 'a');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch {
      expect(statfsSync(disk).bavail).toBe(0);
    } finally {
      closeSync(file);
    }
  };
  afterAll(async () => {
    await network.stop('SIGKILL');
    if (mounted) spawnSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  onSmallDisk(
    'refuses calls in words while it is full, answers queries, and goes on when there is room',
    async () => {
      await network.start(['--checkpoint-after', '200000']);
      const canister = await network.deploy();
      const note = new Uint8Array(6000).fill(7);
      let acknowledged = 0n;
      for (let times = 0; times < 40; times += 1) {
        acknowledged = await canister.increment();
        await canister.write_stable(acknowledged * 6000n, note);
      }
      fill();
      const refused: unknown[] = [];
      while (refused.length < 5)
        await canister.increment().then(
          (value) => {
            acknowledged = value;
          },
          (failure: unknown) => {
            refused.push(failure);
          },
        );
      for (const failure of refused)
        expect(String(failure)).toMatch(/503[\s\S]*cannot be written: the disk is full \(ENOSPC\)/);
      expect(await canister.counter()).toBe(acknowledged);
      await expect(network.deploy()).rejects.toThrow(/the disk is full/);

      rmSync(ballast);
      await until('calls are taken again', () =>
        canister.increment().then(
          (value) => {
            acknowledged = value;
            return true;
          },
          () => false,
        ),
      );
      const after = await canister.increment();
      expect(after).toBe(acknowledged + 1n);
      await network.stop('SIGKILL');
      await network.start();
      expect(await network.canister(canister.id).counter()).toBe(after);
      expect([...(await network.canister(canister.id).read_stable(6000n * 40n + 5999n, 1n))]).toEqual([7]);
    },
    120_000,
  );

  onSmallDisk(
    'keeps everything through a stop without room for a checkpoint',
    async () => {
      const canister = await network.deploy();
      expect(await canister.increment()).toBe(1n);
      fill();
      await network.stop();
      rmSync(ballast);
      await network.start();
      expect(await network.canister(canister.id).increment()).toBe(2n);
      await network.stop();
    },
    120_000,
  );

  onSmallDisk(
    'does not start on a read-only disk, says why, and is whole when it may write again',
    async () => {
      expect(mount('-o', 'remount,ro')).toBe(true);
      await expect(network.start()).rejects.toThrow(/cannot be written: it is on a read-only disk \(EROFS\)/);
      expect(() => writeFileSync(ballast, '')).toThrow('EROFS');
      expect(mount('-o', 'remount,rw')).toBe(true);
      await network.start();
      const id = await network.create();
      expect(id.toText()).toMatch(/-cai$/);
    },
    60_000,
  );
});
