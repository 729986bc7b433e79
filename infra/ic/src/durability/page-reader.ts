import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { IcError } from '../errors.js';
import { PAGE, type Place } from '../execution/page-table.js';
import type { Pages } from '../execution/stable-memory.js';
import { restoreIt } from './files.js';

/** Room for slots in a cache key. */
const SLOTS = 2 ** 24;

interface Cached {
  bytes: Buffer;
  used: boolean;
}

/** Reads pages from a state's page files, through a cache of a fixed size. Any thread may have one. */
export class PageReader implements Pages {
  protected readonly folder: string;
  readonly #most: number;
  readonly #cache = new Map<number, Cached>();
  /** Used again, since the garbage collector is late for what a single message makes. */
  readonly #free: Uint8Array[] = [];
  readonly #open = new Map<number, number>();

  /** @param cached  pages to keep; 1,024 are 64 MiB */
  constructor(folder: string, cached = 1024) {
    this.folder = folder;
    this.#most = cached;
  }

  /** @throws IcError `stateDamaged` when the file does not hold what was written */
  read({ file, slot, crc }: Place): Uint8Array {
    const key = file * SLOTS + slot;
    const known = this.#cache.get(key);
    if (known) {
      known.used = true;
      return known.bytes;
    }
    const bytes = this.#vacant();
    this.#fill(bytes, file, slot);
    if (crc32(bytes) !== crc) throw this.damaged(file, `page ${slot} is not what was written`);
    this.#cache.set(key, { bytes, used: false });
    return bytes;
  }

  holding(): void {}

  released(): void {}

  vacant(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(PAGE));
  }

  free(bytes: Uint8Array): void {
    if (this.#free.length < this.#most) this.#free.push(bytes);
  }

  /** Closes page files that are no longer needed. For readers in other threads, when a view brought a new table. */
  forgetDeleted(): void {
    for (const [file, descriptor] of this.#open) if (fstatSync(descriptor).nlink === 0) this.closeFile(file);
  }

  close(): void {
    for (const file of [...this.#open.keys()]) this.closeFile(file);
  }

  pathOf(file: number): string {
    return join(this.folder, `pages-${file}.bin`);
  }

  protected descriptor(file: number, flags = 'r'): number {
    const known = this.#open.get(file);
    if (known !== undefined) return known;
    const opened = openSync(this.pathOf(file), flags, 0o600);
    this.#open.set(file, opened);
    return opened;
  }

  protected closeFile(file: number): void {
    const known = this.#open.get(file);
    if (known !== undefined) closeSync(known);
    this.#open.delete(file);
  }

  protected damaged(file: number, what: string, cause?: unknown): IcError {
    const path = this.pathOf(file);
    return new IcError('stateDamaged', { path }, `${path} is damaged: ${what}; ${restoreIt(this.folder)}`, { cause });
  }

  #fill(bytes: Buffer, file: number, slot: number): void {
    let done = 0;
    try {
      for (let read = 1; done < PAGE && read > 0; done += read)
        read = readSync(this.descriptor(file), bytes, done, PAGE - done, slot * PAGE + done);
    } catch (cause) {
      throw this.damaged(file, `page ${slot} cannot be read (${(cause as Error).message})`, cause);
    }
    if (done < PAGE) throw this.damaged(file, `it ends before page ${slot}`);
  }

  /** A buffer for one more page: a new one, or that of a page not used of late. */
  #vacant(): Buffer {
    if (this.#cache.size < this.#most) return Buffer.allocUnsafeSlow(PAGE);
    for (;;) {
      const [key, oldest] = this.#cache.entries().next().value!;
      this.#cache.delete(key);
      if (!oldest.used) return oldest.bytes;
      oldest.used = false;
      this.#cache.set(key, oldest);
    }
  }
}
