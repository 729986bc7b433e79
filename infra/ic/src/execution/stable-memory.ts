import { PAGE, PageTable, type Chunks, type Place } from './page-table.js';
import { Trap } from './trap.js';

export { PAGE } from './page-table.js';
const MAX_PAGES = (500 * 2 ** 30) / PAGE;

/**
 * Where a memory's pages are when they are not held in RAM: `PageStore`, or `PageReader` in a thread that only reads.
 */
export interface Pages {
  /** A page's bytes: good until the next call, and not to be written to. @throws IcError `stateDamaged` */
  read(place: Place): Uint8Array;
  /** Told before a memory holds one more page in RAM; may call `spill` of any memory. */
  holding(memory: StableMemory): void;
  /** Told that a memory holds so many pages less. */
  released(memory: StableMemory, pages: number): void;
  /** A page of shared memory, with anything in it. */
  vacant(): Uint8Array;
  /** Takes back a page of `vacant` that nobody else has seen. */
  free(bytes: Uint8Array): void;
}

/** No disk below: all pages stay in RAM. */
export const RAM_ONLY: Pages = {
  read: (place) => {
    throw new Error(`There is no page file ${place.file}.`);
  },
  holding: () => {},
  released: () => {},
  vacant: () => new Uint8Array(new SharedArrayBuffer(PAGE)),
  free: () => {},
};

/**
 * A committed version of a memory for another thread: `postMessage` clones it without copying a page, since tables and
 * pages lie in shared memory, and neither changes once it was given out.
 */
export interface StableView {
  /** Which table `version` belongs to; unique in the process. */
  epoch: number;
  /** Counts commits. */
  version: number;
  /** In pages. */
  size: number;
  /** The whole page table; absent where the receiver has it, because only `pages` have changed. */
  tables?: Chunks;
  /**
   * Committed pages that are not on disk yet: all of them with `tables`, otherwise those that changed since the
   * receiver's version.
   */
  pages: Map<number, Uint8Array>;
}

/** `shared`: a view or a copy has it too, so it must not be used again for another page. */
interface Held {
  bytes: Uint8Array;
  version: number;
  shared: boolean;
}

let epochs = 0;

/**
 * A canister's stable memory, of up to 500 GiB: pages of 64 KiB that exist once written. What a message writes is an
 * overlay that is committed or dropped whole. Committed pages are held in RAM until a checkpoint, or want of room,
 * moves them into a page file (`spill`); from there they are read through a bounded cache. Pages in RAM are never
 * changed once they were committed, so copies and views share them.
 *
 * **Reading from another thread.** The owner: `const view = memory.view(known)`, where `known` is the last view's
 * `{epoch, version}` that this thread was sent, if any; post it. The reader, once: `const memory = new StableMemory(new
 * PageReader(folder))`; for each view: `memory.apply(view)`; then `begin`, `read`, `write`, `grow`, `rollback` as in
 * the owner's thread (a query's own writes are its overlay). A page file that the view needs stays for two checkpoints
 * after the view was made, so take a new view for each query. `view` costs a walk over the pages in RAM (at most
 * 1,024); with a whole table some 0.1 ms per GiB written, once per checkpoint.
 */
export class StableMemory {
  /** In pages. */
  size = 0;
  readonly #pages: Pages;
  readonly #table: PageTable;
  readonly #held = new Map<number, Held>();
  readonly #overlay = new Map<number, Uint8Array | Place>();
  #sizeBefore = 0;
  #epoch = ++epochs;
  #version = 0;

  constructor(pages: Pages = RAM_ONLY, table = new PageTable(), size = 0) {
    this.#pages = pages;
    this.#table = table;
    this.size = size;
    this.#sizeBefore = size;
  }

