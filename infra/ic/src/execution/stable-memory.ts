import { Trap } from './trap.js';

export const PAGE = 65536;
const MAX_PAGES = 500 * 2 ** 30 / PAGE;

/** A canister's stable memory: pages of 64 KiB that exist once written, with an undo log for the message under way. */
export class StableMemory {
  /** Pages that were never written are absent and read as zeros. */
  readonly pages: (Uint8Array | undefined)[] = [];
  /** In pages. */
  size = 0;
  /** Pages changed since the last checkpoint. */
  readonly dirty = new Set<number>();
  readonly #undo = new Map<number, Uint8Array | undefined>();
  #sizeBefore = 0;

  /** The same content; pages are shared until one of the two writes to them. For use between messages. */
  copy(): StableMemory {
    const copy = new StableMemory();
    copy.size = this.size;
    this.pages.forEach((page, index) => { copy.pages[index] = page; });
    return copy;
  }

  begin(): void {
    this.#sizeBefore = this.size;
  }

  commit(): void {
    for (const page of this.#undo.keys()) this.dirty.add(page);
    this.#undo.clear();
    this.#sizeBefore = this.size;
  }

  rollback(): void {
    for (const [page, before] of this.#undo) this.pages[page] = before;
    this.#undo.clear();
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
    this.#check(offset, target.length);
    let done = 0;
    while (done < target.length) {
      const [page, within, length] = span(offset + done, target.length - done);
      const source = this.pages[page];
      if (source) target.set(source.subarray(within, within + length), done);
      else target.fill(0, done, done + length);
      done += length;
    }
  }

  /** @throws Trap `trapped` beyond the end */
  write(offset: number, source: Uint8Array): void {
    this.#check(offset, source.length);
    let done = 0;
    while (done < source.length) {
      const [page, within, length] = span(offset + done, source.length - done);
      this.#writable(page).set(source.subarray(done, done + length), within);
      done += length;
    }
  }

  #writable(page: number): Uint8Array {
    const known = this.pages[page];
    if (known && this.#undo.has(page)) return known;
    const fresh = new Uint8Array(PAGE);
    if (known) fresh.set(known);
    this.#undo.set(page, known);
    this.pages[page] = fresh;
    return fresh;
  }

  #check(offset: number, length: number): void {
    if (offset + length > this.size * PAGE) throw new Trap('trapped', 'stable memory out of bounds');
  }
}

/** Page, offset within it, and how much of `length` lies on it. */
function span(offset: number, length: number): [number, number, number] {
  const page = Math.floor(offset / PAGE);
  const within = offset - page * PAGE;
  return [page, within, Math.min(length, PAGE - within)];
}
