import { IcError } from '../errors.js';

/** The network's time: the machine's, shifted, or standing still. Nanoseconds since the epoch. */
export class Clock {
  #ahead = 0n;
  #still?: bigint;

  now(): bigint {
    return this.#still ?? machine() + this.#ahead;
  }

  /** @throws IcError `usage` when the time asked for is before that of the last round */
  set(time: bigint, last: bigint): void {
    if (time < last) throw new IcError('usage', { time, last }, `The network's time ${last} cannot go back to ${time}.`);
    if (this.#still === undefined) this.#ahead = time - machine();
    else this.#still = time;
  }

  /** A state whose time was moved ahead stays ahead. */
  notBefore(time: bigint): void {
    if (time > this.now()) this.#ahead = time - machine();
  }

  get standsStill(): boolean {
    return this.#still !== undefined;
  }

  stop(): void {
    this.#still = this.now();
  }

  go(): void {
    if (this.#still !== undefined) this.#ahead = this.#still - machine();
    this.#still = undefined;
  }
}

function machine(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
