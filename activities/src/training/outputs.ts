import { constants } from 'node:fs';
import { mkdir, open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_CHECKPOINT_BYTES } from '@livepod/protocol';
import { ActivityError } from '../errors.js';
import { METRICS, RESUME } from './reports.js';
import { removeAll } from './removal.js';

/** What says that a job's files are whole, and which metrics go with them. */
const RESULT = 'result.json';
const RESULT_BYTES = 4096;

export interface Places {
  /** A folder in the provider's own, for the recipe's declared outputs. */
  outputs: string;
  /** Their names, in their order. */
  files: readonly string[];
  /** A file in memory, for what a killed training goes on from. */
  resume: string;
  resumeBytes: number;
}

/** Why something that came out of a sandbox is not taken. */
export class NotTaken extends Error {}

interface Arriving {
  path: string;
  place: string;
  left: number;
  file: FileHandle;
}

/**
 * Writes what comes out of a sandbox, into files of the provider's own that the sandbox never saw. A file's size is
 * looked at before its first byte, its name is one that was declared, and nothing is in place before it is whole.
 */
export class Outputs {
  private readonly draft: string;
  private readonly whole = new Set<number>();
  private arriving: Arriving | undefined;
  private room = MAX_CHECKPOINT_BYTES;

  private constructor(private readonly places: Places) {
    this.draft = `${places.outputs}.new`;
  }

  static async open(places: Places): Promise<Outputs> {
    const outputs = new Outputs(places);
    await removeAll(outputs.draft);
    await mkdir(outputs.draft, { recursive: true, mode: 0o700 });
    return outputs;
  }

  /** @throws NotTaken */
  async begin(index: number, bytes: number): Promise<void> {
    const { files, resume, resumeBytes } = this.places;
    const name = files[index - 1];
    if (this.arriving || this.whole.has(index)) throw new NotTaken();
    if (index === RESUME ? bytes > resumeBytes : name === undefined || bytes > this.room) throw new NotTaken();
    const place = index === RESUME ? resume : join(this.draft, name!);
    const path = index === RESUME ? `${resume}.new` : place;
    if (index !== RESUME) {
      this.room -= bytes;
      this.whole.add(index);
    }
    await rm(path, { force: true });
    this.arriving = { path, place, left: bytes, file: await open(path, 'wx', 0o600) };
    if (bytes === 0) await this.finish();
  }

  /** @throws NotTaken */
  async piece(bytes: Uint8Array): Promise<void> {
    if (!this.arriving || bytes.length === 0 || bytes.length > this.arriving.left) throw new NotTaken();
    await this.arriving.file.writeFile(bytes);
    this.arriving.left -= bytes.length;
    if (this.arriving.left === 0) await this.finish();
  }

  /** Puts all in place, once the sandbox is dead. @throws NotTaken when a declared file is missing */
  async commit(metrics: Record<string, string>): Promise<void> {
    const { outputs, files } = this.places;
    if (this.arriving || files.some((_, index) => !this.whole.has(index + 1))) throw new NotTaken();
    await writeFile(join(this.draft, RESULT), JSON.stringify({ metrics }), { mode: 0o600 });
    await removeAll(outputs);
    await rename(this.draft, outputs);
  }

  /** Closes what is open, and removes what is not whole. */
  async close(): Promise<void> {
    const half = this.arriving;
    this.arriving = undefined;
    await half?.file.close();
    if (half) await rm(half.path, { force: true });
    await removeAll(this.draft);
  }

  private async finish(): Promise<void> {
    const { file, path, place } = this.arriving!;
    this.arriving = undefined;
    await file.close();
    if (path !== place) await rename(path, place);
  }
}

/** A finished job's metrics; undefined where it is not finished. @throws ActivityError `badOutput` */
export async function finishedMetrics(outputs: string): Promise<Record<string, string> | undefined> {
  const bytes = await readPlain(outputs, RESULT, RESULT_BYTES);
  if (!bytes) return undefined;
  const { metrics } = JSON.parse(new TextDecoder().decode(bytes)) as { metrics: Record<string, unknown> };
  const known = METRICS.map(([name]) => [name, metrics[name]] as const);
  return Object.fromEntries(known.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Declared outputs, all of them. @throws ActivityError `badOutput` · `interrupted` when one is missing */
export async function finishedFiles(
  outputs: string,
  names: readonly string[],
): Promise<{ name: string; bytes: Uint8Array }[]> {
  let room = MAX_CHECKPOINT_BYTES;
  const files = [];
  for (const name of names) {
    const bytes = await readPlain(outputs, name, room);
    if (!bytes)
      throw new ActivityError('interrupted', { name }, `${name} is missing among the trained files; train them again.`);
    room -= bytes.length;
    files.push({ name, bytes });
  }
  return files;
}

/**
 * A file's bytes, if it is a plain one of one name and not too long. It is opened without waiting for anything, and
 * looked at before it is read.
 */
async function readPlain(folder: string, name: string, most: number): Promise<Uint8Array | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let file: FileHandle;
  try {
    file = await open(join(folder, name), flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'ENXIO') throw bad(name, 'is a link or no file at all');
    throw error;
  }
  try {
    const { size, nlink, mode } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw bad(name, 'is no plain file');
    if (nlink !== 1) throw bad(name, 'has another name elsewhere');
    if (size > most) throw bad(name, `is longer than the ${most} bytes that there is room for`);
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(bytes, at, size - at, at);
      if (bytesRead === 0) throw bad(name, 'became shorter while it was read');
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

const bad = (name: string, why: string): ActivityError =>
  new ActivityError('badOutput', { name }, `The trained file ${name} ${why}; nothing of it is published.`);
