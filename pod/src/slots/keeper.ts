import { againLater } from '../clock.js';
import { reasonOf } from '../errors.js';
import { remember } from '../following/wanted.js';
import type { Log } from '../log.js';
import { readIfThere, writeAtomically } from '../state/disk.js';
import { opened, sealed } from '../state/sealed.js';
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

  /** A pod whose state file was lost or damaged runs its bootstrap model, until it hears what the channel names. */
  recover(): void {
    const { active, slots } = this.state.value;
    const installed = this.noted;
    if (active || slots.bootstrap || !installed) return;
    try {
      this.slots.whole('bootstrap', installed.checkpoint);
      this.state.change((state) => {
        state.slots.bootstrap = installed;
        state.active = 'bootstrap';
        remember(state, installed.version, 'the bootstrap model, for the state file is lost');
      });
    } catch (error) {
      this.log('not recovered', { why: reasonOf(error) });
    }
  }

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
      this.noteDown(installed);
      this.state.change((state) => void (state.slots.bootstrap = installed));
      this.log('bootstrap model kept', { version: installed.version });
    });
  }

  /** What the bootstrap slot holds, kept beside it: the state file may be lost. */
  private get note(): string {
    return this.slots.path('bootstrap', 'installed.json');
  }

  private get noted(): Installed | undefined {
    const bytes = readIfThere(this.note);
    return bytes && opened<Installed>(this.state.pod, bytes);
  }

  private noteDown(installed: Installed): void {
    if (JSON.stringify(this.noted) !== JSON.stringify(installed))
      writeAtomically(this.note, sealed(this.state.pod, installed));
  }

  private async isWhole(slot: SlotName): Promise<void> {
    const { active, slots } = this.state.value;
    const installed = slots[slot];
    if (installed && slot === 'bootstrap') this.noteDown(installed);
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
