import { againLater } from '../clock.js';
import { reasonOf } from '../errors.js';
import type { Log } from '../log.js';
import { SLOTS, type Installed, type SlotName, type StateFile } from '../state/state.js';
import { trustedManifest, type ChunkStore, type TrustedManifest } from '../updates/checkpoint.js';
import type { Trust } from '../updates/trust.js';
import type { Slots } from './slots.js';

/**
 * Sees that what does not run now is whole when it is needed. It is no part of what a pod has to do: what fails here is
 * logged and tried again after a while.
 */
export class Keeper {
  private readonly backoff = againLater();
  /** Slots that nobody has looked at since the start. */
  private readonly unseen = new Set<SlotName>(SLOTS);

  constructor(
    private readonly state: StateFile,
    private readonly slots: Slots,
    private readonly chunks: ChunkStore,
    private readonly trust: Trust,
    private readonly log: Log,
  ) {}

  /** Hashes every slot that does not run, once after a start, and fills again what is damaged. */
  async lookAfter(): Promise<void> {
    for (const slot of this.unseen)
      if (await this.tried(`look at slot ${slot}`, () => this.isWhole(slot))) this.unseen.delete(slot);
  }

  /**
   * The first official checkpoint that runs here becomes the bootstrap model. It stays, whatever comes later, until the
   * channel is rolled back to before it.
   *
   * @param installed  what runs, and has shown no fault
   */
  async keepFirst(installed: Installed | null): Promise<void> {
    const { slots, phase } = this.state.value;
    if (slots.bootstrap || phase !== 'following' || !installed || installed.release !== null) return;
    await this.tried('keep a bootstrap model', async () => {
      await this.slots.fill('bootstrap', this.slots.found('bootstrap', installed.checkpoint), this.chunks);
      this.state.change((state) => void (state.slots.bootstrap = installed));
      this.log('bootstrap model kept', { version: installed.version });
    });
  }

  private async isWhole(slot: SlotName): Promise<void> {
    const { active, slots } = this.state.value;
    const installed = slots[slot];
    if (!installed || slot === active) return; // what runs was looked at when it was started
    try {
      this.slots.whole(slot, installed.checkpoint);
    } catch (error) {
      this.log('slot damaged', { slot, why: reasonOf(error) });
      await this.slots.mend(slot, await this.manifestOf(slot, installed.checkpoint), this.chunks);
      this.log('slot mended', { slot });
    }
  }

  private async manifestOf(slot: SlotName, checkpoint: string): Promise<TrustedManifest> {
    try {
      return this.slots.found(slot, checkpoint);
    } catch {
      return trustedManifest(this.trust, checkpoint);
    }
  }

  private async tried(what: string, work: () => Promise<void>): Promise<boolean> {
    if (!this.backoff.isDue(what)) return false;
    try {
      await work();
    } catch (error) {
      this.backoff.failed(what);
      this.log('tried in vain', { what, why: reasonOf(error) });
      return false;
    }
    this.backoff.over(what);
    return true;
  }
}