  /** The same content; pages are shared until one of the two writes to them. For use between messages. */
  copy(): StableMemory {
    const copy = new StableMemory(this.#pages, this.#table.copy(), this.size);
    for (const [page, held] of [...this.#held]) {
      // as it is now: room for the copy may move it
      this.#pages.holding(copy);
      held.shared = true;
      copy.#held.set(page, held);
    }
    return copy;
  }

  begin(): void {
    this.#sizeBefore = this.size;
  }

  commit(): void {
    if (this.#overlay.size > 0) this.#version += 1;
    for (const [page, written] of this.#overlay) {
      const before = this.#held.get(page);
      if (before) this.#release(page, before);
      if (written instanceof Uint8Array)
        this.#held.set(page, { bytes: written, version: this.#version, shared: false });
      else this.#move(page, written);
    }
    this.#overlay.clear();
    this.#sizeBefore = this.size;
  }

  rollback(): void {
    if (this.#overlay.size > 0) {
      let dropped = 0;
      for (const written of this.#overlay.values()) {
        if (!(written instanceof Uint8Array)) continue;
        dropped += 1;
        this.#pages.free(written);
      }
      this.#overlay.clear();
      this.#pages.released(this, dropped);
    }
    this.size = this.#sizeBefore;
  }

  /** @returns the size before in pages, or -1 if there is no room */
  grow(by: number): number {
    const before = this.size;
    if (before + by > MAX_PAGES) return -1;
    this.size += by;
    return before;
  }

  /** @throws Trap `trapped` beyond the end */
  read(target: Uint8Array, offset: number): void {
    this.mustContain(offset, target.length);
    let done = 0;
    while (done < target.length) {
      const [page, within, length] = span(offset + done, target.length - done);
      const source = this.#content(page);
      if (source) target.set(source.subarray(within, within + length), done);
      else target.fill(0, done, done + length);
      done += length;
    }
  }

  /** @throws Trap `trapped` beyond the end */
  write(offset: number, source: Uint8Array): void {
    this.mustContain(offset, source.length);
    let done = 0;
    while (done < source.length) {
      const [page, within, length] = span(offset + done, source.length - done);
      this.#writable(page, length).set(source.subarray(done, done + length), within);
      done += length;
    }
  }

  /** Changes with what is committed, and with where it lies. */
  get committed(): { epoch: number; version: number } {
    return { epoch: this.#epoch, version: this.#version };
  }

  /** What another thread needs in order to read what is committed now. @param known  the last view that it was sent */
  view(known?: { epoch: number; version: number }): StableView {
    const whole = known?.epoch !== this.#epoch;
    const pages = new Map<number, Uint8Array>();
    for (const [page, held] of this.#held) {
      if (!whole && held.version <= known!.version) continue;
      held.shared = true;
      pages.set(page, held.bytes);
    }
    return {
      epoch: this.#epoch,
      version: this.#version,
      size: this.#sizeBefore,
      pages,
      ...(whole && { tables: this.#table.share() }),
    };
  }

  /** Becomes what a view shows. For a memory that commits nothing itself. */
  apply({ epoch, version, size, tables, pages }: StableView): void {
    if (tables) {
      this.#table.adopt(tables);
      this.#held.clear();
    }
    for (const [page, bytes] of pages) this.#held.set(page, { bytes, version, shared: true });
    this.#epoch = epoch;
    this.#version = version;
    this.size = size;
    this.#sizeBefore = size;
  }

  /** Where the pages are that lie on disk; all committed pages after `spill`. */
  get table(): PageTable {
    return this.#table;
  }

  /**
   * Moves all pages that are held in RAM to disk, those of the message under way too. What could be moved before it
   * throws is moved.
   *
   * @param put  writes a page, and says where; undefined for a page of zeros. Of shared pages others may ask the same
   */
  spill(put: (bytes: Uint8Array, shared: boolean) => Place | undefined): void {
    for (const [page, held] of this.#held) {
      const place = put(held.bytes, held.shared);
      this.#release(page, held);
      this.#move(page, place);
    }
    for (const [page, written] of this.#overlay) {
      if (!(written instanceof Uint8Array)) continue;
      this.#overlay.set(page, put(written, false) ?? NO_PAGE);
      this.#pages.free(written);
      this.#pages.released(this, 1);
    }
  }

  #release(page: number, { bytes, shared }: Held): void {
    this.#held.delete(page);
    this.#pages.released(this, 1);
    if (!shared) this.#pages.free(bytes);
  }

  /** Says that a page is somewhere else on disk now. */
  #move(page: number, place: Place | undefined): void {
    this.#table.set(page, place === NO_PAGE ? undefined : place);
    this.#epoch = ++epochs;
  }

  /** The page of a place that was moved, by a checkpoint. */
  moved(page: number, place: Place): void {
    this.#move(page, place);
  }

  #content(page: number): Uint8Array | undefined {
    const written = this.#overlay.get(page);
    if (written instanceof Uint8Array) return written;
    const held = written ? undefined : this.#held.get(page);
    if (held) return held.bytes;
    const place = written ?? this.#table.get(page);
    return place && place !== NO_PAGE ? this.#pages.read(place) : undefined;
  }

  /** @param length  how much of it is going to be written */
  #writable(page: number, length: number): Uint8Array {
    const known = this.#overlay.get(page);
    if (known instanceof Uint8Array) return known;
    this.#pages.holding(this);
    const fresh = this.#pages.vacant();
    const content = length === PAGE ? undefined : this.#content(page);
    if (content) fresh.set(content);
    else if (length < PAGE) fresh.fill(0);
    this.#overlay.set(page, fresh);
    return fresh;
  }

  /** @throws Trap `trapped` beyond the end */
  mustContain(offset: number, length: number): void {
    if (offset + length > this.size * PAGE) throw new Trap('trapped', 'stable memory out of bounds');
  }
}

/** A page that was written, and is zero. */
const NO_PAGE: Place = { file: 0, slot: 0, crc: 0 };

/** Page, offset within it, and how much of `length` lies on it. */
function span(offset: number, length: number): [number, number, number] {
  const page = Math.floor(offset / PAGE);
  const within = offset - page * PAGE;
  return [page, within, Math.min(length, PAGE - within)];
}
