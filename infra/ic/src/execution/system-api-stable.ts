import type { Access, Functions } from './access.js';
import { TouchedPages } from './touched-pages.js';
import { Trap } from './trap.js';

const ROLES = '* s';
/** Pages that 32-bit functions reach: 4 GiB. */
const MAX_NARROW = 65536;

/** Stable memory: 64-bit functions and their 32-bit forerunners. */
export function stableApi(access: Access): Functions {
  const stable = () => access.around.stable();
  /** The replica reports what is beyond the heap as a trap here, not as a breach of contract. */
  const heap = (address: number, length: number): Uint8Array => {
    const { bytes } = access.instance;
    if (address + length > bytes.length) throw new Trap('trapped', 'heap out of bounds');
    return bytes.subarray(address, address + length);
  };
  const touch = (offset: number, length: number, writing: boolean): void => {
    const { message } = access.instance;
    (message.touched ??= new TouchedPages(message.role)).touch(offset, length, writing);
  };
  const read = (target: number, offset: number, length: number): void => {
    access.instance.charge(length);
    if (length === 0) return;
    stable().mustContain(offset, length);
    touch(offset, length, false);
    const to = heap(target, length);
    access.instance.wrote(target, length);
    stable().read(to, offset);
  };
  const write = (offset: number, source: number, length: number): void => {
    access.instance.charge(length);
    stable().mustContain(offset, length);
    if (length === 0) return;
    touch(offset, length, true);
    stable().write(offset, heap(source, length));
  };
  const small = (): void => {
    if (stable().size > MAX_NARROW)
      throw new Trap('trapped', '32 bit stable memory api used on a memory larger than 4GB');
  };
  const narrow =
    <A extends number[], R>(act: (...args: A) => R) =>
    (...args: A): R => {
      small();
      return act(...args);
    };
  const wide = (value: bigint): number => {
    const unsigned = BigInt.asUintN(64, value);
    if (unsigned > BigInt(Number.MAX_SAFE_INTEGER)) throw new Trap('trapped', 'stable memory out of bounds');
    return Number(unsigned);
  };
  return {
    stable64_size: [ROLES, 20, () => BigInt(stable().size)],
    stable64_grow: [
      ROLES,
      100,
      (pages: bigint) =>
        BigInt(BigInt.asUintN(64, pages) > 1n << 40n ? -1 : stable().grow(Number(BigInt.asUintN(64, pages)))),
    ],
    stable64_read: [
      ROLES,
      20,
      (target: bigint, offset: bigint, length: bigint) => read(wide(target), wide(offset), wide(length)),
    ],
    stable64_write: [
      ROLES,
      20,
      (offset: bigint, source: bigint, length: bigint) => write(wide(offset), wide(source), wide(length)),
    ],
    stable_size: [ROLES, 20, narrow(() => stable().size)],
    stable_grow: [
      ROLES,
      100,
      narrow((pages: number) => (stable().size + pages > MAX_NARROW ? -1 : stable().grow(pages))),
    ],
    stable_read: [ROLES, 20, narrow(read)],
    stable_write: [ROLES, 20, narrow(write)],
  };
}
