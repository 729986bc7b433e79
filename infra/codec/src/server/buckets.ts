/** So many requests at once, and so many more each second. */
export interface Rate {
  burst: number;
  perSecond: number;
}

const MOST_KNOWN = 10_000;

/** Token buckets, one per caller. */
export class Buckets {
  private readonly known = new Map<string, { left: number; at: number }>();

  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes one. @returns 0, or the seconds until there is one again */
  take(caller: string): number {
    const { burst, perSecond } = this.rate;
    const at = this.now();
    const before = this.known.get(caller);
    const left = before ? Math.min(burst, before.left + ((at - before.at) / 1000) * perSecond) : burst;
    this.known.delete(caller);
    this.known.set(caller, { left: left >= 1 ? left - 1 : left, at });
    if (this.known.size > MOST_KNOWN) this.known.delete(this.known.keys().next().value!); // the longest unseen
    return left >= 1 ? 0 : Math.ceil((1 - left) / perSecond);
  }
}
