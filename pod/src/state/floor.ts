import { join } from 'node:path';
import { hex } from '@livepod/protocol';
import { readIfThere, removeIfThere, writeAtomically } from './disk.js';
import { opened, sealed } from './sealed.js';

/** A time before which it is not. */
export interface Floor {
  /** milliseconds since the epoch */
  readonly ms: number;
  /** Goes up to a time that somebody trusted has signed; never down. */
  raise(ms: number): void;
}

/** A floor that ends with the process. */
export function floorInMemory(ms = 0): Floor {
  return {
    get ms() {
      return ms;
    },
    raise: (to) => void (ms = Math.max(ms, to)),
  };
}

/**
 * The newest signed time that this pod has seen, kept over restarts. The file says whose it is and has a sum: one that
 * is damaged, or another pod's, is as if it were not there, and is written anew with the next signed time.
 */
export class KeptFloor implements Floor {
  private readonly path: string;
  private readonly pod: string;
  private highest: number;
  private written: number | undefined;
  /** Whether a file was there that was not this pod's. */
  readonly wasDamaged: boolean;

  /** @param builtAt  when the program was built, milliseconds since the epoch */
  constructor(directory: string, principal: Uint8Array, builtAt: number) {
    this.path = join(directory, 'clock.json');
    this.pod = hex(principal);
    const bytes = readIfThere(this.path);
    this.written = bytes && opened<number>(this.pod, bytes);
    this.wasDamaged = bytes !== undefined && this.written === undefined;
    if (this.wasDamaged) removeIfThere(this.path);
    this.highest = Math.max(builtAt, this.written ?? 0);
  }

  get ms(): number {
    return this.highest;
  }

  raise(ms: number): void {
    this.highest = Math.max(this.highest, Math.floor(ms)); // whether or not it can be written
    if (this.written !== undefined && this.highest <= this.written) return;
    writeAtomically(this.path, sealed(this.pod, this.highest));
    this.written = this.highest;
  }
}
