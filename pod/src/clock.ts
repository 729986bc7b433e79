import { setTimeout as sleep } from 'node:timers/promises';
import { PodError } from './errors.js';
import { floorInMemory, type Floor } from './state/floor.js';

/** Under this a device's clock is right enough for everything that a pod does with it, milliseconds. */
const BEARABLE_MS = 2 * 60_000;
/** So long an answer of the network is good for, while the clock runs on evenly, milliseconds. */
const GOOD_FOR_MS = 10 * 60_000;
/** A turn does not wait longer for the network's time; it then goes by the device's clock, milliseconds. */
const PATIENCE_MS = 3_000;
/** Node.js holds a timer's milliseconds in 31 bits: a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The device's clock, held against the Internet Computer's certified time.
 *
 * @param networkTime  milliseconds since the epoch, from a certificate; rejects when the network is away
 */
export class OwnClock {
  /** How much later the network's clock is than ours, milliseconds. */
  private behind = 0;
  /** When the network last answered, by a clock that nobody sets and by the one that is judged, milliseconds. */
  private answered: { steady: number; own: number } | undefined;

  /** The floor's time, and when it was that by a clock that nobody sets: it runs on, whatever the device's says. */
  private base: { ms: number; steady: number };

  /** @param floor  before which it is not: the build, and the newest signed time of earlier runs */
  constructor(
    private readonly now: () => Date,
    private readonly networkTime?: () => Promise<number>,
    private readonly steady: () => number = () => performance.now(),
    private readonly floor: Floor = floorInMemory(),
  ) {
    this.base = { ms: floor.ms, steady: steady() };
  }

  /**
   * The latest of what the device's clock says, what the network said, and what was ever signed. Whoever plays back an
   * old certificate or sets the clock back cannot turn it back, and a device without a clock of its own (it says 1970)
   * still sees that metadata is old.
   */
  readonly latest = (): Date => {
    const since = this.base.ms + Math.floor(this.steady() - this.base.steady);
    return new Date(Math.max(this.now().getTime() + Math.max(0, this.behind), since));
  };

  /**
   * Asks the network where that is due: to verify a certificate costs a watch more than a whole turn does else.
   *
   * @throws PodError `clockWrong`, which says how far; an absent network is no error
   */
  async check(): Promise<void> {
    if (!this.isDue()) return;
    const asked = this.networkTime?.().catch(() => undefined);
    const told = asked && (await Promise.race([asked, sleep(PATIENCE_MS, undefined, { ref: false })]));
    if (told === undefined) return;
    const own = this.now().getTime();
    this.behind = told - own;
    this.answered = undefined;
    this.keep(told);
    if (Math.abs(this.behind) < BEARABLE_MS) return void (this.answered = { steady: this.steady(), own });
    throw new PodError(
      'clockWrong',
      { behindMs: Math.round(this.behind) },
      `This device's clock says ${this.now().toISOString()} and is ${inWords(Math.abs(this.behind))} ` +
        `${this.behind > 0 ? 'slow' : 'fast'}: the Internet Computer's certified time is ` +
        `${new Date(told).toISOString()}.`,
    );
  }

  /** What was certified stays true over restarts. */
  private keep(told: number): void {
    if (told > this.base.ms + this.steady() - this.base.steady) this.base = { ms: told, steady: this.steady() };
    this.floor.raise(told);
  }

  /** Not while the last answer was right, is young, and nobody has set the clock since. */
  private isDue(): boolean {
    if (!this.answered) return true;
    const passed = this.steady() - this.answered.steady;
    const shown = this.now().getTime() - this.answered.own;
    return passed > GOOD_FOR_MS || Math.abs(shown - passed) > BEARABLE_MS / 2;
  }
}

function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

/** Waits any number of seconds, also more than the 24.8 days that one timer can; ends early, quietly, when told to. */
export async function wait(seconds: number, end?: AbortSignal): Promise<void> {
  for (let left = seconds * 1000; left > 0 && !end?.aborted; left -= LONGEST_TIMER_MS)
    await sleep(Math.min(left, LONGEST_TIMER_MS), undefined, { signal: end }).catch(() => undefined);
}

/** When something that failed is tried again: soon at first, then at twice the distance each time. */
export class Backoff {
  private readonly failures = new Map<string, { times: number; next: number }>();

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
    private readonly steady: () => number = () => performance.now(),
  ) {}

  isDue(what: string): boolean {
    return this.steady() >= (this.failures.get(what)?.next ?? 0);
  }

  failed(what: string): void {
    const times = (this.failures.get(what)?.times ?? 0) + 1;
    const distance = Math.min(this.firstMs * 2 ** (times - 1), this.longestMs);
    this.failures.set(what, { times, next: this.steady() + distance });
  }

  over(what: string): void {
    this.failures.delete(what);
  }
}

/** What the device was not fit for is tried again after a second, and after ten minutes at the longest. */
export const againLater = (): Backoff => new Backoff(1_000, 10 * 60_000);
