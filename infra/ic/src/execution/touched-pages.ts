import { PAGE } from './page-table.js';
import type { Role } from './message.js';
import { Trap } from './trap.js';

/** Bytes of what the replica counts by: a page of the operating system. */
const GRAIN = 4096;
const GRAINS = PAGE / GRAIN;
const GIB = 2 ** 30 / GRAIN;
const MESSAGE_LIMIT = 2 * GIB;
const UPGRADE_LIMIT = 8 * GIB;
const QUERY_LIMIT = GIB;
const LIMITS: Partial<Record<Role, number>> = {
  I: UPGRADE_LIMIT,
  G: UPGRADE_LIMIT,
  RQ: QUERY_LIMIT,
  NRQ: QUERY_LIMIT,
  TQ: QUERY_LIMIT,
  CQ: QUERY_LIMIT,
  CRy: QUERY_LIMIT,
  CRt: QUERY_LIMIT,
  CC: QUERY_LIMIT,
  F: QUERY_LIMIT,
};

/**
 * What one execution has touched of the stable memory, in pages of 4 KiB, each counted once however often (dfinity/ic:
 * `rs/config/src/embedders.rs`, `rs/embedders/src/wasm_utils/system_api_replacements.rs`). Pages written are pages
 * accessed, both have the same limits, and the replica looks at those accessed first: its words for too many modified
 * pages are never heard there.
 */
export class TouchedPages {
  /** For each page of 64 KiB, a bit per 4 KiB: the low half accessed, the high half written. */
  readonly #marks = new Map<number, number>();
  #accessed = 0;
  #written = 0;
  readonly #limit: number;

  constructor(role: Role) {
    this.#limit = LIMITS[role] ?? MESSAGE_LIMIT;
  }

  /** Bytes of pages that were written to. */
  get writtenBytes(): number {
    return this.#written * GRAIN;
  }

  /** @throws Trap `memoryAccessLimit` */
  touch(offset: number, length: number, writing: boolean): void {
    const end = offset + length;
    for (let at = offset; at < end; at = (Math.floor(at / PAGE) + 1) * PAGE) {
      const page = Math.floor(at / PAGE);
      const first = Math.floor((at % PAGE) / GRAIN);
      const last = end >= (page + 1) * PAGE ? GRAINS - 1 : Math.floor(((end - 1) % PAGE) / GRAIN);
      this.#mark(page, ((2 << last) - 1) & ~((1 << first) - 1), writing);
    }
    if (this.#accessed > this.#limit) {
      throw new Trap(
        'memoryAccessLimit',
        'Canister exceeded memory access limits: Exceeded the limit for the number of accessed pages in the ' +
          'stable memory in a single message ' +
          (`execution: limit ${(MESSAGE_LIMIT * GRAIN) / 1024} KB for regular messages and ` +
            `${(QUERY_LIMIT * GRAIN) / 1024} KB for queries.`),
      );
    }
  }

  #mark(page: number, grains: number, writing: boolean): void {
    const before = this.#marks.get(page) ?? 0;
    const after = before | grains | (writing ? grains << GRAINS : 0);
    if (after === before) return;
    this.#marks.set(page, after);
    this.#accessed += count(after & 0xffff) - count(before & 0xffff);
    this.#written += count(after >>> GRAINS) - count(before >>> GRAINS);
  }
}

/** Bits that are set, of 16. */
function count(bits: number): number {
  let left = bits;
  let set = 0;
  for (; left !== 0; left &= left - 1) set += 1;
  return set;
}
