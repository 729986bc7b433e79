import { chmod, mkdir, readdir, readFile, readlink, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ActivityError } from '../errors.js';
import { removeAll } from './removal.js';

/** Where a provider's plaintext lies: in memory, unless its environment names another folder. */
export const scratchOf = (principal: string): string =>
  process.env['LIVEPOD_SCRATCH'] ?? join('/dev/shm', `livepod-${principal.slice(0, 11)}`);

/** Linux's number of tmpfs, as statfs(2) gives it. */
const TMPFS = 0x01021994;

/** What somebody writes who lets a provider work where memory may be swapped to a disk that is not encrypted. */
const ACCEPTS_SWAP = 'I accept that records may reach the disk';

/**
 * A provider's folders. On disk: what is encrypted or ours to publish. In memory: weights in the making and transport
 * keys, and never a record: those go from a chunk that is decrypted into the sandbox. One folder per job; nothing of
 * one is left when the job is wiped.
 */
export class Workspace {
  /**
   * @param disk     keeps encrypted chunks and a finished job's files
   * @param scratch  memory-backed, for resume points and transport keys
   */
  constructor(
    private readonly disk: string,
    readonly scratch: string,
  ) {}

  /**
   * Makes both folders and removes what a killed process left, but for what training resumes from.
   *
   * @throws ActivityError `scratchOnDisk` · `scratchCanSwap`
   */
  async open(): Promise<void> {
    for (const folder of [this.disk, this.scratch]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
    }
    await mustStayInMemory(this.scratch);
    for (const name of await readdir(this.scratch)) {
      const path = join(this.scratch, name);
      if (!isJob(name)) await removeAll(path);
      else
        for (const inner of await readdir(path))
          if (inner !== EPOCHS && inner !== TRANSPORT) await removeAll(join(path, inner));
    }
  }

  /** Jobs that something is kept of. */
  async jobs(): Promise<number[]> {
    const names = (
      await Promise.all([this.disk, this.scratch].map((folder) => readdir(folder).catch(() => [])))
    ).flat();
    return [...new Set(names.filter(isJob).map(Number))];
  }

  sealed(job: number): string {
    return join(this.disk, String(job), 'sealed');
  }

  outputs(job: number): string {
    return join(this.disk, String(job), 'outputs');
  }

  /** What a killed training continues from. */
  resume(job: number): string {
    return join(this.scratch, String(job), EPOCHS, 'resume.bin');
  }

  /** Where transport keys are kept while a job runs. */
  transportKeys(job: number): string {
    return join(this.scratch, String(job), TRANSPORT);
  }

  /** Makes a job's folder in memory. */
  async begin(job: number): Promise<void> {
    await mkdir(join(this.scratch, String(job), EPOCHS), { recursive: true, mode: 0o700 });
  }

  async wipe(job: number): Promise<void> {
    await Promise.all([this.disk, this.scratch].map((folder) => removeAll(join(folder, String(job)))));
  }
}

const EPOCHS = 'epochs';
const TRANSPORT = 'transport';

const isJob = (name: string): boolean => /^[0-9]+$/.test(name);

/** @throws ActivityError `scratchOnDisk` · `scratchCanSwap` */
export async function mustStayInMemory(scratch: string): Promise<void> {
  if (process.platform !== 'linux') return;
  if ((await statfs(scratch)).type !== TMPFS)
    throw new ActivityError(
      'scratchOnDisk',
      { scratch },
      `${scratch} lies on a disk, and what is made of records would too; set LIVEPOD_SCRATCH to a folder in memory, ` +
        'such as /dev/shm/livepod.',
    );
  const [swap] = await openSwaps(await readFile('/proc/swaps', 'utf8').catch(() => ''));
  if (swap === undefined || process.env['LIVEPOD_SWAP'] === ACCEPTS_SWAP) return;
  throw new ActivityError(
    'scratchCanSwap',
    { swap },
    `Memory can be swapped to ${swap}, which is not encrypted, and records would lie there; turn it off ` +
      `(swapoff -a), encrypt it (dm-crypt), or set LIVEPOD_SWAP to "${ACCEPTS_SWAP}".`,
  );
}

/**
 * Swap that keeps what it is given as it is; zram keeps it in memory, but may write it back to a disk.
 *
 * @param table  as the kernel lists what is swapped to
 */
export async function openSwaps(table: string): Promise<string[]> {
  const lines = table.split('\n').slice(1);
  const places = lines.map((line) => line.split(/\s/)[0]!).filter(Boolean);
  const encrypted = await Promise.all(places.map(isEncrypted));
  return places.filter((_, index) => !encrypted[index]);
}

/** Whether a device is one of dm-crypt, which writes CRYPT- in front of its id. */
async function isEncrypted(device: string): Promise<boolean> {
  const target = await readlink(device).catch(() => device);
  const name = target.slice(target.lastIndexOf('/') + 1);
  const id = await readFile(`/sys/class/block/${name}/dm/uuid`, 'utf8').catch(() => '');
  return id.startsWith('CRYPT-');
}
