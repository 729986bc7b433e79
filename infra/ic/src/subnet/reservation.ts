import type { Canister } from './canister.js';
import { idleFee } from './cycles.js';
import type { Subnet } from './subnet.js';

/** Seconds of storage that are reserved for memory taken on a subnet that is full. */
const LONGEST = 300_000_000n;

/**
 * Cycles that a canister sets aside to have so many bytes of the subnet (`allocated`) instead of so many. Above a
 * threshold (750 GiB of a subnet's 2 TiB on the main network) memory is paid for ahead: the longer, the fuller the
 * subnet is, up to 300,000,000 seconds (dfinity/ic: `rs/cycles_account_manager/src/cycles_account_manager.rs`).
 */
export function reservation(subnet: Subnet, canister: Canister, before: bigint, after: bigint): bigint {
  const { storageThreshold: threshold, storageCapacity: capacity } = subnet.state.limits;
  if (threshold === undefined || capacity === undefined || capacity <= threshold || after <= before) return 0n;
  let others = 0n;
  for (const other of subnet.canisters.values())
    if (other !== canister) others += allocated(other, other.memoryBytes());
  return upTo(others + after, threshold, capacity) - upTo(others + before, threshold, capacity);
}

/** What would have been set aside for all memory of a subnet that has taken so much. */
function upTo(used: bigint, threshold: bigint, capacity: bigint): bigint {
  const above = (used < capacity ? used : capacity) - threshold;
  return above <= 0n ? 0n : idleFee(above, 0n, (LONGEST * above) / (capacity - threshold) / 2n);
}

/** What a canister has of the subnet with so many bytes: what it has allocated, if that is more. */
export function allocated(
  {
    state: {
      settings: { memoryAllocation },
    },
  }: Canister,
  bytes: bigint,
): bigint {
  return bytes > memoryAllocation ? bytes : memoryAllocation;
}

/** Why cycles cannot be set aside, if they cannot. @param balance  what the canister has beside those set aside */
export function notReservable(
  { state }: Canister,
  cycles: bigint,
  balance: bigint,
): 'reservedCyclesLimit' | 'insufficientCycles' | undefined {
  if (cycles === 0n) return undefined;
  if ((state.reserved ?? 0n) + cycles > state.settings.reservedCyclesLimit) return 'reservedCyclesLimit';
  return cycles > balance ? 'insufficientCycles' : undefined;
}

/** The replica's words for it. @param what  as in `Canister cannot grow memory by 65536 bytes` */
export function beyondReservedLimit(what: string, { state }: Canister, cycles: bigint): string {
  const { reservedCyclesLimit: limit } = state.settings;
  return (
    `${what} due to its reserved cycles limit. The current limit (${inThousands(limit)}) would be exceeded by ` +
    `${inThousands((state.reserved ?? 0n) + cycles - limit)}.`
  );
}

/** As the replica prints cycles: 5_000_000. */
export function inThousands(cycles: bigint): string {
  return String(cycles).replace(/\B(?=(\d{3})+$)/g, '_');
}
