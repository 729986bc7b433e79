import type { Access, Functions } from './access.js';
import { Trap } from './trap.js';

const ROLES = '* s';

/** Stable memory: 64-bit functions and their 32-bit forerunners. */
export function stableApi(access: Access): Functions {
  const stable = () => access.around.stable();
  const read = (target: number, offset: number, length: number): void => {
    access.instance.charge(length);
    stable().read(access.bytes(target, length), offset);
  };
  const write = (offset: number, source: number, length: number): void => {
    access.instance.charge(length);
    stable().write(offset, access.bytes(source, length));
  };
  const wide = (value: bigint): number => {
    const unsigned = BigInt.asUintN(64, value);
    if (unsigned > BigInt(Number.MAX_SAFE_INTEGER)) throw new Trap('trapped', 'stable memory out of bounds');
    return Number(unsigned);
  };
  return {
    stable64_size: [ROLES, 20, () => BigInt(stable().size)],
    stable64_grow: [ROLES, 100, (pages: bigint) => BigInt(BigInt.asUintN(64, pages) > 1n << 40n ? -1 : stable().grow(Number(BigInt.asUintN(64, pages))))],
    stable64_read: [ROLES, 20, (target: bigint, offset: bigint, length: bigint) => read(wide(target), wide(offset), wide(length))],
    stable64_write: [ROLES, 20, (offset: bigint, source: bigint, length: bigint) => write(wide(offset), wide(source), wide(length))],
    stable_size: [ROLES, 20, () => stable().size],
    stable_grow: [ROLES, 100, (pages: number) => (stable().size + (pages >>> 0) > 65536 ? -1 : stable().grow(pages >>> 0))],
    stable_read: [ROLES, 20, (target: number, offset: number, length: number) => read(target >>> 0, offset >>> 0, length >>> 0)],
    stable_write: [ROLES, 20, (offset: number, source: number, length: number) => write(offset >>> 0, source >>> 0, length >>> 0)],
  };
}
