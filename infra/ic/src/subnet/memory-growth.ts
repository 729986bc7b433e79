import type { Instance } from '../execution/instance.js';
import type { Message } from '../execution/message.js';
import { PAGE } from '../execution/stable-memory.js';
import { Trap } from '../execution/trap.js';
import type { Canister } from './canister.js';
import { allocated, beyondReservedLimit, notReservable, reservation } from './reservation.js';
import type { Subnet } from './subnet.js';

/** Where the limit of the heap holds: not in queries, callbacks and pre_upgrade, so that data can still be saved. */
const LIMITED = new Set(['I', 's', 'U', 'T']);
/** Where growth must be paid for ahead; a callback must not fail for it. */
const PREPAID = new Set(['I', 's', 'U', 'T', 'G', 'RQ']);

/** Where it sets cycles aside; installation does so as a whole. */
const RESERVING = new Set(['U', 'T', 'Ry', 'Rt', 'C']);

/**
 * What is wrong with the memory that a message took, if anything. The replica looks when memory grows, this host when
 * the message has run: either way the message has not happened. On a subnet that fills up the message sets cycles aside
 * for what it took.
 *
 * @param stableBefore  size of the stable memory before the message, in pages
 */
export function overgrown(
  subnet: Subnet,
  canister: Canister,
  instance: Instance,
  message: Message,
  stableBefore: number,
): Trap | undefined {
  const heap = instance.bytes.length;
  const growth = heap - instance.heapBytes;
  const grown = growth + (canister.stable.size - stableBefore) * PAGE;
  if (grown <= 0) return undefined;
  const { wasmMemoryLimit: limit } = canister.state.settings;
  if (growth > 0 && LIMITED.has(message.role) && limit > 0n && BigInt(heap) > limit)
    return new Trap('wasmMemoryLimit', beyondLimit(limit, heap));
  const what = `Canister cannot grow memory by ${grown} bytes`;
  const more = BigInt(Math.max(growth, 0));
  if (RESERVING.has(message.role)) {
    const after = canister.memoryBytes() + more;
    const cycles = reservation(
      subnet,
      canister,
      allocated(canister, after - BigInt(grown)),
      allocated(canister, after),
    );
    const obstacle = notReservable(canister, cycles, message.balance);
    if (obstacle === 'reservedCyclesLimit')
      return new Trap('reservedCyclesInMemoryGrow', beyondReservedLimit(what, canister, cycles));
    if (obstacle) return new Trap('insufficientCyclesInMemoryGrow', `${what} due to insufficient cycles.`);
    message.balance -= cycles;
    message.reserved = cycles;
  }
  if (PREPAID.has(message.role) && message.balance < canister.freezingThreshold(more, message.reserved)) {
    return new Trap('insufficientCyclesInMemoryGrow', `${what} due to insufficient cycles.`);
  }
  return undefined;
}

function beyondLimit(limit: bigint, peak: number): string {
  return (
    `Canister exceeded its current Wasm memory limit of ${limit} bytes. The peak Wasm memory usage was ` +
    `${peak} bytes. ` +
    'If the canister reaches 4GiB, then it may stop functioning and may become unrecoverable. ' +
    'Please reach out to the canister owner to investigate the reason for the increased memory usage. ' +
    'It might be necessary to move data from the Wasm memory to the stable memory. ' +
    ('If such high Wasm memory usage is expected and safe, then the developer can increase the Wasm memory ' +
      'limit in the canister settings.')
  );
}
