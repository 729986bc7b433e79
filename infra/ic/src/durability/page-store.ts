import { fdatasyncSync, ftruncateSync, rmSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { PAGE, type PageTable, type Place } from '../execution/page-table.js';
import type { Pages, StableMemory } from '../execution/stable-memory.js';
import { numbered, syncFolder, writeAll } from './files.js';
import { PageReader } from './page-reader.js';

/** Pages of a page file: 512 MiB. */
const LARGEST = 8192;
/** Pages held in RAM before they are moved to disk: 64 MiB. */
const HELD = 1024;
/** Pages that one checkpoint moves out of sparse files, so that it does not take long: 128 MiB. */
const MOVED = 2048;
/** Files smaller than this are not worth moving. */
const SMALL = 64;

const ZEROS = Buffer.alloc(PAGE);

/** What lists pages, and is told where they went. */
export interface Holder {
  table: PageTable;
  moved(page: number, place: Place): void;
}

/**
 * The page files of a state, `pages-N.bin`: pages are only ever appended, so what a checkpoint refers to is not touched
 * again, and what a crash left behind its end is cut off. Pages may be written at any time; they count once a
 * checkpoint lists them. A file without live pages is deleted two checkpoints later, since another thread may still
 * read it.
 */
export class PageStore extends PageReader implements Pages {
  /** Pages per file. */
  #files = new Map<number, number>();
  #current = 0;
  /** Pages that the current file still takes. */
  #room = 0;
  /** Files with pages that may not have reached the disk. */
  readonly #unsynced = new Set<number>();
  readonly #holders = new Set<StableMemory>();
  #held = 0;
  #doomed = new Set<number>();
  readonly #written = new WeakMap<Uint8Array, Place>();

  /** Pages per file, for the manifest. */
  get files(): ReadonlyMap<number, number> {
    return this.#files;
  }

  /**
   * Goes on from a manifest; what is not listed there is deleted.
   *
   * @throws IcError `stateDamaged` when a file is not there or too short
   */
  adopt(files: ReadonlyMap<number, number>): void {
    this.#files = new Map(files);
    for (const [file, count] of files) {
      const size = statSync(this.pathOf(file), { throwIfNoEntry: false })?.size;
      if (size === undefined) throw this.damaged(file, 'it is not there');
      if (size < count * PAGE) throw this.damaged(file, `it has ${size} bytes instead of ${count * PAGE}`);
    }
    for (const file of numbered(this.folder, 'pages')) if (!files.has(file)) rmSync(this.pathOf(file));
    this.#current = Math.max(0, ...files.keys());
    if (this.#current === 0) return;
    const count = this.#files.get(this.#current)!;
    ftruncateSync(this.descriptor(this.#current, 'r+'), count * PAGE);
    this.#room = Math.max(0, LARGEST - count);
  }

  /** Appends a page. @returns where it is; undefined for a page of zeros, which needs no place */
  readonly write = (bytes: Uint8Array): Place | undefined => {
    if (ZEROS.compare(bytes) === 0) return undefined;
    if (this.#room === 0) this.#begin();
    const slot = this.#files.get(this.#current)!;
    writeAll(this.descriptor(this.#current), bytes, slot * PAGE);
    this.#files.set(this.#current, slot + 1);
    this.#room -= 1;
    this.#unsynced.add(this.#current);
    return { file: this.#current, slot, crc: crc32(bytes) };
  };

  /** As `write`; but bytes that two memories share are written once. */
  readonly writeOnce = (bytes: Uint8Array, shared: boolean): Place | undefined => {
    if (!shared) return this.write(bytes);
    const known = this.#written.get(bytes);
    if (known) return known;
    const place = this.write(bytes);
    if (place) this.#written.set(bytes, place);
    return place;
  };

  override holding(memory?: StableMemory): void {
    if (this.#held >= HELD) this.#relieve();
    this.#holders.add(memory!);
    this.#held += 1;
  }

  override released(_memory?: StableMemory, pages = 0): void {
    this.#held -= pages;
  }

  /**
   * Moves together what is sparse: pages of files of which less than half is in use. For when nothing is held in RAM
   * any more.
   */
  compact(holders: readonly Holder[]): void {
    const live = liveSlots(holders);
    for (const file of this.#files.keys()) if (!live.has(file)) this.#drop(file);
    const sparse = new Set(
      [...live]
        .filter(([file, { count }]) => count * 2 < this.#files.get(file)! && this.#files.get(file)! >= SMALL)
        .map(([file]) => file),
    );
    if (sparse.size === 0) return;
    if (sparse.has(this.#current)) this.#room = 0;
    const places = new Map<string, Place>();
    for (const holder of holders) {
      const moves: [number, Place][] = [];
      holder.table.forEach((page, file, slot, crc) => {
        if (!sparse.has(file)) return;
        const name = `${file} ${slot}`;
        let place = places.get(name);
        if (!place && places.size < MOVED) {
          places.set(name, (place = this.write(this.read({ file, slot, crc }))!));
          live.get(file)!.count -= 1;
        }
        if (place) moves.push([page, place]);
      });
      for (const [page, place] of moves) holder.moved(page, place);
    }
    for (const file of sparse) if (live.get(file)!.count === 0) this.#drop(file);
  }

  /** Makes what was written survive a power cut. Blocks. */
  sync(): void {
    if (this.#unsynced.size === 0) return;
    for (const file of this.#unsynced) fdatasyncSync(this.descriptor(file));
    this.#unsynced.clear();
    syncFolder(this.folder);
  }

  /** Everything that anybody can still reach was spilled: what else held pages is gone. */
  nothingHeld(): void {
    this.#holders.clear();
    this.#held = 0;
  }

  /** Deletes files that the last two checkpoints do not list. */
  prune(): void {
    for (const file of this.#doomed) {
      if (this.#files.has(file)) continue;
      this.closeFile(file);
      rmSync(this.pathOf(file), { force: true });
    }
    this.#doomed = new Set(numbered(this.folder, 'pages').filter((file) => !this.#files.has(file)));
  }

  #begin(): void {
    this.descriptor(this.#current + 1, 'w+');
    this.#current += 1;
    this.#files.set(this.#current, 0);
    this.#room = LARGEST;
  }

  #drop(file: number): void {
    this.#files.delete(file);
    this.#unsynced.delete(file);
    if (file === this.#current) this.#room = 0;
  }

  /** Moves to disk what is held; where the disk does not take it, it stays in RAM. */
  #relieve(): void {
    try {
      for (const memory of this.#holders) {
        memory.spill(this.writeOnce);
        this.#holders.delete(memory);
      }
    } catch {
      // a full disk must not change what a message does; the next journal record says so
    }
  }
}

/** The slots of a file that any table names: 1 where one does. */
interface Live {
  slots: Uint8Array;
  count: number;
}

function liveSlots(holders: readonly Holder[]): Map<number, Live> {
  const live = new Map<number, Live>();
  let last = { file: 0, found: undefined as Live | undefined };
  for (const { table } of holders) {
    table.forEach((_page, file, slot) => {
      if (last.file !== file) last = { file, found: live.get(file) };
      if (!last.found) live.set(file, (last.found = { slots: new Uint8Array(LARGEST), count: 0 }));
      last.found.count += 1 - last.found.slots[slot]!;
      last.found.slots[slot] = 1;
    });
  }
  return live;
}
