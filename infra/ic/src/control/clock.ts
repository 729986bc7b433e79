import { IcError } from '../errors.js';

/** Nanoseconds ahead of the machine's time, and where it stands still. */
export interface ClockSetting {
  ahead: bigint;
  still?: bigint;
}

/** The network's time: the machine's, shifted, or standing still. Nanoseconds since the epoch. */
export class Clock {
  #ahead = 0n;
  #still?: bigint;

  /** Called when it was moved, stopped or started. */
  onChange: () => void = () => {};

  /** What makes another thread's clock show the same. */
  get setting(): ClockSetting {
    return { ahead: this.#ahead, still: this.#still };
  }

  set setting({ ahead, still }: ClockSetting) {
    this.#ahead = ahead;
    this.#still = still;
  }

  /** @param last  the time of the last round, which the network's never falls behind */
  now(last = 0n): bigint {
    const time = this.#still ?? machine() + this.#ahead;
    return time > last ? time : last;
  }

  /** @throws IcError `usage` when the time asked for is before that of the last round */
  set(time: bigint, last: bigint): void {
    if (time < last)
      throw new IcError('usage', { time, last }, `The network's time ${last} cannot go back to ${time}.`);
    if (this.#still === undefined) this.#ahead = time - machine();
    else this.#still = time;
    this.onChange();
  }

  /** A state whose time was moved ahead stays ahead. */
  notBefore(time: bigint): void {
    if (time > this.now()) this.#ahead = time - machine();
    this.onChange();
  }

  get standsStill(): boolean {
    return this.#still !== undefined;
  }

  stop(): void {
    this.#still = this.now();
    this.onChange();
  }

  go(): void {
    if (this.#still !== undefined) this.#ahead = this.#still - machine();
    this.#still = undefined;
    this.onChange();
  }
}

function machine(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
