/** Bytes of a page, in memories and on disk. */
export const PAGE = 65536;

/**
 * Where a page is on disk: the number of a page file, counted from 1, the page in it, and the CRC-32 of the page's
 * bytes.
 */
export interface Place {
  file: number;
  slot: number;
  crc: number;
}

/** Pages of one chunk: 16 MiB of memory in 3 KiB of table. */
const PER_CHUNK = 256;
const WORDS = 3;

/** Pages in chunks of 256: three words each, file number (0 where there is no page), slot, CRC-32. */
export type Chunks = Map<number, Uint32Array>;

/**
 * Which page of a memory is where on disk. Chunks are shared between tables, and with other threads, until one of them
 * changes: who was given a chunk never sees it change. Costs nothing for pages that were never written.
 */
export class PageTable {
  #chunks: Chunks;
  /** Chunks that nobody else has. */
  readonly #own = new Set<number>();

  constructor(chunks: Chunks = new Map()) {
    this.#chunks = chunks;
  }

  get(page: number): Place | undefined {
    const chunk = this.#chunks.get(Math.floor(page / PER_CHUNK));
    const at = (page % PER_CHUNK) * WORDS;
    const file = chunk?.[at] ?? 0;
    return file === 0 ? undefined : { file, slot: chunk![at + 1]!, crc: chunk![at + 2]! };
  }

  set(page: number, place: Place | undefined): void {
    const number = Math.floor(page / PER_CHUNK);
    const known = this.#chunks.get(number);
    if (!known && !place) return;
    const chunk = known && this.#own.has(number) ? known : this.#renewed(number, known);
    chunk.set(place ? [place.file, place.slot, place.crc] : [0, 0, 0], (page % PER_CHUNK) * WORDS);
  }

  forEach(act: (page: number, file: number, slot: number, crc: number) => void): void {
    for (const [number, chunk] of this.#chunks) {
      for (let at = 0; at < chunk.length; at += WORDS) {
        if (chunk[at] !== 0) act(number * PER_CHUNK + at / WORDS, chunk[at]!, chunk[at + 1]!, chunk[at + 2]!);
      }
    }
  }

  /** The chunks as they are now, in shared memory; they do not change any more. */
  share(): Chunks {
    this.#own.clear();
    return new Map(this.#chunks);
  }

  /** Takes over chunks that another table, perhaps of another thread, has shared. */
  adopt(chunks: Chunks): void {
    this.#chunks = new Map(chunks);
    this.#own.clear();
  }

  copy(): PageTable {
    return new PageTable(this.share());
  }

  #renewed(number: number, known: Uint32Array | undefined): Uint32Array {
    const chunk = new Uint32Array(new SharedArrayBuffer(PER_CHUNK * WORDS * 4));
    if (known) chunk.set(known);
    this.#chunks.set(number, chunk);
    this.#own.add(number);
    return chunk;
  }
}
