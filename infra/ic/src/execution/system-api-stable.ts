import type { Access, Functions } from './access.js';
import { TouchedPages } from './touched-pages.js';
import { Trap } from './trap.js';

const ROLES = '* s';
/** Pages that 32-bit functions reach: 4 GiB. */
const MAX_NARROW = 65536;

/** Stable memory: 64-bit functions and their 32-bit forerunners. */
export function stableApi(access: Access): Functions {
  const stable = () => access.around.stable();
  const { read, write } = copies(access);
  const growBy = (pages: bigint): bigint => {
    const unsigned = BigInt.asUintN(64, pages);
    return BigInt(unsigned > 1n << 40n ? -1 : stable().grow(Number(unsigned)));
  };
  const read64 = (target: bigint, offset: bigint, length: bigint): void =>
    read(index(target), index(offset), index(length));
  const write64 = (offset: bigint, source: bigint, length: bigint): void =>
    write(index(offset), index(source), index(length));

  /** A 32-bit function, which serves what it can reach whole only. */
  const narrow =
    <A extends number[], R>(act: (...args: A) => R) =>
    (...args: A): R => {
      if (stable().size > MAX_NARROW)
        throw new Trap('trapped', '32 bit stable memory api used on a memory larger than 4GB');
      return act(...args);
    };
  const narrowGrow = (pages: number): number => (stable().size + pages > MAX_NARROW ? -1 : stable().grow(pages));
  return {
    stable64_size: [ROLES, 20, () => BigInt(stable().size)],
    stable64_grow: [ROLES, 100, growBy],
    stable64_read: [ROLES, 20, read64],
    stable64_write: [ROLES, 20, write64],
    stable_size: [ROLES, 20, narrow(() => stable().size)],
    stable_grow: [ROLES, 100, narrow(narrowGrow)],
    stable_read: [ROLES, 20, narrow(read)],
    stable_write: [ROLES, 20, narrow(write)],
  };
}

/** Between heap and stable memory. */
function copies({ instance, around }: Access) {
  /** The replica reports what is beyond the heap as a trap here, not as a breach of contract. */
  const heap = (address: number, length: number): Uint8Array => {
    const { bytes } = instance;
    if (address + length > bytes.length) throw new Trap('trapped', 'heap out of bounds');
    return bytes.subarray(address, address + length);
  };
  const touch = (offset: number, length: number, writing: boolean): void => {
    const { message } = instance;
    (message.touched ??= new TouchedPages(message.role)).touch(offset, length, writing);
  };
  const read = (target: number, offset: number, length: number): void => {
    instance.charge(length);
    if (length === 0) return;
    around.stable().mustContain(offset, length);
    touch(offset, length, false);
    const to = heap(target, length);
    instance.wrote(target, length);
    around.stable().read(to, offset);
  };
  const write = (offset: number, source: number, length: number): void => {
    instance.charge(length);
    around.stable().mustContain(offset, length);
    if (length === 0) return;
    touch(offset, length, true);
    around.stable().write(offset, heap(source, length));
  };
  return { read, write };
}

/** @throws Trap `trapped` beyond any memory */
function index(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value);
  if (unsigned > BigInt(Number.MAX_SAFE_INTEGER)) throw new Trap('trapped', 'stable memory out of bounds');
  return Number(unsigned);
}
