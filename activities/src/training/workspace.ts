import { chmod, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ActivityError } from '../errors.js';

/** Where a provider's plaintext lies: in memory, unless its environment names another folder. */
export const scratchOf = (principal: string): string =>
  process.env['LIVEPOD_SCRATCH'] ?? join('/dev/shm', `livepod-${principal.slice(0, 11)}`);

/** Linux's number of tmpfs, as statfs(2) gives it. */
const TMPFS = 0x01021994;

/**
 * A provider's folders. On disk: what is encrypted or ours to publish. In memory: plaintext, and weights in the making.
 * One folder per job; nothing of one is left when the job is wiped, and no plaintext outlives the process that made it
 * for longer than its next start.
 */
export class Workspace {
  /**
   * @param disk     keeps encrypted chunks and a finished job's files
   * @param scratch  memory-backed, for plaintext and resume points
   */
  constructor(
    private readonly disk: string,
    private readonly scratch: string,
  ) {}

  /** Makes both folders and removes the plaintext that a killed process left. @throws ActivityError `scratchOnDisk` */
  async open(): Promise<void> {
    for (const folder of [this.disk, this.scratch]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
    }
    if (process.platform === 'linux' && (await statfs(this.scratch)).type !== TMPFS) {
      throw new ActivityError(
        'scratchOnDisk',
        { scratch: this.scratch },
        `${this.scratch} lies on a disk, and decrypted data would too; set LIVEPOD_SCRATCH to a folder in ` +
          'memory, such as /dev/shm/livepod.',
      );
    }
    for (const job of await readdir(this.scratch))
      await rm(join(this.scratch, job, 'plain'), { recursive: true, force: true });
  }

  /** Jobs that something is kept of. */
  async jobs(): Promise<number[]> {
    const names = (
      await Promise.all([this.disk, this.scratch].map((folder) => readdir(folder).catch(() => [])))
    ).flat();
    return [...new Set(names.filter((name) => /^[0-9]+$/.test(name)).map(Number))];
  }

  sealed(job: number): string {
    return join(this.disk, String(job), 'sealed');
  }

  outputs(job: number): string {
    return join(this.disk, String(job), 'outputs');
  }

  plain(job: number): string {
    return join(this.scratch, String(job), 'plain');
  }

  /** Where the recipe keeps what a killed training continues from. */
  epochs(job: number): string {
    return join(this.scratch, String(job), 'epochs');
  }

  /** Where transport keys are kept while a job runs: in memory, and out of the recipe's sight. */
  transportKeys(job: number): string {
    return join(this.scratch, String(job), 'transport');
  }

  async removePlain(job: number): Promise<void> {
    await rm(this.plain(job), { recursive: true, force: true });
  }

  async wipe(job: number): Promise<void> {
    await Promise.all([
      rm(join(this.disk, String(job)), { recursive: true, force: true }),
      rm(join(this.scratch, String(job)), { recursive: true, force: true }),
    ]);
  }
}
