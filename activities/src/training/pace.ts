import { ActivityError } from '../errors.js';
import type { Epoch } from './reports.js';
import { MalformedFrame } from './sandbox/frames.js';

/** Epochs that may come at once, and in a second from then on. */
const BURST = 200;
const PER_SECOND = 50;
const MOST_EPOCHS = 100_000;

/** In which order, how often and how fast a sandbox may tell something. What breaks a rule is not heard to the end. */
export class Pace {
  private begun = false;
  private last = 0;
  private resumed = false;
  private allowance = BURST;
  private at = performance.now();
  private readonly epochs: number;

  /** @param declared  how many epochs the approval asks for, where the recipe counts them so */
  constructor(declared: number | string | undefined) {
    this.epochs = typeof declared === 'number' ? declared : MOST_EPOCHS;
  }

  ready(): void {
    if (this.begun) this.broken();
    this.begun = true;
  }

  /** Epochs only go up, to no more than there are. */
  epoch(epoch: Epoch | undefined): Epoch {
    const now = performance.now();
    this.allowance = Math.min(BURST, this.allowance + ((now - this.at) / 1000) * PER_SECOND);
    this.at = now;
    const follows = epoch !== undefined && this.begun && epoch.epoch > this.last && epoch.epochs <= this.epochs;
    if (!follows || --this.allowance < 0) return this.broken();
    this.last = epoch.epoch;
    this.resumed = false;
    return epoch;
  }

  /** One resume point an epoch. */
  resume(): void {
    if (this.resumed) this.broken();
    this.resumed = true;
  }

  broken(): never {
    throw new MalformedFrame();
  }
}

const MINUTE_MS = 60_000;

/**
 * Training may take as long as its approval says. One that says nothing for ten times its longest epoch, and half an
 * hour at least (six hours before its first), has stopped without ending.
 */
export class Stall {
  readonly stalled: Promise<never>;
  private reject: (error: ActivityError) => void = () => undefined;
  private timer: NodeJS.Timeout;
  private last = performance.now();
  private longest = 0;

  constructor(private readonly fixed: number | undefined) {
    this.stalled = new Promise<never>((_, reject) => (this.reject = reject));
    this.stalled.catch(() => undefined);
    this.timer = this.limit(fixed ?? 360 * MINUTE_MS);
  }

  heard(): void {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.last);
    this.last = now;
    clearTimeout(this.timer);
    this.timer = this.limit(this.fixed ?? Math.max(30 * MINUTE_MS, 10 * this.longest));
  }

  end(): void {
    clearTimeout(this.timer);
  }

  /** A timer of Node.js cannot be longer than 24 days. */
  private limit(ms: number): NodeJS.Timeout {
    const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
    const message =
      `The training process said nothing for ${minutes} minutes and was ended; ` + 'it resumes from its last epoch.';
    const tell = (): void => this.reject(new ActivityError('interrupted', { minutes }, message));
    return setTimeout(tell, Math.min(ms, 2 ** 31 - 1));
  }
}
