import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A real file system for the tests of one file. */
export interface OwnDisk {
  path: string;
  /** `it`, or skipped where mounting one is not permitted: it needs root. */
  on: typeof it;
  remount(how: 'ro' | 'rw'): void;
}

/** Mounts one in memory until the file's tests are over. @param size  as tmpfs(5) takes it: `1m` */
export function ownDisk(size: string): OwnDisk {
  const path = mkdtempSync(join('/tmp', 'pod-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  });
  return {
    path,
    on: mounted ? it : it.skip,
    remount: (how) => expect(spawnSync('mount', ['-o', `remount,${how}`, path]).status).toBe(0),
  };
}
