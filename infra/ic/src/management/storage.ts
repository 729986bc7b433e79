import type { Instance } from '../execution/instance.js';
import type { Canister, Settings } from '../subnet/canister.js';
import { allocated, beyondReservedLimit, inThousands, notReservable, reservation } from '../subnet/reservation.js';
import { Reject } from '../subnet/reject.js';
import type { Subnet } from '../subnet/subnet.js';

/**
 * Sets cycles aside for so many bytes that a canister is about to have beyond those it has, if its subnet fills up.
 * @throws Reject
 */
export function reserveStorage(subnet: Subnet, canister: Canister, bytes: number): void {
  const before = canister.memoryBytes();
  canister.reserve(reserved(subnet, canister, before, before + BigInt(bytes), canister.state.cycles));
}

/**
 * What a canister sets aside for its new code's memories, in place of all that it had before.
 *
 * @param had  its bytes before. @param balance  what it has left
 * @throws Reject
 */
export function reservedForCode(
  subnet: Subnet,
  canister: Canister,
  fresh: Instance,
  had: bigint,
  balance: bigint,
): bigint {
  return reserved(subnet, canister, had, canister.bytesWith(fresh.size, fresh.module.size), balance);
}

function reserved(subnet: Subnet, canister: Canister, had: bigint, has: bigint, balance: bigint): bigint {
  const before = allocated(canister, had);
  const after = allocated(canister, has);
  const cycles = reservation(subnet, canister, before, after);
  const obstacle = notReservable(canister, cycles, balance);
  const what = `Canister cannot grow memory by ${after - before} bytes`;
  if (obstacle === 'reservedCyclesLimit')
    throw new Reject('reservedCyclesInMemoryGrow', beyondReservedLimit(what, canister, cycles));
  if (obstacle)
    throw new Reject(
      'insufficientCyclesInMemoryGrow',
      `${what} due to insufficient cycles. ${missing(cycles - balance)}`,
    );
  return cycles;
}

/**
 * Gives a canister settings that it can pay for (dfinity/ic: `rs/execution_environment/src/canister_settings.rs`): its
 * allocations may not freeze it.
 *
 * @throws Reject, and the settings are as before
 */
export function changeSettings(subnet: Subnet, canister: Canister, next: Settings): void {
  const { state } = canister;
  const { settings: before } = state;
  const bytes = canister.memoryBytes();
  const had = allocated(canister, bytes);
  state.settings = next;
  try {
    const threshold = canister.freezingThreshold();
    const compute = `Cannot increase compute allocation to ${next.computeAllocation}`;
    const memory = `Cannot increase memory allocation to ${next.memoryAllocation}`;
    const poor = state.cycles < threshold;
    if (poor && next.computeAllocation > before.computeAllocation) {
      throw new Reject(
        'insufficientCyclesInComputeAllocation',
        `${compute} due to insufficient cycles. ${missing(threshold - state.cycles)}`,
      );
    }
    if (poor && next.memoryAllocation > before.memoryAllocation) {
      throw new Reject(
        'insufficientCyclesInMemoryAllocation',
        `${memory} due to insufficient cycles. ${missing(threshold - state.cycles)}`,
      );
    }
    const { reserved: aside = 0n } = state;
    if (aside > next.reservedCyclesLimit) {
      throw new Reject(
        'reservedCyclesLimitTooLow',
        `Cannot set the reserved cycles limit ${inThousands(next.reservedCyclesLimit)} below the reserved ` +
          `cycles balance of the canister ${inThousands(aside)}.`,
      );
    }
    const cycles = reservation(subnet, canister, had, allocated(canister, bytes));
    const obstacle = notReservable(canister, cycles, state.cycles);
    if (obstacle === 'reservedCyclesLimit')
      throw new Reject('reservedCyclesInMemoryAllocation', beyondReservedLimit(memory, canister, cycles));
    if (obstacle)
      throw new Reject(
        'insufficientCyclesInMemoryAllocation',
        `${memory} due to insufficient cycles. ${missing(cycles - state.cycles)}`,
      );
    canister.reserve(cycles);
  } catch (refused) {
    state.settings = before;
    throw refused;
  }
}

function missing(cycles: bigint): string {
  return `At least ${inThousands(cycles)} additional cycles are required.`;
}
