import type { Canister } from './canister.js';
import type { Id } from './principals.js';
import type { Subnet } from './subnet.js';

/**
 * How fast canisters may write memory and have code installed: so much per round, and who did more waits for as many
 * rounds as that takes (dfinity/ic: `rs/config/src/subnet_config.rs`, `rs/execution_environment/src/scheduler.rs`).
 * There, rounds follow one another once a second; here they come when there is something to do. So a debt is paid off
 * by replicated time, a round's worth per second (`seconds`), and a canister that stays within a round's worth never
 * has one. Where time stands still, as in PocketIC, each round pays a round's worth (`rounds`).
 */
export type Rates = 'seconds' | 'rounds' | 'off';

/** Bytes of memory, in pages of 4 KiB, that a canister may write per round. */
export const HEAP_DELTA_RATE = 75 << 20;
/** Instructions that installing code on a canister may take per round. */
const INSTALL_RATE = 2_000_000_000n;
/**
 * Bytes that all canisters together may write from one checkpoint of the main network to the next, and those of them
 * that they may write at once.
 */
const SUBNET_CAPACITY = 140 * 2 ** 30;
const SUBNET_RESERVE = 32 * 2 ** 30;
/** Rounds from one of its checkpoints to the next. */
const INTERVAL = 500;
const SECOND = 1_000_000_000n;

/** What a canister has done beyond its rate: bytes written, instructions of `install_code`. */
export interface Debits {
  heapDelta: number;
  install: bigint;
}
/** Bytes written since the checkpoint with this number. */
export interface SubnetDelta {
  interval: number;
  bytes: number;
}

/** Pays off what the time since the last round pays for. @param elapsed  nanoseconds */
export function payDebits(subnet: Subnet, elapsed: bigint): void {
  if (subnet.state.limits.rates !== 'seconds') return;
  const bytes = Number((BigInt(HEAP_DELTA_RATE) * elapsed) / SECOND);
  const instructions = (INSTALL_RATE * elapsed) / SECOND;
  for (const { state } of subnet.canisters.values()) {
    if (state.debits) state.debits = lessened(state.debits, bytes, instructions);
  }
}

/** Ends a round: what its canisters did in it is theirs to pay off, but for a round's worth. */
export function settleDebits(subnet: Subnet): void {
  const { canisters, incurred } = subnet;
  if (subnet.state.limits.rates === 'rounds') {
    for (const { id, state } of canisters.values())
      state.debits = lessened(sum(state.debits, incurred.get(id)), HEAP_DELTA_RATE, INSTALL_RATE);
  } else {
    for (const [id, debits] of incurred) {
      const state = canisters.get(id)?.state; // it may have been deleted since
      const beyond = lessened(debits, HEAP_DELTA_RATE, INSTALL_RATE);
      if (state && beyond) state.debits = sum(state.debits, beyond);
    }
  }
  incurred.clear();
}

/** Notes bytes that a canister has written. */
export function noteHeapDelta(subnet: Subnet, canister: Canister, bytes: number): void {
  if (!limited(subnet) || bytes === 0) return;
  incurredBy(subnet, canister.id).heapDelta += bytes;
  noteSubnetDelta(subnet, bytes);
}

/** Notes bytes that no canister has to wait for. */
export function noteSubnetDelta(subnet: Subnet, bytes: number): void {
  if (!limited(subnet) || bytes === 0) return;
  const { interval } = positionOf(subnet);
  const { heapDelta: before } = subnet.state;
  subnet.state.heapDelta = { interval, bytes: (before?.interval === interval ? before.bytes : 0) + bytes };
}

export function noteInstallation(subnet: Subnet, canister: Canister, instructions: bigint): void {
  if (limited(subnet)) incurredBy(subnet, canister.id).install += instructions;
}

/** Bytes that a canister has written beyond its rate, with those of the round under way. */
export function heapDeltaOwed(subnet: Subnet, { id, state }: Canister): number {
  return limited(subnet) ? (state.debits?.heapDelta ?? 0) + (subnet.incurred.get(id)?.heapDelta ?? 0) : 0;
}

