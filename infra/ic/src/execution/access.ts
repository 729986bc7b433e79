import type { Instance } from './instance.js';
import type { Message } from './message.js';
import type { StableMemory } from './stable-memory.js';
import { Trap } from './trap.js';

/** What the System API asks the canister about. */
export interface Surroundings {
  readonly self: Uint8Array;
  readonly subnetId: Uint8Array;
  readonly rootKey: Uint8Array;
  stable(): StableMemory;
  /** 1 running · 2 stopping · 3 stopped */
  status(): number;
  version(): bigint;
  isController(principal: Uint8Array): boolean;
  /** The balance below which the canister is frozen, in cycles. */
  freezingThreshold(): bigint;
  timer(): bigint;
  environment(): readonly { name: string; value: string }[];
  /** Whether one more call to this canister fits the queue. */
  maySend(callee: Uint8Array, planned: number): boolean;
}

/** What each function of the System API works with. */
export interface Access {
  readonly instance: Instance;
  readonly around: Surroundings;
  message(): Message;
  /**
   * Heap bytes, checked.
   *
   * @param what  leads the complaint, as in `ic0.msg_reject`
   * @throws Trap `contractViolation`
   */
  bytes(what: string, address: number, length: number): Uint8Array;
  /** Copies a part of something into the heap. @param part  what the source is called when its end is passed */
  copy(name: string, part: string, target: number, offset: number, length: number, source: Uint8Array): void;
  /** Text whose bytes may be anything. */
  text(what: string, address: number, length: number): string;
  /** Writes 16 bytes, little-endian. */
  amount(name: string, target: number, value: bigint): void;
}

/** Bytes. */
export const MAX_PRINCIPAL = 29;
export const INVALID_PRINCIPAL = 'Canister provided invalid principal id';

/**
 * Roles in which it may be called, what it costs in instructions, and what it does. Addresses and other 32-bit numbers
 * come as numbers without a sign.
 */
export type Function = [roles: string, cost: number, act: (...args: never[]) => number | bigint | void];
export type Functions = Record<string, Function>;

/** Instructions that most functions cost. */
export const COST = 500;

/** The two functions of a blob. @param called  what it is called when its end is passed */
export function blob(access: Access, roles: string, name: string, called: string, read: () => Uint8Array): Functions {
  return {
    [`${name}_size`]: [roles, COST, () => read().length],
    [`${name}_copy`]: [
      roles,
      COST,
      (target: number, offset: number, length: number) =>
        access.copy(`${name}_copy`, called, target, offset, length, read()),
    ],
  };
}

/** A 128-bit amount from its two halves as Wasm passes them, signed. */
export function joined(high: bigint, low: bigint): bigint {
  return (BigInt.asUintN(64, high) << 64n) | BigInt.asUintN(64, low);
}

/** Text that must be UTF-8. @throws Trap `contractViolation` with the given words */
export function strictText(bytes: Uint8Array, complaint: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Trap('contractViolation', complaint);
  }
}
