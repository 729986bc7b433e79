import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Brings together those that are to be struck by one blow: the first who comes waits a moment for others. Blows come
 * one after the other, and the next ones wait until what was struck stands again.
 */
export class Blow<M> {
  private waiting: { member: M; go: () => void }[] = [];
  private lastCame = 0;
  private busy: Promise<void> | undefined;

  /**
   * @param strike  gets everybody who came, and `release`, which lets them go on
   * @param quietMs  a blow falls when nobody came for so long …
   * @param longestMs  … and at the latest after this
   */
  constructor(
    private readonly strike: (members: M[], release: () => void) => Promise<void>,
    private readonly quietMs = 700,
    private readonly longestMs = 4_000,
  ) {}

  /** Resolves when the blow's `strike` lets go; never, for a process that the blow ends. */
  join(member: M): Promise<void> {
    this.lastCame = Date.now();
    const gone = new Promise<void>((go) => this.waiting.push({ member, go }));
    this.busy ??= this.work().finally(() => (this.busy = undefined));
    return gone;
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const first = Date.now();
      this.lastCame = Math.max(this.lastCame, first);
      while (Date.now() - this.lastCame < this.quietMs && Date.now() - first < this.longestMs) await sleep(50);
      const together = this.waiting.splice(0);
      const release = (): void => together.forEach(({ go }) => go());
      await this.strike(
        together.map(({ member }) => member),
        release,
      );
      release();
    }
  }
}