export function owesInstallation(subnet: Subnet, { id, state }: Canister): boolean {
  return limited(subnet) && (state.debits?.install ?? 0n) + (subnet.incurred.get(id)?.install ?? 0n) > 0n;
}

/** Whether a canister's messages have to wait; those to the management canister never do. */
export function heldBack(subnet: Subnet, canister: Canister | undefined): boolean {
  return canister !== undefined && heapDeltaOwed(subnet, canister) >= HEAP_DELTA_RATE;
}

/** Whether all messages have to wait: much was written since the last checkpoint of the main network. */
export function subnetHeldBack(subnet: Subnet): boolean {
  return subnetFreeIn(subnet) > 0;
}

/** When work of the queue can go on: nanoseconds since the epoch, 0 for at once. The queue is not empty. */
export function workDue(subnet: Subnet): bigint {
  const { limits, queue, time } = subnet.state;
  const free = subnetFreeIn(subnet);
  if (limits.rates === 'rounds') return 0n;
  if (free > 0) return time + BigInt(free) * SECOND;
  let least: bigint | undefined;
  for (const { to } of queue) {
    const due = freeAt(subnet, subnet.canisters.get(to));
    if (due === 0n) return due;
    if (least === undefined || due < least) least = due;
  }
  return least!;
}

/** When a canister's messages need not wait any more; 0 if they do not. */
export function freeAt(subnet: Subnet, canister: Canister | undefined): bigint {
  if (!heldBack(subnet, canister) || subnet.state.limits.rates === 'rounds') return 0n;
  const beyond = BigInt(heapDeltaOwed(subnet, canister!) - HEAP_DELTA_RATE + 1);
  return subnet.state.time + (beyond * SECOND) / BigInt(HEAP_DELTA_RATE) + 1n;
}

/** Whether rounds pass by themselves until all is paid off. */
export function paysByRounds(subnet: Subnet, { state }: Canister): boolean {
  return subnet.state.limits.rates === 'rounds' && state.debits !== undefined;
}

/** Rounds, or seconds. */
function subnetFreeIn(subnet: Subnet): number {
  const { heapDelta } = subnet.state;
  const { interval, at } = positionOf(subnet);
  if (!heapDelta || heapDelta.interval !== interval || !limited(subnet)) return 0;
  const needed = ((heapDelta.bytes - SUBNET_RESERVE) * INTERVAL) / (SUBNET_CAPACITY - SUBNET_RESERVE);
  return Math.max(0, Math.min(Math.floor(needed) + 1, INTERVAL) - at);
}

/** Between two checkpoints of the main network. */
function positionOf({ state: { limits, round, time } }: Subnet): { interval: number; at: number } {
  const clock = limits.rates === 'rounds' ? round : Number(time / SECOND);
  return { interval: Math.floor(clock / INTERVAL), at: clock % INTERVAL };
}

function limited({ state: { limits } }: Subnet): boolean {
  return limits.rates === 'seconds' || limits.rates === 'rounds';
}

function incurredBy({ incurred }: Subnet, id: Id): Debits {
  const known = incurred.get(id) ?? { heapDelta: 0, install: 0n };
  incurred.set(id, known);
  return known;
}

function sum(a: Debits = NONE, b: Debits = NONE): Debits | undefined {
  return lessened({ heapDelta: a.heapDelta + b.heapDelta, install: a.install + b.install }, 0, 0n);
}

const NONE: Debits = { heapDelta: 0, install: 0n };

/** @returns nothing when all is paid off */
function lessened(debits: Debits | undefined, bytes: number, instructions: bigint): Debits | undefined {
  if (!debits) return undefined;
  const heapDelta = Math.max(0, debits.heapDelta - bytes);
  const install = debits.install > instructions ? debits.install - instructions : 0n;
  return heapDelta === 0 && install === 0n ? undefined : { heapDelta, install };
}
